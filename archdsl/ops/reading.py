"""PyTorch's modules and functions as operators: the way back from `Op.module`.

A module is the operator whose own PyTorch constructor has the same class and arguments. What a
function is stands in `functions`. Nothing here needs torch: they come as names and values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import product
from math import inf, nextafter
from typing import Any

from archdsl.ops import OPS
from archdsl.ops.base import REQUIRED, Argument, Op, notation
from archdsl.shapes import Misfit, Shape, extents

# What PyTorch calls the fields of operators, where it calls them otherwise.
FIELDS = {
    "out_channels": "channels",
    "out_features": "channels",
    "kernel_size": "size",
    "padding": "pad",
    "output_padding": "extra",
    "ceil_mode": "ceil",
    "count_include_pad": "padcount",
    "num_groups": "groups",
    "negative_slope": "slope",
    "upscale_factor": "factor",
    "scale_factor": "factor",
    "output_size": "out",
    "size": "n",
}
# What neither structure nor values depend on.
IGNORED = {"inplace", "training", "_stacklevel", "device", "dtype"}
# Arguments that no operator has, and the value that says nothing.
SILENT = {
    "dilation": 1,
    "return_indices": False,
    "divisor_override": None,
    "mode": "row",
    "scale_by_keep": True,
    "align_corners": False,
    "recompute_scale_factor": False,
    "antialias": False,
}
# Functions and classes by the name of the class in generated code that does the same, where that is
# another.
LIKE = {
    "interpolate": "Upsample",
    "UpsamplingNearest2d": "Upsample",
    "LayerNorm2d": "ChannelNorm",
    "StochasticDepth": "StochasticDepth",
    "DropPath": "StochasticDepth",
}


class Unreadable(Exception):
    """What has no operator; the text says why."""


@dataclass(frozen=True)
class Foreign:
    """A class with its constructor's arguments, or a function; `usual` have their defaults."""

    name: str
    given: tuple[tuple[str, Any], ...] = ()
    usual: frozenset[str] = frozenset()


def known(name: str) -> bool:
    """Whether a class counts as one operator, though it may have parts."""
    return name in LIKE


@cache
def read(foreign: Foreign, shape: Shape) -> Op:
    """The operator that a module is, in its shortest notation; raises Unreadable."""
    foreign = in_numbers(foreign, shape)
    found = [op for kind in dict.fromkeys(OPS.values()) for op in candidates(kind, foreign, shape)]
    if not found:
        raise Unreadable(explained(foreign))
    texts = {f"{op.name} {op.describe()}": op for op in found}
    return texts[min(texts, key=lambda text: (text.count("="), len(text)))]


def in_numbers(foreign: Foreign, shape: Shape) -> Foreign:
    """A module with numbers where PyTorch has words or shapes; 'same' of even windows has none."""
    given = dict(foreign.given)
    if "drop_prob" in given:
        given["p"] = given.pop("drop_prob")
    if len(given.get("normalized_shape", ())) == 1:
        (given["channels"],) = given.pop("normalized_shape")
    if given.get("padding") == "valid":
        given["padding"] = 0
    elif given.get("padding") == "same":
        steps = zip(given["kernel_size"], given["dilation"], strict=True)
        spans = [dilation * (size - 1) for size, dilation in steps]
        given["padding"] = "same" if any(n % 2 for n in spans) else tuple(n // 2 for n in spans)
    if LIKE.get(foreign.name, foreign.name) == "Upsample":
        given["scale_factor"] = scale(given, shape)
        given.pop("size", None)
    return replace(foreign, given=tuple(given.items()))


def scale(given: dict[str, Any], shape: Shape) -> Any:
    """The factor that a map grows by, where one is given or all axes grow alike."""
    size, value = given.get("size"), given.get("scale_factor")
    if size is not None:
        return enlargement(size if isinstance(size, tuple) else (size,) * shape.rank, shape)
    if isinstance(value, tuple) and len({*value}) == 1:
        (value, *_) = value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def enlargement(targets: tuple[Any, ...], shape: Shape) -> float:
    """The factor that takes a map to these extents; raises Unreadable."""
    if not all(isinstance(target, int) for target in targets):
        raise Unreadable("interpolation to extents that are no numbers")
    ratios = {Fraction(*pair) for pair in zip(targets, shape.spatial, strict=True)}
    if len(ratios) != 1:
        raise Unreadable(f"interpolation of {shape} to {extents(targets)}")
    (ratio,) = ratios
    if ratio.denominator == 1:
        return ratio.numerator
    near = float(ratio)  # the extent is rounded down: a little more does no harm, less does
    return near if Fraction(near) >= ratio else nextafter(near, inf)


def explained(foreign: Foreign) -> str:
    """A module with the arguments that are not as usual, for messages."""
    given = (
        f"{name}={notation(value)}"
        for name, value in foreign.given
        if name not in foreign.usual and not (name in SILENT and value == SILENT[name])
    )
    return f"{foreign.name}({', '.join(given)})"


def candidates(kind: type[Op], foreign: Foreign, shape: Shape) -> Iterator[Op]:
    """All ways to write a module as an operator of a kind."""
    given = dict(foreign.given)
    fields = {FIELDS.get(name, name): value for name, value in given.items()}
    choices = {
        field.name: [*alternatives(kind, field, fields, shape.rank)]
        for field in kind.arguments().values()
    }
    for values in product(*choices.values()):
        try:
            op = kind(**dict(zip(choices, values, strict=True)))
            op.shape(shape)
            if says(op, foreign, shape):
                yield op
        except (Misfit, TypeError, ValueError, AttributeError, IndexError):
            continue


def alternatives(
    kind: type[Op], field: Field[Any], given: dict[str, Any], rank: int
) -> Iterator[Any]:
    """The values that a field may have been given."""
    sort = field.metadata["kind"]
    words: list[Any] = []
    if field.name not in given or sort == "padding":
        words += [value for name, value in kind.words.values() if name == field.name]
    if field.name in given:
        words.append(given[field.name])
    if field.default is None or (field.name not in given and field.default is not MISSING):
        words.append(field.default)
    yield from (settled(value, sort, rank) for value in dict.fromkeys(words))


def settled(value: Any, sort: str, rank: int) -> Any:
    """A value with a number for each axis where it is one for all."""
    if sort in ("size", "padding") and isinstance(value, int) and not isinstance(value, bool):
        return (value,) * rank
    return value


def says(op: Op, foreign: Foreign, shape: Shape) -> bool:
    """Whether an operator's PyTorch module has this class and these arguments."""
    construct = op.module(shape)
    name = LIKE.get(foreign.name, foreign.name)
    if construct is None or plain(construct.callee) != plain(name):
        return False
    own = {argument.name for argument in construct.args}
    given = dict(foreign.given)
    silent = {name for name in given.keys() & SILENT.keys() if given[name] == SILENT[name]}
    others = given.keys() - own - foreign.usual - IGNORED - silent
    return not others and all(agrees(argument, given) for argument in construct.args)


def plain(name: str) -> str:
    """A class's or function's name as both write it: `nn.MaxPool2d` and `max_pool2d` alike."""
    return name.removeprefix("nn.").replace("_", "").lower()


def agrees(argument: Argument, given: dict[str, Any]) -> bool:
    """Whether an argument has the value that was given, or else its default."""
    if argument.name in given:
        return equal(argument.value, given[argument.name])
    return argument.default is REQUIRED or equal(argument.value, argument.default)


def equal(one: Any, other: Any) -> bool:
    """Whether two values mean the same, `3` and `(3, 3)` too."""
    if isinstance(one, tuple) != isinstance(other, tuple):
        one, other = (set(v) if isinstance(v, tuple) else {v} for v in (one, other))
    return bool(one == other)
