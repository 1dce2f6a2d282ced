"""What maps see of the input: against the inputs that really matter, and published figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, floor

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from published import PUBLISHED

from archdsl.diagnostics import ArchError
from archdsl.field import Reach, fields
from archdsl.graph import Network
from archdsl.ops import Window
from archdsl.pipeline import declared_in, expanded, network

Make = Callable[[str], Network]

# network: receptive field and stride of each convolution and pool in turn
ALONG = {
    "alexnet": [(11, 4), (19, 8), (51, 8), (67, 16), (99, 16), (131, 16), (163, 16), (195, 32)],
    "vgg16": [(3, 1), (5, 1), (6, 2), (10, 2), (14, 2), (16, 4), (24, 4), (32, 4), (40, 4),
              (44, 8), (60, 8), (76, 8), (92, 8), (100, 16), (132, 16), (164, 16), (196, 16),
              (212, 32)],
    "lenet5": [(5, 1), (6, 2), (14, 2), (16, 4), (32, 4)],
    "strided3": [(3, 2), (7, 4), (15, 8)],
}  # fmt: skip


@pytest.mark.parametrize("name", ALONG)
def test_along_the_networks_of_the_lecture(name: str) -> None:
    net = network(name)
    sliding = [f for f in fields(net) if net.nodes[f.node].op.family in ("conv", "pool")]
    for axis in (0, 1):
        found = [(f.axes[axis].extent, f.axes[axis].stride) for f in sliding if f.axes]
        assert found[: len(ALONG[name])] == ALONG[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_last_maps_of_torchvision(name: str) -> None:
    facts = PUBLISHED[name]
    last = [f for f in fields(network(name)) if f.axes][-1]
    assert list(last.extents) == facts["receptive_field"]
    assert [reach.stride for reach in last.axes] == facts["output_stride"]


def test_branches_and_places_by_hand(made: Make) -> None:
    found = fields(
        made("""
        input 3x16x16
        conv 5x3/2 4
        [ conv 1x1 4 | conv 3x3 4 dilation=2 | maxpool 3x3/1 same ]
        [ identity * avgpool global > conv 1x1 _ > sigmoid ]
        avgpool global""")
    )
    entry, first, *_, gone = found
    join, gated = (f for f in found if len(f.branches) > 1 or f.path.startswith("multiply"))
    assert first.axes == (Reach(-2, 2, 2), Reach(-1, 1, 2))
    assert entry.axes == (Reach(0, 0, 1), Reach(0, 0, 1))
    assert join.axes == (Reach(-6, 6, 2), Reach(-5, 5, 2))
    assert [reach.centre for reach in join.axes] == [0, 0]
    assert (join.smallest, join.extents, join.largest) == ((5, 3), (13, 11), (13, 11))
    assert (gated.axes, gated.smallest) == (join.axes, (13, 11))
    assert (gone.axes, gone.branches, gone.extents) == ((), (), ())


def test_even_windows_look_to_the_right(made: Make) -> None:
    (_, pool, conv) = fields(made("input 1x16\nmaxpool 2\nconv 3 1"))
    assert pool.axes[0].centre == 0.5
    assert conv.axes == (Reach(-2, 3, 2),)
    assert conv.axes[0].centre == 0.5


# ---- against what matters: torch -------------------------------------------------------------

SMALLER = ("maxpool 2x2", "maxpool 3x3/2 same", "maxpool 3x3/2 ceil", "avgpool 2x2",
           "avgpool 3x3/2 same", "conv 3x3/2 4", "conv 2x2/2 4 valid", "conv 4x4/3 4",
           "conv 3x3/2 4 same_tf", "conv 1x1/2 4", "maxpool 2x2 same_tf", "pad subsample=2",
           "dwconv 5x5/2")  # fmt: skip
STILL = ("conv 3x3 4", "conv 5x5 8 groups=2", "conv 3x3 4 dilation=2", "dwconv 3x3",
         "conv 1x1 4", "maxpool 3x3/1 same", "conv 3x1 4", "conv 1x5 4", "relu", "shuffle 2",
         "convt 3x3 4 same", "conv 3x3 4 dilation=3", "identity")  # fmt: skip
OTHER = ("conv 3x3 4 valid", "conv 2x2 4", "pad 1", "pad 0x2", "conv 4x4 4", "convt 3x3 4",
         "convt 2x2 4 dilation=2")  # fmt: skip
FINER = ("convt 2x2/2 4", "convt 4x4/2 4 pad=1", "convt 3x3/2 4 pad=1 extra=1", "upsample 2",
         "upsample 2 mode=linear", "upsample 1.5", "pixelshuffle 2", "avgpool out=4x4")  # fmt: skip


@st.composite
def bodies(draw: Callable[[st.SearchStrategy[str]], str]) -> str:
    """Lines of a network of windows, branches and gates."""

    def chain(options: tuple[str, ...], most: int) -> str:
        count = int(draw(st.sampled_from([str(n) for n in range(1, most + 1)])))
        return " > ".join(draw(st.sampled_from(options)) for _ in range(count))

    def line() -> str:
        match draw(st.sampled_from(["one", "one", "one", "cat", "cat", "add", "gate", "skip"])):
            case "cat":
                return f"[ {chain(STILL, 2)} | {chain(STILL, 3)} | identity ]"
            case "add":
                return f"[ {chain(STILL, 2)} > conv 1x1 8 + {chain(STILL, 2)} > conv 1x1 8 ]"
            case "gate":
                return "[ identity * avgpool global > conv 1x1 _ ]"
            case "skip":
                return f"[ {chain(SMALLER, 1)} > {chain(STILL, 2)} + conv 1x1/_ _ ]"
        return chain((*SMALLER, *STILL, *OTHER, *FINER), 2)

    size = draw(st.sampled_from(["16x16", "13x17", "20x12"]))
    return "\n".join([f"input 4x{size}", *(line() for _ in range(4))])


@pytest.mark.torch
@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(bodies())
def test_maps_see_what_matters_to_them(body: str) -> None:
    try:
        net = expanded(declared_in(f"network test\n{body}"))
    except ArchError:
        assume(False)
        raise
    blurred = behind(net, lambda window: window.finer != 1)
    uneven = behind(net, lambda window: window.adaptive)
    for axis in (0, 1):
        rows = net.inputs[0].shape.spatial[axis]
        matters = influences(net, axis)
        for found in fields(net):
            if found.axes and found.node not in uneven:
                assert_sees(found.axes[axis], matters[found.node], rows, found.node in blurred)


def assert_sees(reach: Reach, matters: list[list[int]], rows: int, blurred: bool) -> None:
    """Within the input all and nothing else of the reach matters; at its rim, or blurred, less."""
    for p, places in enumerate(matters):
        low, high = ceil(reach.low + p * reach.stride), floor(reach.high + p * reach.stride)
        assert all(low <= place <= high for place in places)
        if low >= 0 and high < rows and not blurred:
            assert (min(places), max(places)) == (low, high)


def behind(net: Network, asked: Callable[[Window], bool]) -> set[int]:
    """The nodes that a window of some kind leads to."""
    found: set[int] = set()
    for node in net.nodes:
        windows = (node.op.windows(*net.input_shapes(node)) if node.inputs else None) or ()
        if found & {*node.inputs} or any(map(asked, windows)):
            found.add(node.index)
    return found


def influences(net: Network, axis: int) -> list[list[list[int]]]:
    """For each node and position along an axis, the input positions that its values depend on.

    With weights above zero and without biases, the response to an input that is zero but in one
    row is zero where the gradient for that row is: nothing cancels.
    """
    import torch
    from interpreter import run

    torch.manual_seed(0)
    state = {
        key: torch.zeros(shape) if key.endswith("bias") else torch.rand(shape) + 0.5
        for key, shape in net.state().items()
    }
    (entry,) = net.inputs
    rows = entry.shape.spatial[axis]
    x = torch.zeros(rows, *entry.shape)
    for row in range(rows):
        x[row].select(axis + 1, row).fill_(1)
    with torch.no_grad():
        made = run(net, {key: value.double() for key, value in state.items()}, [x.double()])
    return [list(seen(value, axis, rows)) for value in made]


def seen(value: object, axis: int, rows: int) -> Iterator[list[int]]:
    """The rows that each position of a map answers to."""
    answers = (value != 0).movedim(axis + 2, 0).flatten(2).any(2).tolist()  # type: ignore[attr-defined]
    for position in answers:
        yield [row for row in range(rows) if position[row]]
