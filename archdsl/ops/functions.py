"""What PyTorch's functions do, as operators on the tensors that they are given.

A function of this file is called like PyTorch's of its name, with `make` before the rest: it adds
an operator, where it has weights under the `path` that bears them, and answers what comes out.
Some are only one half of something: between the halves of a shuffle a tensor is `Grouped`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Protocol

from archdsl.ops.joins import Add, Concat, Multiply
from archdsl.ops.layout import Fc, Flatten, Permute, Shuffle, Slice, Upsample
from archdsl.ops.pointwise import BatchNorm, Scale
from archdsl.ops.pools import AvgPool
from archdsl.ops.reading import Foreign, Unreadable, read
from archdsl.shapes import ChannelsLast, Shape


class Value(Protocol):
    """A tensor of a network."""

    shape: Shape


@dataclass(frozen=True)
class Weight:
    """A parameter or buffer, by its name in the state_dict; `value` where all elements agree."""

    name: str
    shape: tuple[int, ...]
    value: float | None = None


@dataclass(frozen=True)
class Constant:
    """A tensor that comes neither of the input nor of the state_dict."""


@dataclass(frozen=True)
class Grouped:
    """A tensor with its channels as two axes: groups and what is in each, or `swapped`."""

    of: Value
    groups: int
    swapped: bool = False


class Extents(tuple[int, ...]):
    """The extents of a tensor, that know whose they are."""

    of: Any

    def __new__(cls, sizes: Iterable[int], of: Any) -> Extents:
        made = super().__new__(cls, sizes)
        made.of = of
        return made

    def numel(self) -> int:
        return prod(self)


Made = Value | Grouped
Make = Callable[..., Value]
# The arguments behind the tensor of functions that are modules as well, in PyTorch's order; N
# stands for the number of axes.
SIGNATURES = {
    "relu": "inplace",
    "relu6": "inplace",
    "selu": "inplace",
    "silu": "inplace",
    "mish": "inplace",
    "hardswish": "inplace",
    "hardsigmoid": "inplace",
    "sigmoid": "",
    "tanh": "",
    "leaky_relu": "negative_slope inplace",
    "elu": "alpha inplace",
    "gelu": "approximate",
    "softmax": "dim",
    "softplus": "beta",
    "max_poolNd": "kernel_size stride padding dilation ceil_mode return_indices",
    "avg_poolNd": "kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "adaptive_avg_poolNd": "output_size",
    "adaptive_max_poolNd": "output_size",
    "dropout": "p training inplace",
    "dropoutNd": "p training inplace",
    "local_response_norm": "size alpha beta k",
    "pixel_shuffle": "upscale_factor",
    "channel_shuffle": "groups",
    "interpolate": "size scale_factor mode align_corners recompute_scale_factor antialias",
}


def applied(make: Make, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What a function makes; raises Unreadable."""
    if name in FUNCTIONS:
        try:
            return FUNCTIONS[name](make, *args, **kwargs)
        except TypeError:
            raise Unreadable(f"{name}() with these arguments") from None
    names = SIGNATURES.get(re.sub(r"[123]d$", "Nd", name))
    if names is None:
        raise Unreadable(f"{name}()")
    rest = dict(zip(names.split(), args[1:], strict=False)) | kwargs
    tensor = rest.pop("input", None) or args[0]
    given = tuple((key, value) for key, value in rest.items() if value is not None)
    return module(make, Foreign(name, given), tensor)


def module(make: Make, foreign: Foreign, x: Made) -> Made:
    """What a module makes of a tensor; raises Unreadable."""
    tensor = whole(x, foreign.name)
    given = dict(foreign.given)
    size = given.pop("size", None)
    if isinstance(size, Extents) and hasattr(size.of, "shape"):
        usual = foreign.usual | {"scale_factor"}  # no message tells of it: nobody has given it
        op = read(Foreign(foreign.name, (*given.items(), ("scale_factor", 1)), usual), tensor.shape)
        if isinstance(op, Upsample):
            return make(replace(op, factor=None, to=""), tensor, size.of)
    return make(read(foreign, tensor.shape), tensor)


def whole(x: Any, what: str) -> Value:
    """A tensor of the network, its channels in one axis."""
    if isinstance(x, Weight):
        raise Unreadable(f"it uses its parameter '{x.name}' by itself")
    if isinstance(x, Constant):
        raise Unreadable("it uses a tensor that is neither input nor parameter")
    if isinstance(x, Grouped) or not hasattr(x, "shape"):
        raise Unreadable(f"{what} on what is no tensor of channels and extents")
    value: Value = x
    return value


# ---- joins ---------------------------------------------------------------------------------


def cat(make: Make, tensors: Sequence[Value], dim: int = 0) -> Value:
    values = [whole(x, "cat()") for x in tensors]
    if dim not in (1, -1 - len(values[0].shape[1:]) or 1):
        raise Unreadable(f"cat(dim={dim})")
    return make(Concat(), *values)


def add(make: Make, x: Any, y: Any) -> Value:
    left, right = whole(x, "+"), whole(y, "+")
    if left.shape != right.shape:
        raise Unreadable(f"{left.shape} + {right.shape}")
    return make(Add(), left, right)


def mul(make: Make, x: Any, y: Any) -> Value:
    if isinstance(x, (int, float)):
        x, y = y, x
    if isinstance(y, (int, float)):
        return make(Scale(fixed=float(y)), whole(x, "*"))
    if isinstance(x, Weight):
        x, y = y, x
    if isinstance(y, Weight) and is_factor(y, whole(x, "*").shape):
        return make(Scale(1.0 if y.value is None else y.value), x, path=y.name)
    return make(Multiply(), whole(x, "*"), whole(y, "*"))


def batch_norm(
    make: Make,
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:
    path = owner(weight, bias, running_mean, running_var)
    return make(BatchNorm(eps, momentum), whole(x, "batch_norm()"), path=path)


def linear(make: Make, x: Any, weight: Any, bias: Any = None) -> Value:
    path = owner(weight) if bias is None else owner(weight, bias)
    return make(Fc(weight.shape[0], bias is not None), whole(x, "linear()"), path=path)


def owner(*weights: Any) -> str:
    """The path of the module that has these weights."""
    paths = {each.name.rpartition(".")[0] if isinstance(each, Weight) else "" for each in weights}
    if len(paths) != 1 or "" in paths:
        raise Unreadable("a function with weights that are not those of one module")
    return paths.pop()


def is_factor(weight: Weight, shape: Shape) -> bool:
    """Whether a parameter has a number for each channel."""
    return weight.shape == (shape.channels, *(1 for _ in shape.spatial))


# ---- axes ----------------------------------------------------------------------------------


def flatten(make: Make, x: Any, start_dim: int = 0, end_dim: int = -1) -> Value:
    value = whole(x, "flatten()")
    if start_dim != 1 or end_dim not in (-1, value.shape.rank + 1):
        raise Unreadable(f"flatten({start_dim}, {end_dim})")
    return make(Flatten(), value) if value.shape.rank else value


def mean(make: Make, x: Any, dim: Any = None, keepdim: bool = False) -> Value:
    value = whole(x, "mean()")
    rank = value.shape.rank
    dims = {d % (rank + 2) for d in (dim if isinstance(dim, tuple) else (dim,)) if d is not None}
    if not rank or dims != {*range(2, rank + 2)}:
        raise Unreadable(f"mean() over dim={dim}")
    pooled = make(AvgPool(globally=True), value)
    return pooled if keepdim else make(Flatten(), pooled)


def reshape(make: Make, x: Any, *shape: Any) -> Made:
    sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
    axes = tuple(sizes[1:])
    if isinstance(x, Grouped) and x.swapped and fits(axes, x.of.shape):
        return make(Shuffle(x.groups), x.of)
    value = whole(x, "view()")
    if len(axes) == 1 and axes[0] in (-1, value.shape.elements):
        return make(Flatten(), value) if value.shape.rank else value
    channels = value.shape.channels
    if axes[2:] == value.shape.spatial and axes[0] > 0 and axes[1] in (-1, channels // axes[0]):
        return Grouped(value, axes[0])
    if fits(axes, value.shape):
        return value
    raise Unreadable(f"view{sizes} of {value.shape}")


def fits(axes: tuple[int, ...], shape: Shape) -> bool:
    """Whether axes are those of a shape, where one may be left open as -1."""
    known = prod(axis for axis in axes if axis != -1)
    full = tuple(shape.elements // known if axis == -1 else axis for axis in axes)
    return known > 0 and full == tuple(shape)


def transpose(make: Make, x: Any, dim0: int, dim1: int) -> Made:
    if isinstance(x, Grouped) and {dim0, dim1} == {1, 2}:
        return Grouped(x.of, x.groups, not x.swapped)
    raise Unreadable(f"transpose({dim0}, {dim1})")


def permute(make: Make, x: Any, *dims: Any) -> Made:
    order = dims[0] if len(dims) == 1 and isinstance(dims[0], tuple) else dims
    value = whole(x, "permute()")
    op = Permute("first" if isinstance(value.shape, ChannelsLast) else "last")
    if order != op.order(value.shape.rank):
        raise Unreadable(f"permute{order}")
    return make(op, value)


def contiguous(make: Make, x: Made) -> Made:
    return x


# ---- parts ---------------------------------------------------------------------------------


def chunk(make: Make, x: Any, chunks: int, dim: int = 0) -> list[Value]:
    value = whole(x, "chunk()")
    return split(make, x, -(-value.shape.channels // chunks), dim)


def split(make: Make, x: Any, sizes: Any, dim: int = 0) -> list[Value]:
    value = whole(x, "split()")
    if dim != 1:
        raise Unreadable(f"split(dim={dim})")
    channels = value.shape.channels
    if isinstance(sizes, int):
        stops = [min(start + sizes, channels) for start in range(0, channels, sizes)]
    else:
        stops = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [make(Slice(a, b), value) for a, b in zip([0, *stops], stops, strict=False)]


def getitem(make: Make, x: Any, index: Any) -> Value:
    value = whole(x, "x[...]")
    match index:
        case (slice(start=None, stop=None), slice() as channels) if channels.step in (None, 1):
            start, stop, _ = channels.indices(value.shape.channels)
            return make(Slice(start, stop), value)
    raise Unreadable("x[...] of other than channels")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cat": cat,
    "concat": cat,
    "add": add,
    "iadd": add,
    "radd": add,
    "mul": mul,
    "imul": mul,
    "rmul": mul,
    "multiply": mul,
    "batch_norm": batch_norm,
    "linear": linear,
    "flatten": flatten,
    "mean": mean,
    "view": reshape,
    "reshape": reshape,
    "transpose": transpose,
    "permute": permute,
    "contiguous": contiguous,
    "chunk": chunk,
    "split": split,
    "getitem": getitem,
}
