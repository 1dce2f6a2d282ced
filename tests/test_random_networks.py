"""Random networks: generated code against an interpreter that walks the graph node by node."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st
from interpreter import run
from random_specs import specs
from torch import Tensor, nn

from archdsl.diagnostics import ArchError
from archdsl.graph import Network
from archdsl.measure import measure
from archdsl.modules import DeclaredNetwork
from archdsl.naming import function_name
from archdsl.pipeline import compile, declared_in, expanded
from archdsl.runtime.module import imported

pytestmark = [pytest.mark.torch, pytest.mark.slow]

BATCH = 2
LARGEST = 60_000  # elements of a sample's tensor
EXAMPLES = int(os.environ.get("ARCHDSL_EXAMPLES", "150"))
thorough = settings(
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """The networks are too small for several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass
class Made:
    """A network with the code that was generated for it."""

    declared: DeclaredNetwork
    network: Network
    source: str

    def factory(self, source: str | None = None) -> Any:
        """The function of the generated file that builds the network."""
        name = function_name(self.network.name)
        return getattr(loaded(source or self.source, name), name)

    def inputs(self) -> list[Tensor]:
        torch.manual_seed(1)
        return [
            torch.randn(BATCH, *node.shape, dtype=torch.float64) for node in self.network.inputs
        ]


def loaded(source: str, name: str) -> ModuleType:
    """The source as a module, which is not kept."""
    module = imported(source, name)
    del sys.modules[module.__name__]
    return module


def made(text: str, settings: Mapping[str, Any] | None = None) -> Made:
    """The network of a text; what is refused or too large is not looked at."""
    try:
        declared = declared_in(text)
        network = expanded(declared, settings or {})
    except ArchError:
        assume(False)
        raise
    assume(max(node.shape.elements for node in network.nodes) <= LARGEST)
    return Made(declared, network, compile(declared, settings or {}))


def filled(model: nn.Module) -> nn.Module:
    """The model in double precision, with weights and statistics that are all different."""
    torch.manual_seed(2)
    for name, tensor in model.double().state_dict().items():
        if tensor.is_floating_point() and "codes" not in name:
            tensor.normal_(0, 0.3)
            if name.endswith("running_var"):
                tensor.abs_().add_(0.5)
    return model


def outputs(found: Any) -> tuple[Tensor, ...]:
    """What a network returns, one or several."""
    return (found,) if isinstance(found, Tensor) else tuple(found)


def assert_equals(model: nn.Module, network: Network, inputs: list[Tensor]) -> None:
    """In evaluation the model gives what the interpreter gives, bit for bit."""
    expected = run(network, model.state_dict(), inputs)
    with torch.no_grad():
        found = outputs(model.eval()(*[x.clone() for x in inputs]))
    assert len(found) == len(network.outputs)
    for tensor, output in zip(found, network.outputs, strict=True):
        assert tensor.shape == (BATCH, *network.nodes[output.node].shape)
        assert same(tensor, expected[output.node])


def same(found: Tensor, expected: Tensor) -> bool:
    """Equal bit for bit; a value that is not a number equals itself."""
    return bool(((found == expected) | (found.isnan() & expected.isnan())).all())


def gradients(model: nn.Module, inputs: list[Tensor]) -> tuple[list[Tensor], list[Tensor | None]]:
    """The outputs, and the gradients of weights and inputs."""
    torch.manual_seed(3)
    leaves = [x.clone().requires_grad_() for x in inputs]
    found = outputs(model(*leaves))
    # Kept apart from the graph, so that what overwrites an output later is seen.
    sum((tensor * torch.randn_like(tensor)).sum() for tensor in found).backward()  # type: ignore[union-attr]
    assert all(torch.equal(leaf, x) for leaf, x in zip(leaves, inputs, strict=True))
    grads = [parameter.grad for parameter in model.parameters()]
    return [tensor.detach() for tensor in found], [*grads, *(leaf.grad for leaf in leaves)]


def assert_same_gradients(first: nn.Module, second: nn.Module, inputs: list[Tensor]) -> None:
    """Overwriting changes no value and no gradient.

    Not to the last bit: some backward passes compute from the output, and a tensor that was not
    made anew keeps strides for which torch may choose another kernel.
    """
    a, grads_a = gradients(first, inputs)
    b, grads_b = gradients(second, inputs)
    for x, y in zip([*a, *grads_a], [*b, *grads_b], strict=True):
        assert (x is None) == (y is None)
        if x is not None and y is not None:
            torch.testing.assert_close(x, y, rtol=1e-9, atol=1e-9, equal_nan=True)


def predicted(network: Network) -> list[tuple[str, tuple[int, ...]]]:
    return list(network.state().items())


def state(model: nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    return [(key, tuple(value.shape)) for key, value in model.state_dict().items()]


def dump(source: str) -> None:
    """Keep the source for linters, if asked to."""
    if (folder := os.environ.get("ARCHDSL_DUMP")) is not None:
        with open(f"{folder}/net_{abs(hash(source)):x}.py", "w") as file:
            file.write(source)


def check_values(text: str) -> None:
    m = made(text)
    note(m.source)
    dump(m.source)
    model = filled(m.factory()())
    assert state(model) == predicted(m.network)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == measure(m.network).params_with_heads
    assert_equals(model, m.network, m.inputs())


def check_overwriting(text: str) -> None:
    m = made(text)
    note(m.source)
    if "inplace=True" not in m.source:
        return
    plain = m.source.replace("inplace=True", "inplace=False")
    first, second = filled(m.factory()()), filled(m.factory(plain)())
    for training in (False, True):
        assert_same_gradients(first.train(training), second.train(training), m.inputs())


def check_parameters(text: str, value: int) -> None:
    m = made(text)
    note(m.source)
    factory = m.factory()
    for name, parameter in inspect.signature(factory).parameters.items():
        setting = name.rstrip("_")
        if setting == "devices":
            continue
        assert parameter.default == {"classes": 6, "width": 8}[setting]
        try:
            network = expanded(m.declared, {setting: value})
        except ArchError:
            continue
        model = filled(factory(**{name: value}))
        assert state(model) == predicted(network)
        if max(node.shape.elements for node in network.nodes) <= LARGEST:
            assert_equals(model, network, m.inputs())


@thorough
@given(specs())
def test_code_computes_what_the_graph_says(text: str) -> None:
    note(text)
    check_values(text)


@thorough
@given(specs())
def test_overwriting_changes_nothing(text: str) -> None:
    note(text)
    check_overwriting(text)


@thorough
@given(specs(), st.sampled_from([1, 2, 3, 4, 5, 8, 12, 16, 24, 48]))
def test_parameters_of_the_factory_are_those_of_the_spec(text: str, value: int) -> None:
    note(text)
    check_parameters(text, value)
