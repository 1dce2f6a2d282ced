"""Like parts of a draft as one block with parameters, and repeats as stacks.

Parts of one class are alike where they differ in numbers only. What only some of them have, a
shortcut that adapts or one at all, is brought to one form with `or` before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from archdsl.importing.draft import (
    Chain,
    Definition,
    Draft,
    Formula,
    Group,
    Join,
    Leaf,
    Unit,
    Use,
    mapped,
    units,
)
from archdsl.importing.shortcuts import adaptive, optional
from archdsl.importing.solving import Slot, solve
from archdsl.importing.stacking import stacked
from archdsl.naming import unique
from archdsl.ops import OPS
from archdsl.shapes import Shape

CONTAINERS = ("", "Sequential", "ModuleList", "ModuleDict")
PLACE = Formula("?")  # where a number was
Form = Callable[[list[Chain]], list[Chain]]
FORMS: tuple[Form, ...] = (lambda chains: optional(adaptive(chains)), adaptive, list)


def folded(draft: Draft, same: Callable[[Draft], bool]) -> Draft:
    """The draft with as much folded as leaves it the same network."""
    for kind in kinds(draft.chain):
        for form in FORMS:
            found = stacked(defined(draft, kind, form))
            if len(found.definitions) > len(draft.definitions) and same(found):
                draft = found
                break
    return draft


def kinds(chain: Chain) -> list[str]:
    """The classes of modules with parts, those within others first."""
    heights: dict[str, int] = {}
    for unit in units(chain):
        if isinstance(unit, Group) and unit.kind not in CONTAINERS and unit.state:
            heights[unit.kind] = max(heights.get(unit.kind, 0), height(unit))
    return sorted(heights, key=heights.__getitem__)


def height(group: Group) -> int:
    """How deep parts nest in a part."""
    return 1 + max((height(u) for u in units(group.chain) if isinstance(u, Group)), default=0)


# ---- definitions ---------------------------------------------------------------------------


def defined(draft: Draft, kind: str, form: Form) -> Draft:
    """The draft with the parts of a class as uses of blocks, wherever two at least are alike."""
    parts = [unit for unit in units(draft.chain) if isinstance(unit, Group) and unit.kind == kind]
    count = Counter(parts)
    groups = [*count]
    clusters: dict[Chain, list[tuple[Group, list[Any]]]] = {}
    slots: dict[Chain, list[Slot]] = {}
    for group, chain in zip(groups, form([group.chain for group in groups]), strict=True):
        places, values, key = skeleton(chain)
        clusters.setdefault(key, []).append((group, values))
        slots[key] = places
    uses: dict[Unit, Unit] = {}
    definitions = [*draft.definitions]
    for key, members in clusters.items():
        if sum(count[group] for group, _ in members) < 2:
            continue
        columns = [*zip(*(values for _, values in members), strict=True)]
        solution = solve(slots[key], columns, tuple(group.entry.channels for group, _ in members))
        name = free_name(kind, [each.name for each in definitions])
        is_let = by_position(key)
        chain = with_formulas(key, solution.formulas)
        definitions.append(Definition(name, is_let, solution.params, chain))
        for i, (group, _) in enumerate(members):
            uses[group] = Use(name, solution.values(i), is_let)
    chain = mapped(draft.chain, lambda unit: uses.get(unit, unit))
    return replace(draft, chain=chain, definitions=tuple(definitions))


def by_position(chain: Chain) -> bool:
    """Whether something in a scope bears a number for a name."""
    for item in chain:
        if item.label is not None and item.label.isdecimal():
            return True
        if isinstance(item.unit, Join) and any(map(by_position, item.unit.branches)):
            return True
    return False


def free_name(kind: str, taken: list[str]) -> str:
    """A class's name as blocks have it: `BasicBlock` is `basic_block`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind.strip("_"))
    name = words.lower()
    return unique(f"{name}_block" if name in OPS else name, taken)


def skeleton(chain: Chain) -> tuple[list[Slot], list[Any], Chain]:
    """The places of a chain's numbers, the numbers, and the chain without them."""
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
    return slots, values, key


def sort(unit: Leaf | Use, name: str, value: Any) -> str:
    """What kind of number stands as an argument; empty where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, tuple)):
        return ""
    if isinstance(unit, Use):
        return {tuple: "size", float: "number"}.get(type(value), "count")
    kinds = {field.name: field.metadata["kind"] for field in unit.kind.arguments().values()}
    return kinds[name] if kinds[name] in ("size", "count", "number") else ""


def with_formulas(key: Chain, formulas: list[Any]) -> Chain:
    """A chain with its places filled in the order of `skeleton`."""
    left = iter(formulas)

    def fill(unit: Unit) -> Unit:
        if not isinstance(unit, (Leaf, Use)):
            return unit
        values = ((name, next(left) if value is PLACE else value) for name, value in unit.values)
        return replace(unit, values=tuple(values))

    return mapped(key, fill)
