"""Every operator against the PyTorch module it names: shapes, tensors, multiply-adds, values."""

from __future__ import annotations

import re
from dataclasses import MISSING
from itertools import product
from math import prod, tanh
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from archdsl.ops import JOINTS, OPS, Op
from archdsl.pytext import flat
from archdsl.shapes import ChannelsLast, Misfit, Shape, window_span

pytestmark = pytest.mark.torch

MODULES = Path(__file__).parent.parent / "templates" / "modules"
BATCH = 2
thorough = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.filter_too_much]
)

# Where the language is stricter than PyTorch, and why.
STRICTER = {
    "works on a map": "PyTorch would take features for a map without a batch axis",
    "works on features": "a map is flattened first (language.md, section 7)",
    "a map with two axes": "PyTorch would take one axis for a map without a batch axis",
    "a probability lies": "in evaluation mode PyTorch does not look",
    "slice takes whole channels": "Python's own slice has no fractions",
    "do not lie within": "Python's slice would silently give fewer",
    "pad takes": "sides and the shortcut are two modules",
    "pad keeps the same pixels": "the shortcut has one stride",
    "cannot take": "padding takes no channels away",
    "padding leaves nothing of": "PyTorch goes on with an empty map",
    "sides leave nothing of": "PyTorch goes on with an empty map",
    "has no mode": "the modes are those of the input's rank",
    "has no 'same_tf' padding": "PyTorch's class has no such padding to be handed",
    "needs a": "PyTorch's constructor would be called without its argument",
    "not both": "one of the two would be ignored",
    "takes one of": "all but one would be ignored",
    "permute puts": "channels are first or last",
    "are first already": "PyTorch would reverse the axes again",
}


def support(name: str) -> type[nn.Module]:
    """A class that generated files bring along."""
    scope: dict[str, Any] = {"torch": torch, "nn": nn, "Tensor": Tensor}
    exec((MODULES / f"{name}.py").read_text(), scope)
    found: type[nn.Module] = scope[name]
    return found


class Labelled(nn.Module):
    """A parameter that bears a label itself, and multiplies what comes in."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.label = nn.Parameter(values)

    def forward(self, x: Tensor) -> Tensor:
        return self.label * x


def built(op: Op, shape: Shape) -> nn.Module:
    """The operator's module as generated code would construct it."""
    construct = op.module(shape)
    assert construct is not None
    callee = construct.callee
    if construct.times is not None:
        (each,) = construct.args
        sizes = map(int, each.form.format(each.value).split(", "))
        return Labelled(construct.times.value * torch.ones(*sizes))
    cls = getattr(nn, callee[3:]) if callee.startswith("nn.") else support(callee)
    kept = [a for a in construct.args if a.value != a.default]
    before = [a.name for a in construct.args if a.positional][: sum(a.positional for a in kept)]
    assert before == [a.name for a in kept if a.positional], "an argument would change its place"
    values = [a.value for a in kept if a.positional]
    module: nn.Module = cls(*values, **{a.name: a.value for a in kept if not a.positional})
    return module.eval()


def assert_agrees(op: Op, shape: Shape) -> None:
    """PyTorch's module has the predicted output, state and multiply-adds."""
    module = built(op, shape)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        out = module(torch.randn(BATCH, *shape.laid_out))
    assert out.shape == (BATCH, *op.shape(shape).laid_out)
    tensors = op.tensors(shape)
    state = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    assert list(state.items()) == [(t.name or "label", t.shape) for t in tensors]
    trained = {name for name, value in module.named_parameters() if value.requires_grad}
    assert trained == {t.name or "label" for t in tensors if t.role == "trainable"}
    assert counter.get_total_flops() == 2 * BATCH * op.macs(shape)


def made(name: str, rank: int, **arguments: Any) -> Op:
    """An operator whose sizes are spread over the axes, as the binder spreads them."""
    fields = {f.name: f for f in OPS[name].arguments().values()}
    spread = {
        field: (value,) * rank if isinstance(value, int) else value
        for field, f in fields.items()
        if f.metadata["kind"] in ("size", "padding")
        for value in [arguments.get(field, f.default)]
        if value is not MISSING
    }
    return OPS[name](**(arguments | spread))


# Arguments whose kind alone does not say what is sensible.
PARTICULAR: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("conv", "connect"): st.none(),
    ("gelu", "approximate"): st.sampled_from(["none", "tanh", "erf"]),
    ("permute", "to"): st.sampled_from(["first", "last", "end"]),
    ("slice", "start"): st.sampled_from([0, 1, 2, 0.5]),
    ("slice", "stop"): st.sampled_from([1, 2, 3, 4, 13]),
    ("upsample", "factor"): st.sampled_from([None, 0.5, 0.75, 1, 1.5, 2, 3]),
    ("upsample", "mode"): st.sampled_from(["nearest", "linear", "bilinear", "bicubic", "cubic"]),
}


def any_value(op: type[Op], field: Any, rank: int) -> st.SearchStrategy[Any]:
    """Values for a field of an operator, some of which will not fit."""
    if (op.name, field.name) in PARTICULAR:
        return PARTICULAR[op.name, field.name]
    words = sorted(value for name, value in op.words.values() if name == "pad")
    lists = st.integers(0, 2 * rank).flatmap(
        lambda n: st.tuples(*[st.integers(-2, 3)] * n) if n else st.none()
    )
    strategies: dict[str, st.SearchStrategy[Any]] = {
        "size": st.tuples(*[st.integers(0 if field.default == 0 else 1, 4)] * rank),
        "count": st.sampled_from([1, 2, 3, 4, 6]),
        "number": st.floats(0.01, 1.2),
        "flag": st.booleans(),
        "tensor": st.none(),
        "padding": st.sampled_from([*words, "same_tf"]) | st.tuples(*[st.integers(0, 3)] * rank)
        if field.name == "pad"
        else lists,
    }
    chosen = strategies[field.metadata["kind"]]
    return st.none() | chosen if field.default is None else chosen


@st.composite
def cases(draw: st.DrawFn, name: str) -> tuple[Op, Shape]:
    """An operator with arguments and a shape for it, fitting or not."""
    rank = draw(st.integers(0, 3))
    channels = draw(st.sampled_from([1, 2, 4, 6, 12]))
    shape = Shape((channels, *draw(st.tuples(*[st.integers(1, 7)] * rank))))
    fields = OPS[name].arguments().values()
    given_ones = [f for f in fields if f.default is MISSING or draw(st.booleans())]
    values = {f.name: draw(any_value(OPS[name], f, rank)) for f in given_ones}
    return made(name, rank, **values), shape


def fits(op: Op, shape: Shape) -> bool:
    """Whether the operator takes the shape."""
    try:
        op.shape(shape)
    except Misfit:
        return False
    return True


@pytest.mark.parametrize("name", OPS)
@thorough
@given(data=st.data())
def test_what_fits_is_what_pytorch_does(name: str, data: st.DataObject) -> None:
    op, shape = data.draw(cases(name))
    assume(fits(op, shape))
    assert_agrees(op, shape)


@pytest.mark.parametrize("name", OPS)
@thorough
@given(data=st.data())
def test_what_is_refused_pytorch_refuses(name: str, data: st.DataObject) -> None:
    op, shape = data.draw(cases(name))
    try:
        op.shape(shape)
    except Misfit as misfit:
        if not any(re.search(reason, misfit.clause) for reason in STRICTER):
            with pytest.raises((RuntimeError, ValueError)):
                built(op, shape)(torch.zeros(BATCH, *shape))


# A group's statistics come from the whole map, which no account of receptive fields counts.
@pytest.mark.parametrize("name", [name for name in OPS if name != "gn"])
@thorough
@given(data=st.data())
def test_an_output_sees_no_more_than_its_window(name: str, data: st.DataObject) -> None:
    op, shape = data.draw(cases(name))
    assume(fits(op, shape))
    x = torch.randn(1, *shape, requires_grad=True)
    out = built(op, shape)(x)
    if isinstance(op.shape(shape), ChannelsLast):
        out = out.movedim(-1, 1)
    place = tuple(data.draw(st.integers(0, size - 1)) for size in out.shape[2:])
    (gradient,) = torch.autograd.grad(pick(out[0], place).sum(), x)
    seen = gradient[0].abs().sum(0).nonzero()
    for axis, window in enumerate(op.windows(shape) or ()):
        places = [int(place) for place in seen[:, axis]]
        # Where the map is made finer, windows count the finer positions.
        seen_span = (max(places, default=0) - min(places, default=0)) * window.finer
        assert seen_span < window_span(window.kernel, window.dilation)


CORNERS: list[tuple[str, dict[str, Any], tuple[int, ...], tuple[int, ...]]] = [
    # Pools: the last window, the four ways to halve 112, overlapping and adaptive windows.
    ("maxpool", {"size": 3, "stride": 2, "pad": 1, "ceil": True}, (2, 7, 7), (2, 4, 4)),
    ("maxpool", {"size": 3, "stride": 2}, (2, 112, 112), (2, 55, 55)),
    ("maxpool", {"size": 3, "stride": 2, "ceil": True}, (2, 112, 112), (2, 56, 56)),
    ("maxpool", {"size": 3, "stride": 2, "ceil": True}, (2, 2, 2), (2, 1, 1)),
    ("maxpool", {"size": 3, "stride": 2, "pad": 1}, (2, 112, 112), (2, 56, 56)),
    ("maxpool", {"size": 3, "stride": 2, "pad": 1, "ceil": True}, (2, 112, 112), (2, 57, 57)),
    ("maxpool", {"size": 3, "stride": 1, "pad": 1, "ceil": True}, (2, 14, 14), (2, 14, 14)),
    ("maxpool", {"size": 2}, (2, 7, 3), (2, 3, 1)),
    ("maxpool", {"size": (1, 2), "stride": (1, 2)}, (2, 5, 8), (2, 5, 4)),
    ("maxpool", {"size": 3, "stride": 2, "ceil": True}, (2, 2, 2), (2, 1, 1)),
    ("maxpool", {"size": 3, "stride": 2, "pad": "same_tf"}, (2, 7, 8), (2, 4, 4)),
    ("maxpool", {"size": 2, "stride": 3, "pad": "same_tf", "ceil": True}, (2, 7, 8), (2, 3, 3)),
    ("maxpool", {"globally": True}, (2, 7, 5), (2, 1, 1)),
    ("avgpool", {"size": 3, "stride": 1, "pad": "same"}, (2, 5, 5), (2, 5, 5)),
    ("avgpool", {"size": 5, "stride": 3}, (2, 14, 14), (2, 4, 4)),
    ("avgpool", {"out": 6}, (2, 13, 5), (2, 6, 6)),
    ("avgpool", {"out": (7, 1)}, (2, 7, 7), (2, 7, 1)),
    ("avgpool", {"globally": True}, (2, 3, 4, 5), (2, 1, 1, 1)),
    # Convolutions: even, asymmetric and oversized kernels; groups; dilation; stride on 1x1.
    ("conv", {"size": 2, "channels": 4}, (2, 5, 5), (4, 6, 6)),
    ("conv", {"size": 4, "channels": 4, "stride": 4, "pad": "valid"}, (2, 8, 11), (4, 2, 2)),
    ("conv", {"size": 2, "channels": 4, "pad": "same_tf"}, (2, 28, 5), (4, 28, 5)),
    ("conv", {"size": (1, 7), "channels": 4}, (2, 17, 17), (4, 17, 17)),
    ("conv", {"size": (7, 1), "channels": 4, "pad": (3, 0)}, (2, 17, 17), (4, 17, 17)),
    ("conv", {"size": (1, 7), "channels": 4, "pad": 3}, (2, 17, 17), (4, 23, 17)),
    ("conv", {"size": 5, "channels": 4}, (2, 3, 3), (4, 3, 3)),
    ("conv", {"size": 5, "channels": 4, "pad": "same_tf"}, (2, 3, 3), (4, 3, 3)),
    ("conv", {"size": 3, "channels": 6, "groups": 3}, (3, 5, 5), (6, 5, 5)),
    ("conv", {"size": 3, "channels": 2, "dilation": 2}, (2, 9, 9), (2, 9, 9)),
    ("conv", {"size": 3, "channels": 2, "dilation": (1, 4), "pad": "valid"}, (2, 9, 9), (2, 7, 1)),
    ("conv", {"size": 1, "channels": 2, "stride": 2}, (2, 7, 8), (2, 4, 4)),
    ("conv", {"size": 3, "channels": 2, "bias": False}, (2, 9), (2, 9)),
    ("conv", {"size": 3, "channels": 2, "stride": 2, "pad": "same_tf"}, (2, 9), (2, 5)),
    ("conv", {"size": 3, "channels": 2, "stride": (1, 2, 2)}, (2, 4, 9, 8), (2, 4, 5, 4)),
    ("dwconv", {"size": 7, "mult": 8, "stride": 2}, (3, 14, 14), (24, 7, 7)),
    ("dwconv", {"size": 3, "stride": 2, "pad": "same_tf", "bias": False}, (4, 8, 7), (4, 4, 4)),
    ("convt", {"size": 2, "channels": 2, "stride": 2}, (4, 5, 7), (2, 10, 14)),
    ("convt", {"size": 3, "channels": 2, "stride": 2}, (4, 5, 5), (2, 11, 11)),
    ("convt", {"size": 3, "channels": 2, "stride": 2, "pad": "same"}, (4, 5, 5), (2, 9, 9)),
    (
        "convt",
        {"size": 3, "channels": 2, "stride": 2, "extra": 1, "pad": "same"},
        (4, 5, 5),
        (2, 10, 10),
    ),
    ("convt", {"size": 3, "channels": 4, "groups": 2, "dilation": 2}, (6, 5), (4, 9)),
    # The rest.
    ("pad", {"sides": (0, 1, 2, 3)}, (2, 5, 5), (2, 6, 10)),
    ("pad", {"sides": (-4,)}, (2, 64, 64), (2, 56, 56)),
    ("pad", {"channels": 8, "subsample": 2}, (4, 7, 8), (8, 4, 4)),
    ("ln", {}, (6,), (6,)),
    ("ln", {}, (6, 3, 4), (6, 3, 4)),
    ("bn", {}, (6,), (6,)),
    ("flatten", {}, (6, 3, 4), (72,)),
    ("scale", {"init": 1e-6, "bias": True}, (6, 3, 4), (6, 3, 4)),
    ("scale", {"fixed": 0.17}, (6, 3, 4), (6, 3, 4)),
    ("scale", {"init": 1e-6}, (6, 3, 4), (6, 3, 4)),
    ("upsample", {"factor": 1.5, "mode": "linear"}, (2, 3, 5), (2, 4, 7)),
    ("rbf", {"channels": 10}, (84,), (10,)),
]


@pytest.mark.parametrize(("name", "arguments", "shape", "expected"), CORNERS)
def test_corner(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    op = made(name, len(shape) - 1, **arguments)
    assert op.shape(Shape(shape)) == expected
    assert_agrees(op, Shape(shape))


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("conv", {"size": 5, "channels": 4, "pad": "valid"}, (2, 3, 3)),
        ("conv", {"size": 3, "channels": 4, "groups": 3}, (4, 5, 5)),
        ("maxpool", {"size": 3, "stride": 2}, (2, 2, 2)),
        ("maxpool", {"size": 2, "pad": 2}, (2, 8, 8)),
        ("convt", {"size": 3, "channels": 2, "stride": 2, "extra": 2}, (4, 5, 5)),
        ("gn", {"groups": 4}, (6, 5, 5)),
    ],
)
def test_refused_as_by_pytorch(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    op = made(name, len(shape) - 1, **arguments)
    with pytest.raises(Misfit):
        op.shape(Shape(shape))
    with pytest.raises((RuntimeError, ValueError)):
        built(op, Shape(shape))(torch.zeros(BATCH, *shape))


# Values, where PyTorch has no module of its own.


def same_taps(size: int, kernel: int, stride: int, dilation: int) -> list[dict[int, int]]:
    """TensorFlow's SAME on one axis: for each output, its kernel taps inside the map."""
    span = dilation * (kernel - 1) + 1
    before = max(span - (size % stride or stride), 0) // 2
    return [
        {k: at for k in range(kernel) if 0 <= (at := start - before + k * dilation) < size}
        for start in range(0, size, stride)
    ]


def pick(x: Tensor, at: tuple[int, ...]) -> Tensor:
    """The values at one position of the last axes."""
    for position in reversed(at):
        x = x[..., position]
    return x


def axes_of(data: st.DataObject) -> tuple[Shape, list[tuple[int, int, int]]]:
    """A small map, and kernel, stride and dilation of each of its axes."""
    rank = data.draw(st.integers(1, 3))
    spatial = data.draw(st.tuples(*[st.integers(1, 6)] * rank))
    window = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 2))
    return Shape((2, *spatial)), [data.draw(window) for _ in range(rank)]


@thorough
@given(data=st.data())
def test_same_tf_convolution_sums_the_taps_inside_the_map(data: st.DataObject) -> None:
    shape, axes = axes_of(data)
    size, stride, dilation = zip(*axes, strict=True)
    op = made("conv", shape.rank, size=size, channels=3, stride=stride, dilation=dilation,
              pad="same_tf", bias=False)  # fmt: skip
    module = built(op, shape).double()
    x = torch.randn(1, *shape, dtype=torch.float64)
    weight = module.get_parameter("weight")
    taps = [same_taps(n, *axis) for n, axis in zip(shape.spatial, axes, strict=True)]
    expected = torch.stack(
        [
            sum(
                (pick(weight, tap) @ pick(x[0], at) for tap, at in pairs(window)),
                start=torch.zeros(3, dtype=torch.float64),
            )
            for window in product(*taps)
        ],
        dim=1,
    )
    torch.testing.assert_close(module(x).flatten(2)[0], expected)


def pairs(window: tuple[dict[int, int], ...]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Tap and position in all axes, for each tap of a window."""
    combined = product(*(axis.items() for axis in window))
    return [(tuple(k for k, _ in each), tuple(at for _, at in each)) for each in combined]


@thorough
@given(data=st.data())
def test_same_tf_pool_looks_only_inside_the_map(data: st.DataObject) -> None:
    shape, axes = axes_of(data)
    op = made("maxpool", shape.rank, size=tuple(k for k, _, _ in axes),
              stride=tuple(s for _, s, _ in axes), pad="same_tf")  # fmt: skip
    x = torch.randn(1, *shape) - 10  # below zero, so that zeros of a padding would win
    taps = [same_taps(n, k, s, 1) for n, (k, s, _) in zip(shape.spatial, axes, strict=True)]
    expected = torch.stack(
        [
            torch.stack([pick(x[0], at) for _, at in pairs(window)]).amax(0)
            for window in product(*taps)
        ],
        dim=1,
    )
    torch.testing.assert_close(built(op, shape)(x).flatten(2)[0], expected)


C3 = (
    "0,1,2 1,2,3 2,3,4 3,4,5 4,5,0 5,0,1 0,1,2,3 1,2,3,4 2,3,4,5 3,4,5,0 4,5,0,1 5,0,1,2 "
    "0,1,3,4 1,2,4,5 2,3,5,0 0,1,2,3,4,5"
)


def dense(weight: Tensor, rows: list[list[int]], inputs: int) -> Tensor:
    """A connection table's kernels with zeros for the links that are missing."""
    full = weight.new_zeros(len(rows), inputs, *weight.shape[1:])
    kernels = iter(weight)
    for out, row in enumerate(rows):
        for source in row:
            full[out, source] = next(kernels)
    return full


def test_the_connections_of_lenet5() -> None:
    op = made("conv", 2, size=5, channels=16, pad="valid", connect=C3)
    shape = Shape((6, 14, 14))
    assert sum(prod(t.shape) for t in op.tensors(shape)) == 1516
    assert op.macs(shape) == 150_000
    assert_agrees(op, shape)


@thorough
@given(
    rows=st.lists(st.lists(st.integers(0, 3), min_size=1, unique=True), min_size=1, max_size=5),
    size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pad=st.sampled_from(["same", "valid"]) | st.tuples(st.integers(0, 2), st.integers(0, 2)),
)
def test_connected_convolution_is_a_dense_one_with_zeros(
    rows: list[list[int]], size: tuple[int, int], stride: tuple[int, int], pad: Any
) -> None:
    table = " ".join(",".join(map(str, row)) for row in rows)
    arguments = {"size": size, "channels": len(rows), "stride": stride, "pad": pad}
    shape = Shape((4, 6, 7))
    op = made("conv", 2, **arguments, connect=table)
    assert_agrees(op, shape)
    module, plain = built(op, shape), built(made("conv", 2, **arguments), shape)
    weight, bias = module.parameters()
    plain.load_state_dict({"weight": dense(weight.detach(), rows, 4), "bias": bias.detach() + 1})
    x = torch.randn(BATCH, *shape)
    torch.testing.assert_close(module(x) + 1, plain(x), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "arguments",
    [{"groups": 2}, {"dilation": 2}, {"bias": False}, {"pad": "same_tf"}, {"channels": 3}],
)
def test_a_connection_table_refuses_what_it_cannot_do(arguments: dict[str, Any]) -> None:
    given_ones: dict[str, Any] = {"size": 3, "channels": 2, "connect": "0,1 1"} | arguments
    with pytest.raises(Misfit, match="connection table"):
        made("conv", 2, **given_ones).shape(Shape((2, 8, 8)))


@given(a=st.floats(0.1, 2), b=st.floats(0.1, 2))
@settings(deadline=None, max_examples=20)
def test_scaled_tanh(a: float, b: float) -> None:
    module = built(made("tanh", 0, a=a, b=b), Shape((3,)))
    values = [-2.0, 0.0, 0.7]
    expected = [a * tanh(b * value) for value in values]
    assert module(torch.tensor(values)).tolist() == pytest.approx(expected, abs=1e-6)


def test_lenet5_squashes_one_to_one() -> None:
    module = built(made("tanh", 0, a=1.7159, b=2 / 3), Shape((1,)))
    assert module(torch.ones(1)).item() == pytest.approx(1, abs=1e-4)


def test_rbf_is_the_squared_distance_to_fixed_codes() -> None:
    op, shape = made("rbf", 0, channels=10), Shape((84,))
    module = built(op, shape)
    codes = module.get_buffer("codes")
    assert set(codes.flatten().tolist()) == {-1, 1}
    assert len(set(map(tuple, codes.tolist()))) == 10
    assert torch.equal(codes, built(op, shape).get_buffer("codes"))
    (out,) = module(codes[3:4])
    differing = [(code != codes[3]).sum().item() for code in codes]
    assert out.tolist() == [4 * bits for bits in differing]


def test_channel_norm_normalises_each_position() -> None:
    module = built(made("ln", 2, eps=1e-3), Shape((5, 2, 3)))
    nn.init.normal_(module.get_parameter("weight"))
    nn.init.normal_(module.get_parameter("bias"))
    x = torch.randn(BATCH, 5, 2, 3)
    mean, variance = x.mean(1, keepdim=True), x.var(1, keepdim=True, unbiased=False)
    weight, bias = (p[:, None, None] for p in module.parameters())
    torch.testing.assert_close(module(x), (x - mean) / (variance + 1e-3).sqrt() * weight + bias)


def test_scales() -> None:
    x = torch.randn(BATCH, 3, 2, 2)
    learned = built(made("scale", 2, init=0.5, bias=True), Shape((3, 2, 2)))
    nn.init.constant_(learned.get_parameter("bias"), 2.0)
    torch.testing.assert_close(learned(x), x / 2 + 2)
    torch.testing.assert_close(built(made("scale", 2, fixed=0.2), Shape((3, 2, 2)))(x), x / 5)


@pytest.mark.parametrize(("name", "arguments"), [("fc", {"channels": 4}), ("ln", {}), ("gelu", {}),
                                                 ("permute", {"to": "first"})])  # fmt: skip
@pytest.mark.parametrize("spatial", [(3,), (3, 5), (2, 3, 5)])
def test_operators_on_maps_with_channels_last(
    name: str, arguments: dict[str, Any], spatial: tuple[int, ...]
) -> None:
    op, shape = made(name, len(spatial), **arguments), ChannelsLast((6, *spatial))
    assert_agrees(op, shape)
    same = op.shape(shape)
    assert (same.spatial, type(same)) == (spatial, Shape if name == "permute" else ChannelsLast)


def test_a_map_with_channels_last_is_another_map() -> None:
    cube = Shape((4, 4, 4))
    assert cube != ChannelsLast(cube)
    assert len({cube, ChannelsLast(cube), ChannelsLast(cube)}) == 2
    x = torch.randn(BATCH, 3, 4, 5)
    there = built(made("permute", 2, to="last"), Shape((3, 4, 5)))(x)
    assert torch.equal(there, x.movedim(1, -1))
    back = built(made("permute", 2, to="first"), ChannelsLast((3, 4, 5)))(there)
    assert torch.equal(back, x)


def test_slice_takes_the_channels_in_order() -> None:
    x = torch.randn(BATCH, 5, 3)
    assert torch.equal(built(made("slice", 1, start=1, stop=4), Shape((5, 3)))(x), x[:, 1:4])


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_zero_pad_shortcut_appends_zero_channels(rank: int) -> None:
    shape = Shape((3, *(5,) * rank))
    x = torch.randn(BATCH, *shape)
    out = built(made("pad", rank, channels=7, subsample=2), shape)(x)
    kept = torch.stack([pick(x, at) for at in product((0, 2, 4), repeat=rank)], dim=2)
    assert torch.equal(out[:, :3].flatten(2), kept)
    assert out[:, 3:].abs().sum() == 0


def test_stochastic_depth_drops_whole_samples() -> None:
    module = built(made("droppath", 2, p=0.25), Shape((3, 2, 2)))
    x = torch.rand(4000, 3, 2, 2) + 1
    assert torch.equal(module(x), x)
    ratios = (module.train()(x) / x).flatten(1)
    assert torch.equal(ratios.amin(1), ratios.amax(1)) or ratios.std(1).max() < 1e-6
    alive = ratios[:, 0] > 0
    torch.testing.assert_close(ratios[alive], torch.full_like(ratios[alive], 4 / 3))
    assert 0.72 < alive.float().mean() < 0.78


def test_stochastic_depth_of_one_drops_everything() -> None:
    module = built(made("droppath", 0, p=1.0), Shape((3,))).train()
    assert module(torch.ones(8, 3)).tolist() == [[0.0] * 3] * 8


@pytest.mark.parametrize(("padcount", "corner"), [(True, 4 / 9), (False, 1.0)])
def test_averages_count_the_padding_or_not(padcount: bool, corner: float) -> None:
    op = made("avgpool", 2, size=3, stride=1, pad="same", padcount=padcount)
    out = built(op, Shape((1, 4, 4)))(torch.ones(1, 1, 4, 4))
    assert out[0, 0, 0, 0].item() == pytest.approx(corner)
    assert out[0, 0, 1, 1].item() == pytest.approx(1)


# Expressions, which generated code uses in place of modules.


def evaluated(op: Op, *shapes: Shape) -> Tensor:
    """The operator's expression over random tensors of the shapes."""
    names = [f"x{i}" for i in range(len(shapes))]
    expression = op.expression(names)
    assert expression is not None
    scope = {name: torch.randn(BATCH, *shape) for name, shape in zip(names, shapes, strict=True)}
    value: Tensor = eval(flat(expression), {"torch": torch, "nn": nn, **scope})
    return value


@pytest.mark.parametrize(
    ("op", "shapes"),
    [
        (JOINTS["|"](), [(2, 4, 4), (3, 4, 4), (1, 4, 4)]),
        (JOINTS["+"](), [(2, 4, 4), (2, 4, 4), (2, 4, 4)]),
        (JOINTS["*"](), [(2, 4, 5), (2, 1, 1)]),
        (JOINTS["*"](), [(1, 4, 5), (2, 4, 1), (2, 1, 1)]),
        (OPS["flatten"](), [(2, 4, 5)]),
        (made("upsample", 2, to="@y"), [(2, 4, 5), (3, 8, 7)]),
        (made("upsample", 2, to="@y", mode="linear"), [(2, 4, 5), (3, 8, 7)]),
        (made("upsample", 3, to="@y", mode="trilinear"), [(2, 4, 5, 2), (3, 8, 7, 5)]),
    ],
)
def test_expression_has_the_predicted_shape(op: Op, shapes: list[tuple[int, ...]]) -> None:
    given_ones = [Shape(shape) for shape in shapes]
    assert evaluated(op, *given_ones).shape == (BATCH, *op.shape(*given_ones))


@pytest.mark.parametrize("sign", JOINTS)
def test_a_joint_refuses_what_pytorch_refuses(sign: str) -> None:
    joint, shapes = JOINTS[sign](), (Shape((2, 4, 4)), Shape((2, 3, 4)))
    with pytest.raises(Misfit):
        joint.shape(*shapes)
    with pytest.raises(RuntimeError):
        evaluated(joint, *shapes)


# One use of each class that generated files bring along.
SUPPORTED: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("conv", {"size": 3, "channels": 4, "stride": 2, "pad": "same_tf"}, (2, 7)),
    ("conv", {"size": 3, "channels": 4, "stride": 2, "pad": "same_tf"}, (2, 7, 8)),
    ("conv", {"size": 3, "channels": 4, "stride": 2, "pad": "same_tf"}, (2, 5, 4, 6)),
    ("maxpool", {"size": 3, "stride": 2, "pad": "same_tf"}, (2, 7)),
    ("maxpool", {"size": 3, "stride": 2, "pad": "same_tf"}, (2, 7, 8)),
    ("maxpool", {"size": 3, "stride": 2, "pad": "same_tf"}, (2, 5, 4, 6)),
    ("conv", {"size": 3, "channels": 2, "connect": "0,1 1"}, (2, 7, 8)),
    ("tanh", {"a": 1.7159, "b": 2 / 3}, (4,)),
    ("rbf", {"channels": 10}, (84,)),
    ("ln", {}, (4, 3, 3)),
    ("scale", {"bias": True}, (4, 3, 3)),
    ("scale", {"fixed": 0.17}, (4, 3, 3)),
    ("droppath", {"p": 0.2}, (4, 3, 3)),
    ("slice", {"start": 1, "stop": 3}, (4, 3, 3)),
    ("permute", {"to": "last"}, (4, 3, 5)),
    ("pad", {"channels": 8, "subsample": 2}, (4, 7, 8)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "arguments", "shape"), SUPPORTED)
def test_support_classes_can_be_exported(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    module = built(made(name, len(shape) - 1, **arguments), Shape(shape))
    x = torch.randn(BATCH, *shape)
    batch = torch.export.Dim("batch", min=2)
    exported = torch.export.export(module, (x,), dynamic_shapes=({0: batch},))
    wider = torch.cat([x, x])
    torch.testing.assert_close(exported.module()(wider), module(wider))


def test_every_support_class_is_in_use() -> None:
    used = {
        construct.callee
        for name, arguments, shape in SUPPORTED
        if (construct := made(name, len(shape) - 1, **arguments).module(Shape(shape)))
    }
    rewritten = {"FusedConv2d"}  # of code for inference, which test_kernels exports
    assert used | rewritten == {path.stem for path in MODULES.glob("*.py")}
