"""Repeats as stacks: the same block again and again, the first with a stride perhaps."""

from __future__ import annotations

import re
from dataclasses import replace

from archdsl.importing.draft import Chain, Draft, Group, Item, Join, Stack, Unit, Use, mapped

NUMBERED = re.compile(r"(.*?)(\d+)")


def stacked(draft: Draft) -> Draft:
    """A draft with its repeats as stacks."""
    definitions = tuple(replace(each, chain=deep(each.chain)) for each in draft.definitions)
    return replace(draft, chain=deep(draft.chain), definitions=definitions)


def deep(chain: Chain) -> Chain:
    """A chain with the repeats in it and in all that it consists of as stacks."""

    def change(unit: Unit) -> Unit:
        match unit:
            case Group():
                return replace(unit, chain=flat(unit.chain))
            case Join():
                return replace(unit, branches=tuple(map(flat, unit.branches)))
        return unit

    return flat(mapped(chain, change))


def flat(chain: Chain) -> Chain:
    """A chain with the repeats of its own steps as stacks."""
    found: list[Item] = []
    rest = [*chain]
    while rest:
        count = 1
        while count < len(rest) and continues(rest[0], rest[count], count):
            count += 1
        found.append(stack(rest[0], count) if count > 1 else rest[0])
        del rest[:count]
    return tuple(found)


def continues(first: Item, item: Item, count: int) -> bool:
    """Whether a step is the same as the first, so many places before it, without its stride."""
    return (
        isinstance(first.unit, Use)
        and isinstance(item.unit, Use)
        and item.unit == (first.unit if first.unit.groups else unstrided(first.unit))
        and follows(first.label, item.label, count)
    )


def unstrided(use: Use) -> Use:
    """A call as the later copies of a stack have it."""
    return replace(use, values=tuple((n, 1 if n == "stride" else v) for n, v in use.values))


def follows(first: str | None, label: str | None, count: int) -> bool:
    """Whether labels count up, from 0 or 1 where they are words with a number; or are none."""
    if first is None and label is None:
        return True
    one, other = (NUMBERED.fullmatch(each or "") for each in (first, label))
    if one is None or other is None or one[1] != other[1]:
        return False
    begins = not one[1] or one[2] in ("0", "1")
    return begins and int(other[2]) == int(one[2]) + count and other[2] == str(int(other[2]))


def stack(first: Item, count: int) -> Item:
    """A step so many times."""
    found = NUMBERED.fullmatch(first.label or "")
    if found is None or not found[1]:
        return Item(first.label, Stack(first.unit, count))
    return Item(found[1], Stack(first.unit, count, int(found[2])))
