"""Argument expressions: numbers, sizes, names, and arithmetic over them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import field
from math import ceil, floor, pow
from typing import TYPE_CHECKING, Any

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, did_you_mean, mistake
from archdsl.records import dataclass
from archdsl.shapes import extents
from archdsl.source import Span
from archdsl.symbols import Computed, Literally, Sym

if TYPE_CHECKING:
    from archdsl.modules import Declared


@dataclass(frozen=True)
class Callee:
    """The name of an operator or block, given where a parameter is later called.

    `declared` is what the name means where it was given; None for an operator.
    """

    name: str
    declared: Declared | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Strided:
    """A size that carries a stride, `7x7/2`."""

    size: Any
    stride: Any


@dataclass(frozen=True)
class Unsolved:
    """A `_` given to a `let`, and solved where it arrives."""

    hole: s.Hole


@dataclass(frozen=True)
class Value:
    """What an expression gave, and the expression."""

    value: Any
    symbol: Sym


def round_to(value: float, multiple: int) -> int:
    """The nearest multiple, never more than 10 % below (MobileNet's rounding of widths)."""
    if multiple < 1:
        raise ValueError("round_to needs a multiple of at least 1")
    near = max(multiple, int(value + multiple / 2) // multiple * multiple)
    return near + multiple if near < 0.9 * value else near


def power(base: float, exponent: float) -> float:
    """A number to the power of another."""
    try:
        return pow(base, exponent)
    except ValueError:
        raise ValueError(f"{base} to the power of {exponent} is no number") from None


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (min, 2, 9),
    "max": (max, 2, 9),
    "ceil": (ceil, 1, 1),
    "floor": (floor, 1, 1),
    "round": (round, 1, 1),
    "int": (int, 1, 1),
    "round_to": (round_to, 2, 2),
    "pow": (power, 2, 2),
}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPERATIONS: dict[str, Callable[..., Any]] = {
    **ARITHMETIC,
    **COMPARISONS,
    "not": operator.not_,
    "and": lambda left, right: left and right,
    "or": lambda left, right: left or right,
}
LOGICAL = ("not", "and", "or", "==", "!=")  # those that take values of any kind


def kind_of(value: Any) -> str:
    """What a value is, in the author's words."""
    if isinstance(value, bool):
        return "a condition"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, tuple):
        return f"the size {extents(value)}"
    if isinstance(value, Strided):
        return f"a size with a stride ({kind_of(value.size)})"
    if isinstance(value, Callee):
        return f"the name '{value.name}'"
    if isinstance(value, Unsolved):
        return "'_', solved from a join"
    return f'the text "{value}"'


class Evaluator:
    """Evaluates expressions; `lookup` answers for names and `axis` for `in.c`."""

    def lookup(self, name: s.Name) -> Value:
        raise NotImplementedError

    def axis(self, expr: s.InputAxis) -> Value:
        raise NotImplementedError

    def __call__(self, expr: s.Expr) -> Value:
        match expr:  # what is common names its class alone: fields in a pattern take twice as long
            case s.Name():
                if expr.name in s.CONSTANTS:
                    return Value(s.CONSTANTS[expr.name], Literally(s.CONSTANTS[expr.name]))
                return self.lookup(expr)
            case s.Number() | s.Text():
                return Value(expr.value, Literally(expr.value))
            case s.Size():
                return Value(expr.dims, Literally(expr.dims))
            case s.InputAxis():
                return self.axis(expr)
            case s.Operation():
                return self.operation(expr)
            case s.Apply():
                return self.apply(expr)
            case s.Hole(span):
                raise part_of(span)
            case s.TensorRef(name, span):
                raise mistake("kind", f"'@{name}' is a tensor, and a value belongs here", span)
            case s.ChainValue(_, span):
                raise mistake(
                    "pattern",
                    "a chain such as 96>128 fits only a parameter written as a pattern",
                    span,
                    help="put a comparison in parentheses, (a > b)",
                )

    def passing(self, expr: s.Expr) -> Value:
        """Evaluates what is handed on to a `let`: `_` too, alone or as the stride of a size."""
        match expr:
            case s.Hole():
                return Value(Unsolved(expr), Literally("_"))
            case s.Operation("/", (size, s.Hole() as hole)):
                left = self(size)
                if isinstance(left.value, tuple):
                    return Value(Strided(left.value, Unsolved(hole)), left.symbol)
        return self(expr)

    def operation(self, expr: s.Operation) -> Value:
        operands = [self(operand) for operand in expr.operands]
        for operand, part in zip(operands, expr.operands, strict=True):
            if isinstance(operand.value, Unsolved) and expr.sign != "/":
                raise part_of(part.span)
        symbol = Computed(expr.sign, tuple(operand.symbol for operand in operands))
        left = operands[0].value
        if expr.sign == "/" and isinstance(left, tuple):
            return Value(Strided(left, operands[1].value), symbol)
        if expr.sign not in LOGICAL:
            for operand, part in zip(operands, expr.operands, strict=True):
                number(operand.value, part, f"'{expr.sign}' works on numbers")
        return Value(self.result(expr.sign, operands, expr), symbol)

    def apply(self, expr: s.Apply) -> Value:
        if expr.function not in FUNCTIONS:
            raise mistake(
                "unknown",
                f"there is no function '{expr.function}'",
                expr.span,
                help=did_you_mean(expr.function, FUNCTIONS) or f"functions: {', '.join(FUNCTIONS)}",
            )
        _, least, most = FUNCTIONS[expr.function]
        if not least <= len(expr.operands) <= most:
            count = least if least == most else f"{least} or more"
            raise mistake(
                "argument", f"{expr.function} takes {count}, not {len(expr.operands)}", expr.span
            )
        operands = [self(operand) for operand in expr.operands]
        for operand, part in zip(operands, expr.operands, strict=True):
            number(operand.value, part, f"{expr.function} works on numbers")
        symbol = Computed(expr.function, tuple(operand.symbol for operand in operands))
        return Value(self.result(expr.function, operands, expr), symbol)

    def result(self, sign: str, operands: Sequence[Value], expr: s.Expr) -> Any:
        try:
            return calculated(sign, [operand.value for operand in operands])
        except ZeroDivisionError:
            raise mistake("value", "division by zero", expr.span) from None
        except OverflowError:
            message = f"the value is larger than {s.MAX_NUMBER:,}"
            raise mistake("limit", message, expr.span) from None
        except ValueError as error:
            raise mistake("value", str(error), expr.span) from None


def calculated(sign: str, values: Sequence[Any]) -> Any:
    """What an operation or function makes of values of the kinds that it takes.

    Raises ZeroDivisionError, OverflowError (beyond the limit of the language) or ValueError.
    """
    if sign in LOGICAL:
        return OPERATIONS[sign](*values)
    if sign in FUNCTIONS:
        result = FUNCTIONS[sign][0](*values)
    elif len(values) == 1:
        result = -values[0]
    else:
        result = OPERATIONS[sign](*values)
    if abs(result) > s.MAX_NUMBER:
        raise OverflowError
    return whole(result)


def part_of(span: Span) -> ArchError:
    """The mistake of calculating with `_`."""
    return mistake(
        "hole",
        "'_' stands for a whole argument",
        span,
        help="give '_' alone as the channels or the stride of a branch",
    )


def number(value: Any, part: s.Expr, clause: str) -> None:
    """Refuse what is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise mistake("kind", f"{clause}, and this is {kind_of(value)}", part.span)


def whole(value: float) -> float:
    """A number, as an integer where it is one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
