"""Python expressions that know their value in each use of a class."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import Any

from archdsl.ops.base import scalar
from archdsl.pytext import literal
from archdsl.records import dataclass
from archdsl.values import Callee, Strided

ATOM, POWER, PRODUCT, SUM, COMPARISON, AND, OR = 5, 4, 3, 2, 1, 0, -1
SIGNS: dict[str, tuple[Callable[[Any, Any], Any], int]] = {
    "+": (operator.add, SUM),
    "-": (operator.sub, SUM),
    "*": (operator.mul, PRODUCT),
    "//": (operator.floordiv, PRODUCT),
    "%": (operator.mod, PRODUCT),
    "==": (operator.eq, COMPARISON),
    "!=": (operator.ne, COMPARISON),
    "<": (operator.lt, COMPARISON),
    "<=": (operator.le, COMPARISON),
    ">": (operator.gt, COMPARISON),
    ">=": (operator.ge, COMPARISON),
    "and": (lambda left, right: left and right, AND),
    "or": (lambda left, right: left or right, OR),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "round": round,
    "int": int,
}


@dataclass(frozen=True)
class Expr:
    """A Python expression with its value in each of some uses of a class.

    `at` gives its value in any use, as far as its parameters are known there.
    """

    text: str
    values: tuple[Any, ...]
    level: int = ATOM
    params: frozenset[str] = frozenset()
    at: Callable[[int], Any] = field(default=lambda use: None, compare=False)
    summands: tuple[tuple[int, Expr], ...] = ()  # of a sum, in order, with their signs
    i: int | None = None  # what the text's `i` stands for: the place of a use in a schedule

    @property
    def is_literal(self) -> bool:
        """Whether it names no parameter."""
        return not self.params and self.i is None

    def within(self, level: int) -> str:
        """The text as an operand of an operator of some precedence."""
        return self.text if self.level >= level else f"({self.text})"


def constant(values: Sequence[Any]) -> Expr:
    """A literal."""
    value = plain(values[0])
    text = literal(value)
    level = POWER if text.startswith("-") else ATOM
    return Expr(text, tuple(values), level, at=lambda use: value)


def plain(value: Any) -> Any:
    """A spec's value as Python code has it: sizes alike along the axes as one number."""
    if isinstance(value, Callee):
        return value.name
    if isinstance(value, Strided):
        return None
    return scalar(value) if isinstance(value, tuple) and value else value


def agrees(found: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """Whether an expression gives the values it should."""
    pairs = zip(found, wanted, strict=True)
    return [*found] == [*wanted] or all(plain(a) == plain(b) for a, b in pairs)


def combined(sign: str, operands: list[Expr]) -> Expr | None:
    """An operator or function applied to expressions; None where Python has no plain form."""
    params = frozenset().union(*(operand.params for operand in operands))
    positions = {operand.i for operand in operands if operand.i is not None}
    if len(positions) > 1:
        return None

    def applied(function: Callable[..., Any], text: str, level: int) -> Expr:
        columns = zip(*(operand.values for operand in operands), strict=True)
        values = tuple(function(*column) for column in columns)

        def at(use: int) -> Any:
            return function(*(operand.at(use) for operand in operands))

        added = tuple(summands(sign, operands)) if level == SUM else ()
        return folded(Expr(text, values, level, params, at, added, *positions))

    try:
        if sign == "/" and len(operands) == 2:
            function, slashes = division(*operands)
            text = f"{operands[0].within(PRODUCT)} {slashes} {operands[1].within(POWER)}"
            return applied(function, text, PRODUCT)
        if sign in SIGNS and len(operands) == 2:
            function, level = SIGNS[sign]
            if level == SUM and (like := collected(list(summands(sign, operands)))) is not None:
                return applied(function, *like)
            text = f"{operands[0].within(level)} {sign} {operands[1].within(level + 1)}"
            return applied(function, text, level)
        if sign == "not":
            return applied(operator.not_, f"not {operands[0].within(COMPARISON)}", 0)
        if sign in FUNCTIONS:
            text = f"{sign}({', '.join(operand.text for operand in operands)})"
            return applied(FUNCTIONS[sign], text, ATOM)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return None


def summands(sign: str, operands: list[Expr]) -> Iterator[tuple[int, Expr]]:
    """What a sum or difference adds up, each with its sign."""
    for i, operand in enumerate(operands):
        turned = -1 if sign == "-" and i else 1
        for own, summand in operand.summands or ((1, operand),):
            yield turned * own, summand


def collected(parts: list[tuple[int, Expr]]) -> tuple[str, int] | None:
    """A sum with equal summands counted, `64 + 6 * growth`, and how tightly it binds.

    None where all are different, or where more is taken away than there is.
    """
    named = {s.text: s for _, s in parts if not s.is_literal}
    counts = {text: sum(own for own, s in parts if s.text == text) for text in named}
    number = sum(own * s.values[0] for own, s in parts if s.is_literal)
    different = len(named) + any(s.is_literal for _, s in parts)
    if different == len(parts) or min([number, *counts.values()]) < 0 or not any(counts.values()):
        return None
    left = [(count, named[text]) for text, count in counts.items() if count]
    if number == 0 and [count for count, _ in left] == [1]:
        return left[0][1].text, left[0][1].level
    return " + ".join([*([str(number)] if number else []), *(times(*each) for each in left)]), SUM


def times(count: int, summand: Expr) -> str:
    """A summand as often as it is added; twice `3 * c` is `6 * c`."""
    if count == 1:
        return summand.within(SUM + 1)
    if (match := re.fullmatch(r"(\d+) \* (\w+)", summand.text)) is not None:
        return f"{count * int(match[1])} * {match[2]}"
    return f"{count} * {summand.within(PRODUCT + 1)}"


def division(left: Expr, right: Expr) -> tuple[Callable[[Any, Any], Any], str]:
    """The division that gives whole numbers, or the other where none of its results is one."""
    pairs = zip(left.values, right.values, strict=True)
    if left.i is right.i is None and any(float(a / b).is_integer() for a, b in pairs):
        return whole_division, "//"
    return operator.truediv, "/"


def whole_division(left: float, right: float) -> int:
    """A division that comes out whole; ValueError where it does not."""
    value = left / right
    if not float(value).is_integer():
        raise ValueError
    return int(value)


def folded(expr: Expr) -> Expr:
    """Arithmetic of literals is done now."""
    return constant(expr.values) if expr.is_literal else expr
