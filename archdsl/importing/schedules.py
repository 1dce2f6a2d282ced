"""Stochastic depth that grows from block to block, as one `schedule` line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isclose
from typing import Any

from archdsl.importing.draft import Chain, Draft, Group, Leaf, Schedule, Unit, mapped, units

CONTAINERS = ("", "Sequential", "ModuleList", "ModuleDict")
FAMILY = "regularisation"


def unscheduled(draft: Draft) -> tuple[Draft, Schedule] | None:
    """The draft without the probabilities that follow a rule, and the rule; None without one."""
    blocks = [unit for unit in units(draft.chain) if isinstance(unit, Group)]
    kinds = {block.kind for block in blocks if block.kind not in CONTAINERS and drops(block.chain)}
    uses = [block for block in blocks if block.kind in kinds]
    found = [[leaf.values[0][1] for leaf in drops(block.chain)] for block in uses]
    names = {leaf.kind.name for block in uses for leaf in drops(block.chain)}
    text = rule([(i, values[0]) for i, values in enumerate(found) if values], len(found))
    if not text or len(names) != 1 or max(map(len, found)) > 1:
        return None

    def change(unit: Unit) -> Unit:
        if isinstance(unit, Leaf) and unit.kind.name in names:
            return replace(unit, values=tuple((name, 0.5) for name, _ in unit.values))
        return unit

    return replace(draft, chain=mapped(draft.chain, change)), Schedule(
        tuple(kinds), names.pop(), text
    )


def drops(chain: Chain) -> list[Leaf]:
    """The operators in a block that drop something, with one number to say how often."""
    return [unit for unit in own(chain) if unit.kind.family == FAMILY and len(unit.values) == 1]


def own(chain: Chain) -> Iterator[Leaf]:
    """The operators of a block's own scope, branches included."""
    for item in chain:
        branches: Sequence[Any] = getattr(item.unit, "branches", ())
        for branch in branches:
            yield from own(branch)
        if isinstance(item.unit, Leaf):
            yield item.unit


def rule(values: list[tuple[int, float]], count: int) -> str:
    """The formula of `i` and `n` that gives such numbers, where one of two usual ones does."""
    for text, whole in (("n", count), ("(n - 1)", count - 1)):
        last, value = values[-1] if values else (0, 0.0)
        if not value or last == 0 or whole < 2:
            continue
        top = float(f"{value * whole / last:.9g}")
        if all(isclose(p, top * i / whole, abs_tol=1e-9) for i, p in values) and is_short(top):
            return f"{top:g}*i / {text}"
    return ""


def is_short(number: float) -> bool:
    """Whether a person would write it."""
    return len(f"{number:g}") <= 5 and isclose(number, float(f"{number:g}"), abs_tol=1e-9)
