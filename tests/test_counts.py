"""Costs as fvcore, ptflops and torchinfo count them: the tools themselves say how much it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from families import FAST
from hypothesis import HealthCheck, assume, given, settings
from random_specs import specs

import archdsl
from archdsl.pipeline import counted

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
for tool in ("fvcore", "ptflops", "torchinfo"):
    pytest.importorskip(tool)
OTHERS = """
    googlenet@torchvision resnet50 resnet20 densenet40_k12 seresnet50 inception_v3
    mobilenet_v3_small efficientnet_b0 shufflenet_v1_g3 regnet_y_400mf convnext_tiny
""".split()
LARGEST = 60_000  # elements of a sample's tensor
Module = Any


def by_fvcore(model: Module, inputs: tuple[Any, ...]) -> int:
    from fvcore.nn import FlopCountAnalysis

    return int(FlopCountAnalysis(model, inputs).unsupported_ops_warnings(False).total())


def by_ptflops(model: Module, inputs: tuple[Any, ...]) -> int:
    from ptflops import get_model_complexity_info

    names = model.forward.__code__.co_varnames[1:]
    batch = dict(zip(names, inputs, strict=False))
    found, _ = get_model_complexity_info(
        model,
        (1,),
        input_constructor=lambda _: batch,
        print_per_layer_stat=False,
        as_strings=False,
    )
    return int(found)


def by_torchinfo(model: Module, inputs: tuple[Any, ...]) -> int:
    from torchinfo import summary

    return int(summary(model, input_data=inputs, verbose=0).total_mult_adds)


TOOLS: dict[str, Callable[[Module, tuple[Any, ...]], int]] = {
    "fvcore": by_fvcore,
    "ptflops": by_ptflops,
    "torchinfo": by_torchinfo,
}


def told(network: archdsl.Architecture) -> dict[str, int]:
    """What the tools say of a network's generated code."""
    logging.disable(logging.WARNING)
    placed = network.network.devices
    model = network.module(**({"devices": ["cpu"] * placed} if placed else {})).eval()
    inputs = tuple(torch.zeros(1, *node.shape) for node in network.network.inputs)
    try:
        return {tool: count(model, inputs) for tool, count in TOOLS.items()}
    finally:
        logging.disable(logging.NOTSET)


def predicted(network: archdsl.Architecture) -> dict[str, int]:
    """The same without them."""
    return {tool: counted(network.network, tool).macs for tool in TOOLS}


@pytest.mark.parametrize("name", [*FAST, *OTHERS])
def test_a_shipped_network_costs_what_the_tools_say(name: str) -> None:
    network = archdsl.load(name)
    assert predicted(network) == told(network)


BODIES = [
    # what only some tools count, and what they see in it
    *(
        f"input 4x6x6\n{op}"
        for op in (
            "relu relu6 leaky elu selu silu mish sigmoid hardswish hardsigmoid softplus gelu prelu "
            "tanh softmax bn ln"
        ).split()
    ),
    "input 4x6x6\nprelu shared > tanh 1.7 0.6 > gelu tanh > gn 2 > lrn 3",
    "input 4x9\nlrn 4 > bn > maxpool 2 > avgpool global",
    "input 4x5x6x7\nlrn 2 > bn > avgpool 2x2x2 > maxpool global",
    "input 4x6x6\nmaxpool 2x2 ceil > avgpool 2x2 same > avgpool out=2x3 > maxpool global",
    "input 4x7x7\nmaxpool 3x3/2 same_tf > conv 3x3/2 8 same_tf > dwconv 3x3",
    "input 4x7\nconv 3 6 groups=2 nobias > convt 3/2 5",
    "input 4x3x4x5\nconv 3x3x3 6 > convt 2x2x2/2 4 nobias > avgpool global",
    "input 4x7x8\nconvt 3x3/2 6 groups=2 > conv 3x3 8 dilation=2",
    "input 2x6x6\nconv 3x3 3 connect=\"0 1 0,1\" > flatten > fc 5 > bn > ln > fc 3 nobias > rbf 2",
    "input 4x6x6\nscale 0.5 bias > scale fixed=0.3 > shuffle 2 > slice 0 2 > pad 1",
    "input 4x6x6\nupsample 2 > upsample 2 mode=linear > upsample 2 mode=bicubic",
    "input 4x5\nupsample 2 > upsample 2 mode=linear",
    "input 2x3x4x5\nupsample 2 > upsample 2 mode=linear",
    "input 4x6x6\na: relu > maxpool 2x2\n[ upsample to=@a | @a ] > maxpool 2x2\n"
    "[ upsample to=@a mode=linear > slice 0 4 + @a ]",
    "input 4x6x6\nb: input 4x6x6\n[ conv 3x3 4 * @b ]\n[ identity + @b ]\ndropout > droppath 0.1",
    "input 4x6x6\nresidual<basic/2 8x2> > se 4 > mbconv(3x3, 8, 6) > flatten\naux<fc 3> > fc 2",
]  # fmt: skip
NAMED = {
    "what leads nowhere": "network n\n  input 4x8x8\n  a: conv 3x3 4\n  bn > relu > conv 3x3 4\n"
    "  b: bn\n  [ @a | upsample to=@b ]\n  conv 3x3 4 > bn > relu\n  @a\n",
    "a relu that is a function": "block unit(c) = conv 3x3 c > relu\nnetwork n\n  input 3x8x8\n"
    "  unit 4 > unit 8\n",
    "other functions": "block unit(c, act=relu) = conv 3x3 c > act\nnetwork n\n  input 3x8x8\n"
    "  unit 4 relu6 > unit 4 relu > unit 8 silu > unit 8 sigmoid > unit 8 selu\n",
}


@pytest.mark.parametrize("text", [*BODIES, *NAMED.values()], ids=[*BODIES, *NAMED])
def test_an_operator_costs_what_the_tools_say(text: str) -> None:
    network = archdsl.loads(text if "network" in text else f"network test\n{text}\n")
    assert predicted(network) == told(network)


@pytest.mark.slow
@given(specs())
@settings(deadline=None, max_examples=60, suppress_health_check=[*HealthCheck])
def test_a_random_network_costs_what_the_tools_say(text: str) -> None:
    try:
        network = archdsl.loads(text)
    except archdsl.ArchError:
        assume(False)
        raise
    assume(max(node.shape.elements for node in network.network.nodes) <= LARGEST)
    assert predicted(network) == told(network)
