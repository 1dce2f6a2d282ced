"""Chains that differ in numbers only, as one definition and its uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archdsl.importing.draft import (
    Chain,
    Definition,
    Draft,
    Formula,
    Group,
    Item,
    Join,
    Leaf,
    Unit,
    Use,
    mapped,
)
from archdsl.importing.solving import Column, Slot, solve
from archdsl.modules import RESERVED
from archdsl.naming import unique
from archdsl.ops import OPS
from archdsl.records import dataclass
from archdsl.shapes import Shape

PLACE = Formula("?")  # where a number was


@dataclass(frozen=True)
class Skeleton:
    """A chain without its numbers, which are equal in like chains; its places, and the numbers."""

    chain: Chain
    slots: tuple[Slot, ...]
    values: tuple[Any, ...]


def skeleton(chain: Chain) -> Skeleton:
    """A chain and its numbers apart."""
    slots: list[Slot] = []
    values: list[Any] = []

    def empty(unit: Unit) -> Unit:
        if isinstance(unit, Group):
            return replace(unit, entry=Shape())
        if not isinstance(unit, (Leaf, Use)):
            return unit
        left = []
        for name, value in unit.values:
            kind = sort(unit, name, value)
            if kind:
                slots.append(Slot(name, kind))
                values.append(value)
            left.append((name, PLACE if kind else value))
        return replace(unit, values=tuple(left))

    key = mapped(chain, empty)
    return Skeleton(key, tuple(slots), tuple(values))


def sort(unit: Leaf | Use, name: str, value: Any) -> str:
    """What kind of number stands as an argument; empty where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, tuple)):
        return ""
    if isinstance(unit, Use):
        return {tuple: "size", float: "number"}.get(type(value), "count")
    kinds = {field.name: field.metadata["kind"] for field in unit.kind.arguments().values()}
    return kinds[name] if kinds[name] in ("size", "count", "number") else ""


def with_formulas(chain: Chain, formulas: Sequence[Any]) -> Chain:
    """A skeleton's chain with its places filled."""
    left = iter(formulas)

    def fill(unit: Unit) -> Unit:
        if not isinstance(unit, (Leaf, Use)):
            return unit
        values = ((name, next(left) if value is PLACE else value) for name, value in unit.values)
        return replace(unit, values=tuple(values))

    return mapped(chain, fill)


def common(
    draft: Draft, kind: str, members: Sequence[Skeleton], entries: Column, *, splices: bool = False
) -> tuple[Definition, list[Use]]:
    """Like chains as a definition and the use that each of them is.

    `entries` are the channels that come in. What numbers its children is a `let`, and opens a
    group where it is used, unless it `splices`.
    """
    first = members[0]
    columns = [*zip(*(member.values for member in members), strict=True)]
    solution = solve(first.slots, columns, entries)
    chain = with_formulas(first.chain, solution.formulas)
    is_let = splices or by_position(chain)
    name = unique(title(kind, chain), [*RESERVED, *OPS, *(d.name for d in draft.definitions)])
    uses = [Use(name, solution.values(i), is_let and not splices) for i in range(len(members))]
    return Definition(name, kind, is_let, solution.params, chain), uses


def by_position(chain: Chain) -> bool:
    """Whether something in a scope bears a number for a name."""
    return any(
        (item.label is not None and item.label.isdecimal())
        or (isinstance(item.unit, Join) and any(map(by_position, item.unit.branches)))
        for item in chain
    )


def title(kind: str, chain: Chain) -> str:
    """What a definition is called: after a few plain operators, else after the class."""
    leaves = (item.unit for item in chain if plain(item))
    names = [unit.kind.name for unit in leaves if isinstance(unit, Leaf)]
    if 1 < len(chain) == len(names) < 5:
        return "_".join(names)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind.strip("_"))
    return words.lower() if words.lower() not in OPS else f"{words.lower()}_block"


def plain(item: Item) -> bool:
    """Whether a step is an operator without a name of its own."""
    return isinstance(item.unit, Leaf) and (item.label is None or item.label.isdecimal())
