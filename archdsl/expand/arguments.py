"""Arguments to fields: what was written in a call, matched with what an operator asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field
from functools import cache
from typing import Any, TypeGuard

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, did_you_mean, mistake
from archdsl.ops import OPS, Op, least
from archdsl.records import cached_property, dataclass
from archdsl.shapes import extents
from archdsl.symbols import Literally, Sym
from archdsl.values import Strided, Unsolved, Value, kind_of, whole

Sizes = tuple[int, ...]
Evaluate = Callable[[s.Expr], Value]
UNKNOWN = -1  # the rank behind a mistake


@dataclass
class OpArguments:
    """The fields of an operator as far as its call gives them; `holes` are solved from the join."""

    op: type[Op]
    rank: int
    fields: dict[str, Any] = field(default_factory=dict)
    symbols: dict[str, Sym] = field(default_factory=dict)
    holes: dict[str, s.Hole] = field(default_factory=dict)
    tensors: list[s.TensorRef] = field(default_factory=list)
    spans: dict[str, s.Expr] = field(default_factory=dict)

    @cached_property
    def operator(self) -> Op:
        """The operator, to be asked for once nothing is missing."""
        for key, name in required(self.op.name):
            if name not in self.fields:
                raise LookupError(key)
        return self.op(**{**default_sizes(self.op.name, self.rank), **self.fields})


@cache
def required(operator: str) -> tuple[tuple[str, str], ...]:
    """The arguments of an operator without a default, each with its field."""
    arguments = OPS[operator].arguments()
    return tuple((key, f.name) for key, f in arguments.items() if f.default is MISSING)


@cache
def default_sizes(operator: str, rank: int) -> Mapping[str, Sizes]:
    """The sizes of an operator whose default is one number, the same along each axis."""
    sizes = [f for f in OPS[operator].arguments().values() if f.metadata["kind"] == "size"]
    return {f.name: (f.default,) * rank for f in sizes if isinstance(f.default, int)}


PADDINGS = {word for op in OPS.values() for word, (name, _) in op.words.items() if name == "pad"}


def padding_word(expr: s.Expr) -> TypeGuard[s.Name]:
    """Whether an argument is a word of padding, `same`."""
    return isinstance(expr, s.Name) and expr.name in PADDINGS


def op_arguments(op: type[Op], call: s.Call, evaluate: Evaluate, rank: int) -> OpArguments:
    """Match a call's arguments with the fields of an operator."""
    if not call.args:
        return bare(op.name, rank)
    found = OpArguments(op, rank)
    waiting = list(op.positional)
    for arg in call.args:
        one_argument(found, arg, waiting, evaluate)
    return found


@cache
def bare(operator: str, rank: int) -> OpArguments:
    """What a call without arguments gives: the same wherever there is one."""
    return OpArguments(OPS[operator], rank)


def one_argument(found: OpArguments, arg: s.Arg, waiting: list[str], evaluate: Evaluate) -> None:
    """Give one argument to the field it belongs to."""
    op, value = found.op, arg.value
    if arg.name is None and isinstance(value, s.Name) and value.name in op.words:
        name, constant = op.words[value.name]
        put(found, name, constant, Literally(constant), value)
        return
    if arg.name is not None:
        key = keyed_field(op, arg)
        if key is None:  # a flag given a condition, `nobias=(c > 64)`
            name, constant = op.words[arg.name]
            given = evaluate(value)
            put(found, name, constant if given.value else not constant, given.symbol, value)
            return
        target = op.arguments()[key]
    else:
        while waiting and waiting[0] in found.spans:
            waiting.pop(0)
        if not waiting:
            raise too_many(op, arg)
        target = op.arguments()[waiting.pop(0)]
    give(found, target, value, evaluate)


def keyed_field(op: type[Op], arg: s.Arg) -> str | None:
    """The field that `name=` means; None for a flag."""
    assert arg.name is not None
    keys = op.arguments()
    if arg.name in keys:
        return arg.name
    if arg.name in op.words and isinstance(op.words[arg.name][1], bool):
        return None
    raise mistake(
        "argument",
        f"{op.name} has no argument '{arg.name}'",
        arg.span,
        help=did_you_mean(arg.name, [*keys, *op.words]) or signature(op),
    )


def too_many(op: type[Op], arg: s.Arg) -> ArchError:
    """The mistake of one argument too many, of a misspelt flag, or of a missing `>` or `=`."""
    if isinstance(arg.value, s.Name):
        name = arg.value.name
        if name in op.arguments():
            help = f"write {name}=..."
        elif name in OPS:
            help = f"'{name}' is an operator of its own: put '>' in front of it"
        else:
            help = did_you_mean(name, op.words) or signature(op)
        return mistake("argument", f"{op.name} has no flag '{name}'", arg.span, help=help)
    return mistake(
        "argument",
        f"{op.name} takes {len(op.positional)} positional arguments, and this is one more",
        arg.span,
        help=signature(op),
    )


def signature(op: type[Op]) -> str:
    """How an operator is called."""
    named = [key for key, f in op.arguments().items() if key not in op.positional]
    options = [*op.words, *(f"{key}=" for key in named if key not in op.words)]
    text = " ".join([op.name, *(name.upper() for name in op.positional)])
    return f"write {text}" + (f"; options: {', '.join(options)}" if options else "")


def put(found: OpArguments, name: str, value: Any, symbol: Sym, expr: s.Expr) -> None:
    """Set a field once."""
    if name in found.spans:
        raise mistake("argument", f"{found.op.name} is given '{name}' twice", expr.span)
    found.spans[name] = expr
    found.fields[name] = value
    found.symbols[name] = symbol


def give(found: OpArguments, target: Field[Any], expr: s.Expr, evaluate: Evaluate) -> None:
    """Evaluate an argument as the kind that its field takes."""
    kind = target.metadata["kind"]
    if isinstance(expr, s.Hole):
        leave_open(found, target, expr, expr)
        return
    if kind == "tensor":
        if not isinstance(expr, s.TensorRef):
            raise mistake("kind", "a tensor belongs here, written @name", expr.span)
        found.tensors.append(expr)
        put(found, target.name, expr.name, Literally(expr.name), expr)
        return
    if kind == "text" and isinstance(expr, s.Name):
        put(found, target.name, expr.name, Literally(expr.name), expr)
        return
    if kind == "padding" and padding_word(expr):
        expr = s.Text(expr.name, expr.span)
    stride: s.Expr | None = None
    if kind == "size" and isinstance(expr, s.Operation) and expr.sign == "/":
        expr, stride = expr.operands
    value = evaluate(expr)
    if isinstance(value.value, Unsolved):
        leave_open(found, target, value.value.hole, expr)
        return
    if isinstance(value.value, Strided):
        carried = value.value.stride
        if isinstance(carried, Unsolved):
            leave_open(found, strided(found, expr), carried.hole, expr)
        else:
            put(
                found,
                "stride",
                as_size(found, strided(found, expr), carried, expr),
                Literally(carried, written=False),
                expr,
            )
        value = Value(value.value.size, value.symbol)
    converted = CONVERT[kind](found, target, value.value, expr)
    put(found, target.name, converted, value.symbol, expr)
    if stride is not None:
        give(found, strided(found, stride), stride, evaluate)


def leave_open(found: OpArguments, target: Field[Any], hole: s.Hole, expr: s.Expr) -> None:
    """A field that is solved from the join."""
    if target.metadata["kind"] not in ("size", "count"):
        raise mistake(
            "hole",
            f"'_' cannot stand for '{target.name}'",
            expr.span,
            help="it stands for channels and strides",
        )
    if target.name in found.spans:
        raise mistake("argument", f"{found.op.name} is given '{target.name}' twice", expr.span)
    found.holes[target.name] = hole
    found.spans[target.name] = expr


def strided(found: OpArguments, expr: s.Expr) -> Field[Any]:
    """The field of the stride that a size carries."""
    field = found.op.arguments().get("stride")
    if field is None:
        raise mistake("argument", f"{found.op.name} has no stride", expr.span)
    return field


# ---- conversions, by kind ------------------------------------------------------------------


def named(found: OpArguments, target: Field[Any]) -> str:
    """An argument in a message, by the name that an author writes."""
    key = target.metadata["key"] or target.name
    return (
        f"the first argument of {found.op.name}" if key == "size" else f"'{key}' of {found.op.name}"
    )


def unlike(
    found: OpArguments, target: Field[Any], wanted: str, value: Any, expr: s.Expr, help: str = ""
) -> ArchError:
    """The mistake of a value of another kind."""
    message = f"{named(found, target)} is {wanted}, and this is {kind_of(value)}"
    return mistake("kind", message, expr.span, help=help)


def off_axes(found: OpArguments, dims: Sizes, expr: s.Expr, help: str = "") -> ArchError:
    """The mistake of a size with more or fewer axes than the map."""
    message = f"{extents(dims)} has {len(dims)} axes, and the map here has {found.rank}"
    return mistake("kind", message, expr.span, help=help)


def as_size(found: OpArguments, target: Field[Any], value: Any, expr: s.Expr) -> Any:
    """Positive extents, one per spatial axis; a number counts for each axis."""
    dims = (value,) * found.rank if is_integer(value) else value
    if not isinstance(dims, tuple):
        raise unlike(found, target, "a size", value, expr, "write a size such as 3x3")
    if len(dims) != found.rank and found.rank > 0:  # without axes the operator itself refuses
        raise off_axes(found, dims, expr, f"write {'x'.join([str(dims[0])] * found.rank)}")
    if min(dims, default=1) < least(target):
        message = f"{named(found, target)} is at least {least(target)} along each axis"
        raise mistake("value", message, expr.span)
    return dims


def as_count(found: OpArguments, target: Field[Any], value: Any, expr: s.Expr) -> int:
    """A whole number of at least 1."""
    if isinstance(value, tuple):
        raise mistake(
            "kind",
            f"{named(found, target)} is a number, and {extents(value)} is a size",
            expr.span,
            help="a kernel goes first, and NxR repeats a call where its channels stand",
        )
    if not is_integer(value):
        raise unlike(found, target, "a whole number", value, expr)
    if value < 1:
        raise mistake("value", f"{named(found, target)} is at least 1, not {value}", expr.span)
    return int(value)


def as_number(found: OpArguments, target: Field[Any], value: Any, expr: s.Expr) -> float:
    """Any number; `1.0` is the whole number that it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise unlike(found, target, "a number", value, expr)
    return whole(value)


def as_flag(found: OpArguments, target: Field[Any], value: Any, expr: s.Expr) -> bool:
    """A condition."""
    if not isinstance(value, bool):
        raise unlike(found, target, "a condition", value, expr, "true, false, or a comparison")
    return value


def as_text(found: OpArguments, target: Field[Any], value: Any, expr: s.Expr) -> str:
    """A string."""
    if not isinstance(value, str):
        raise unlike(found, target, "a text", value, expr)
    return value


def as_padding(found: OpArguments, target: Field[Any], value: Any, expr: s.Expr) -> Any:
    """Zeros for all axes, for each, or on each side of them (`pad`); or a word of the operator.

    The operator `pad` crops where a number is negative.
    """
    words = [word for word, (name, _) in found.op.words.items() if name == target.name]
    if value in words:
        return value
    if isinstance(value, str) and words:
        message = f"{found.op.name} has no padding '{value}'"
        raise mistake("value", message, expr.span, help=f"there are: {', '.join(words)}")
    sides = (value,) if is_integer(value) else value
    if not isinstance(sides, tuple):
        forms = ["a number", "a size such as 0x3", *([f"or {', '.join(words)}"] if words else [])]
        raise unlike(found, target, "a padding", value, expr, f"write {', '.join(forms)}")
    if target.name == "pad":
        if min(sides) < 0:
            help = "an operator of its own crops: pad (-1)"
            raise mistake("value", "padding is not negative", expr.span, help=help)
        sides = sides * found.rank if len(sides) == 1 else sides
        if len(sides) != found.rank and found.rank > 0:
            raise off_axes(found, sides, expr)
    return sides


def is_integer(value: Any) -> bool:
    """Whether a value is a whole number and no condition."""
    return isinstance(value, int) and not isinstance(value, bool)


CONVERT: Mapping[str, Callable[[OpArguments, Field[Any], Any, s.Expr], Any]] = {
    "size": as_size,
    "count": as_count,
    "number": as_number,
    "flag": as_flag,
    "text": as_text,
    "padding": as_padding,
}
