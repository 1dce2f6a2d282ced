"""Random networks rewritten for inference: passes alone and together keep the outputs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st
from random_specs import foldable_specs as specs
from test_random_networks import EXAMPLES, filled, loaded, made, outputs, thorough
from torch import nn

from archdsl.measure import measure
from archdsl.naming import function_name
from archdsl.passes import PASSES, rewrite
from archdsl.pipeline import compile_inference

pytestmark = [pytest.mark.torch, pytest.mark.slow]
brief = settings(thorough, max_examples=max(1, EXAMPLES // 3))


@pytest.fixture(autouse=True, scope="module")
def doubles() -> Iterator[None]:
    """Networks are built in double precision, on one thread since they are small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)


def check(text: str, passes: list[str] | None) -> None:
    m = made(text)
    source = compile_inference(m.declared, {}, None, passes)
    note(source)
    trained = filled(m.factory()()).eval()
    name = function_name(m.network.name)
    model = loaded(source, name).from_trained(trained.state_dict())
    rewritten, _ = rewrite(m.network, passes)
    assert_predicted(model, rewritten.network)
    with torch.inference_mode():
        expected = outputs(trained(*m.inputs()))
        found = outputs(model(*m.inputs()))
    assert len(found) == len(expected)
    for tensor, wanted in zip(found, expected, strict=True):
        assume(wanted.isfinite().all())
        scale = float(wanted.abs().max()) + 1
        torch.testing.assert_close(tensor, wanted, rtol=1e-7, atol=1e-9 * scale)


def assert_predicted(model: nn.Module, network: object) -> None:
    """Keys, shapes and counts of a rewritten network are those of its code."""
    state = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    assert state == network.state()  # type: ignore[attr-defined]
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == measure(network).params_with_heads  # type: ignore[arg-type]


@brief
@given(specs())
def test_all_passes_keep_the_outputs(text: str) -> None:
    note(text)
    check(text, None)


@brief
@given(specs(), st.sampled_from([each.name for each in PASSES]))
def test_each_pass_alone_keeps_the_outputs(text: str, name: str) -> None:
    note(f"{name}\n{text}")
    check(text, [name])


@brief
@given(specs(), st.lists(st.sampled_from([each.name for each in PASSES]), unique=True))
def test_any_passes_keep_the_outputs(text: str, names: list[str]) -> None:
    note(f"{names}\n{text}")
    check(text, names)
