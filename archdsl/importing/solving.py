"""Numbers that differ between like parts, as parameters and formulas of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import Any

from archdsl.importing.draft import Formula
from archdsl.naming import unique
from archdsl.ops.base import REQUIRED
from archdsl.records import dataclass

NAMES = {"size": "k", "count": "c"}  # of parameters, as papers have them
Column = tuple[Any, ...]


@dataclass(frozen=True)
class Slot:
    """A place for a value: the argument's name and its kind."""

    name: str
    kind: str


@dataclass
class Solution:
    """What stands in each place, the parameters, and the values of the n-th part for them."""

    entries: Column  # channels that come in
    formulas: list[Any] = field(default_factory=list)
    columns: dict[str, Column] = field(default_factory=dict)

    @property
    def params(self) -> tuple[tuple[str, Any], ...]:
        """The parameters, those with a default at the end."""
        found = [(name, default(name, column)) for name, column in self.columns.items()]
        return tuple(sorted(found, key=lambda param: param[1] is not REQUIRED))

    def values(self, index: int) -> tuple[tuple[str, Any], ...]:
        """The arguments of one part."""
        return tuple((name, self.columns[name][index]) for name, _ in self.params)


def solve(slots: Sequence[Slot], columns: Sequence[Column], entries: Column) -> Solution:
    """What the places of like parts hold; each column has a part's values in the n-th place."""
    solution = Solution(entries)
    for slot, column in zip(slots, columns, strict=True):
        solution.formulas.append(formula(slot, column, solution))
    return renamed(solution)


def formula(slot: Slot, column: Column, solution: Solution) -> Any:
    """A constant, a formula of what is known, or a parameter of its own."""
    if len(set(column)) == 1:
        return column[0]
    for text, base in known(slot, solution):
        if column == base:
            return Formula(text, plain=text.isidentifier())
        if slot.kind == "count" and slot.name != "stride":
            if factor := ratio(column, base):
                return Formula(f"{factor}*{text}")
            if factor := ratio(base, column):
                return Formula(f"{text} // {factor}")
    if slot.name == "stride":
        stem, column = "stride", tuple(map(short, column))
    else:
        stem = NAMES.get(slot.kind, slot.name) if slot.name in USUAL else slot.name
    name = unique(stem, solution.columns, "")
    solution.columns[name] = column
    return Formula(name, plain=True)


USUAL = {"size", "channels", "c", "k"}


def known(slot: Slot, solution: Solution) -> Iterator[tuple[str, Column]]:
    """The parameters that may stand in a place, and for channels what comes in."""
    stride = slot.name == "stride"
    for name, column in solution.columns.items():
        if stride == (name == "stride") and type(column[0]) is not bool:
            yield name, column
    if slot.kind == "count" and not stride:
        yield "in.c", solution.entries


def ratio(column: Column, base: Column) -> int:
    """How many times one is the other, 0 where it is not in all parts."""
    numbers = all(isinstance(n, int) for n in (*column, *base))
    if not numbers or not base[0] or column[0] % base[0]:
        return 0
    factor = column[0] // base[0]
    return factor if all(a == factor * b for a, b in zip(column, base, strict=True)) else 0


def short(value: Any) -> Any:
    """One number for all axes."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def default(name: str, column: Column) -> Any:
    """A stride is 1 where nothing is said."""
    return 1 if name == "stride" and 1 in column else REQUIRED


def renamed(solution: Solution) -> Solution:
    """The solution with several parameters of one stem numbered from 1: c1, c2, c3."""
    for stem in [name for name in solution.columns if f"{name}2" in solution.columns]:
        solution.columns = {
            f"{name}1" if name == stem else name: column
            for name, column in solution.columns.items()
        }
        solution.formulas = [
            replace(each, text=re.sub(rf"\b(?<![.\w]){stem}\b", f"{stem}1", each.text))
            if isinstance(each, Formula)
            else each
            for each in solution.formulas
        ]
    return solution
