"""Shortcuts that only some of like parts have, in one form for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from archdsl.importing.draft import (
    HOLE,
    Chain,
    Either,
    Group,
    Item,
    Join,
    Leaf,
    Unit,
    Use,
    mapped,
    units,
)
from archdsl.shapes import Shape

NOTHING: Chain = ()
SUM = "+"


def adaptive(chains: list[Chain]) -> list[Chain]:
    """Where some parts add their input and others what fits it: `(identity or ...)`."""
    branches = [branch for chain in chains for join in sums(chain) for branch in join.branches]
    adapting = {form for branch in branches if (form := adapted(branch)) is not None}
    if NOTHING not in branches or len(adapting) != 1:
        return chains
    (form,) = adapting
    either: Chain = (Item(None, Either((NOTHING, form))),)

    def changed(branch: Chain) -> Chain:
        return either if branch == NOTHING or adapted(branch) == form else branch

    return [in_sums(chain, lambda branches: tuple(map(changed, branches))) for chain in chains]


def optional(chains: list[Chain]) -> list[Chain]:
    """Where some parts are added to their input and others stand alone: `(identity or none)`."""
    sides = {
        join.branches.index(NOTHING)
        for chain in chains
        if len(chain) == 1
        for join in sums(chain)
        if len(join.branches) == 2 and NOTHING in join.branches
    }
    if len(sides) != 1 or all(any(sums(chain)) for chain in chains):
        return chains
    (side,) = sides
    either: Chain = (Item(None, Either((NOTHING, None))),)

    def changed(chain: Chain) -> Chain:
        join = chain[0].unit
        alone = len(chain) == 1 and isinstance(join, Join) and NOTHING in join.branches
        body = join.branches[1 - side] if alone and isinstance(join, Join) else chain
        branches = (either, body) if side == 0 else (body, either)
        return (Item(None, Join(SUM, branches)),)

    return [changed(chain) for chain in chains]


def sums(chain: Chain) -> Iterator[Join]:
    """The sums in a part's own chain."""
    for item in chain:
        if isinstance(item.unit, Join) and item.unit.sign == SUM:
            yield item.unit


def in_sums(chain: Chain, change: Callable[[tuple[Chain, ...]], tuple[Chain, ...]]) -> Chain:
    """A chain with the branches of its sums changed."""
    return tuple(
        replace(item, unit=replace(item.unit, branches=change(item.unit.branches)))
        if isinstance(item.unit, Join) and item.unit.sign == SUM
        else item
        for item in chain
    )


def adapted(branch: Chain) -> Chain | None:
    """A shortcut with `_` for the stride and channels of its only convolution."""
    wide = [unit for unit in units(branch) if channels(unit)]
    if len(branch) != 1 or len(wide) != 1 or len(tuple(units(branch))) > 4:
        return None

    def solved(unit: Unit) -> Unit:
        if not isinstance(unit, (Leaf, Use)) or not channels(unit):
            return replace(unit, entry=Shape()) if isinstance(unit, Group) else unit
        names = ("stride", channels(unit))
        values = ((name, HOLE if name in names else value) for name, value in unit.values)
        return replace(unit, values=tuple(values))

    return mapped(branch, solved)


def channels(unit: Unit) -> str:
    """The argument that says how many channels a unit makes; empty where none does."""
    if isinstance(unit, (Leaf, Use)):
        return next((name for name, _ in unit.values if name in ("channels", "c")), "")
    return ""
