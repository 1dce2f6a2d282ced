"""Sizes of input: against what the generated modules and torchvision's take when they are run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, note, settings
from published import PUBLISHED
from random_specs import specs
from test_random_networks import loaded
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from twins import on_meta, published

from archdsl.diagnostics import ArchError
from archdsl.graph import Network
from archdsl.naming import function_name
from archdsl.pipeline import compile, declared_in, expanded, network
from archdsl.sizes import sizes

pytestmark = pytest.mark.torch
Size = tuple[int, ...]
LARGEST = {1: 64, 2: 64, 3: 16}  # extents tried, by the number of axes
SEVERAL = [(1, 64), (64, 1), (7, 30), (30, 7), (16, 17), (33, 32), (5, 12), (8, 48), (2, 3)]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """The networks are too small for several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class NoBroadcast(TorchFunctionMode):
    """Refuses sums of maps of different shapes, which torch broadcasts and a spec does not mean."""

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if getattr(function, "__name__", "") in ("add", "__add__"):
            maps = [x for x in args if isinstance(x, Tensor) and not isinstance(x, nn.Parameter)]
            if len({x.shape for x in maps}) > 1:
                raise RuntimeError("a sum of different shapes")
        return function(*args, **(kwargs or {}))


def takes(model: nn.Module, made: Network, size: Size, device: str = "cpu") -> bool:
    """Whether a module can be run at a size, and returns what the spec means."""
    own = next(node.shape.spatial for node in made.inputs if node.shape.rank)
    shapes = [
        (node.shape.channels, *(size if node.shape.spatial == own else node.shape.spatial))
        for node in made.inputs
    ]
    inputs = [torch.zeros(2, *shape, device=device) for shape in shapes]
    try:
        with torch.no_grad(), NoBroadcast():
            model(*inputs)
    except (RuntimeError, ValueError):
        return False
    return True


def compare(text: str) -> None:
    """A spec's sizes, and those that its module takes."""
    declared = declared_in(text)
    made = expanded(declared)
    name = function_name(made.name)
    model = getattr(loaded(compile(declared), name), name)().eval()
    found = sizes(made)
    rank = len(found.own)
    accepted = set(found.equal.accepted.up_to(LARGEST[rank]))
    numbers = range(1, LARGEST[rank] + 1)
    assert {n for n in numbers if takes(model, made, (n,) * rank)} == accepted
    if rank == 2:
        for line, i in zip(found.along, range(rank), strict=True):
            for n in (1, 2, 3, 5, 8, 9, 16, 31, 64):
                size = tuple(n if i == axis else own for axis, own in enumerate(found.own))
                assert takes(model, made, size) == (n in line.accepted), size
        for size in SEVERAL if found.apart else ():
            fits = all(n in line.accepted for n, line in zip(size, found.along, strict=True))
            assert takes(model, made, size) == fits, size


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=int(os.environ.get("ARCHDSL_EXAMPLES", "12")),
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)
@given(specs())
def test_random_modules(text: str) -> None:
    note(text)
    try:
        expanded(declared_in(text))
    except ArchError:
        assume(False)
    compare(text)


@pytest.mark.parametrize(
    "body",
    [
        "input 3x8x8\nmaxpool 2x2 > flatten > fc 5",
        "input 3x12x20\nconv 5x3/2 4 valid > avgpool 3x3/2 > flatten > fc 5 > relu > fc 2",
        "input 3x12x12\nmaxpool 3x3/2 ceil > conv 3x3/2 6 same_tf > flatten > bn > fc 3",
        "input 3x16x16\n[ conv 3x3/2 4 > flatten | maxpool 4x4 > flatten ] > fc 3",
        "input 3x16x16\na: maxpool 2x2 > maxpool 2x2\n[ upsample 2 | @a ] > conv 3x3 4 valid",
        "input 3x16x16\na: conv 3x3 4\nconv 3x3/2 4 > convt 3x3/2 4 same extra=1 > [ relu + @a ]",
        "input 3x16x16\na: conv 3x3 4\nconv 3x3/4 4 > upsample to=@a mode=linear > [ relu + @a ]",
        "input 3x9x9\n[ conv 3x3/2 3 + maxpool 2x2 ceil ] > pad channels=6 subsample=2",
        "input 3x9x9\n[ conv 3x3/4 3 * avgpool out=3x3 ] > avgpool 2x2/1 > flatten > fc 2",
        "input 3x32\nconv 9/3 4 valid > upsample 1.5 > conv 3 4 dilation=3 valid > flatten > fc 3",
    ],
)
def test_small_modules(body: str) -> None:
    compare(f"network test\n{body}\n")


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("build", [published, on_meta])
def test_the_smallest_sizes_of_torchvisions_and_ours(
    name: str, build: Callable[[str], nn.Module]
) -> None:
    made = network(name)
    model = build(name).eval()
    for axis, least in enumerate(sizes(made).least):
        assert least is not None
        for n in (least - 1, least):
            size = (n, 224) if axis == 0 else (224, n)
            assert takes(model, made, size, "meta") == (n == least), size
