"""What a person would add at the end: the number of classes as a parameter, and `96>128`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from archdsl.importing.draft import (
    Aux,
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
    stateful,
    units,
)
from archdsl.importing.printing import value_text
from archdsl.ops.base import REQUIRED

CLASSES = Formula("classes", plain=True)
WIDTH = "channels"


# ---- classes -------------------------------------------------------------------------------


def with_classes(draft: Draft) -> Draft:
    """The draft with the width of its last layer as a parameter, in its heads as well."""
    width = last_width(draft.chain)
    if not isinstance(width, int):
        return draft
    heads = [unit for unit in units(draft.chain) if isinstance(unit, Aux)]
    names = {use.name for head in heads for use in units(head.chain) if isinstance(use, Use)}
    changed = {
        each.name: replace(
            each, params=(*each.params, ("classes", REQUIRED)), chain=widened(each.chain)
        )
        for each in draft.definitions
        if each.name in names and last_width(each.chain) == width
    }

    def change(unit: Unit) -> Unit:
        if isinstance(unit, Aux) and last_width(unit.chain) == width:
            return Aux(widened(unit.chain))
        if isinstance(unit, Use) and unit.name in changed:
            return replace(unit, values=(*unit.values, ("classes", CLASSES)))
        return unit

    return replace(
        draft,
        chain=mapped(widened(draft.chain), change),
        definitions=tuple(changed.get(each.name, each) for each in draft.definitions),
        params=(("classes", width),),
    )


def last_width(chain: Chain) -> Any:
    """How many channels the last layer with weights makes; None where it is no plain layer."""
    last = next((item.unit for item in reversed(chain) if stateful(item.unit)), None)
    if isinstance(last, Group):
        return last_width(last.chain)
    return dict(last.values).get(WIDTH) if isinstance(last, Leaf) else None


def widened(chain: Chain) -> Chain:
    """A chain whose last layer makes so many channels as there are classes."""
    place = max(i for i, item in enumerate(chain) if stateful(item.unit))
    unit = chain[place].unit
    if isinstance(unit, Group):
        unit = replace(unit, chain=widened(unit.chain))
    elif isinstance(unit, Leaf):
        values = ((name, CLASSES if name == WIDTH else value) for name, value in unit.values)
        unit = replace(unit, values=tuple(values))
    return (*chain[:place], replace(chain[place], unit=unit), *chain[place + 1 :])


# ---- patterns ------------------------------------------------------------------------------


def with_patterns(draft: Draft) -> Draft:
    """The draft with the widths within one branch as a pattern, `b0>b`."""
    patterns = {each.name: [*branch_patterns(each)] for each in draft.definitions}

    def change(unit: Unit) -> Unit:
        if not isinstance(unit, Use):
            return unit
        return replace(unit, values=joined(unit.values, patterns[unit.name], in_call))

    definitions = tuple(
        replace(
            each,
            params=joined(each.params, patterns[each.name], in_header),
            chain=mapped(each.chain, change),
        )
        for each in draft.definitions
    )
    return replace(draft, chain=mapped(draft.chain, change), definitions=definitions)


def branch_patterns(definition: Definition) -> Iterator[tuple[str, ...]]:
    """The parameters that come first in the same branch, where there are several."""
    seen: set[str] = set()
    for unit in (item.unit for item in definition.chain):
        for branch in unit.branches if isinstance(unit, Join) and unit.sign == "|" else ():
            fresh = [name for name in names(branch) if name not in seen]
            seen.update(fresh)
            if len(fresh) > 1:
                yield tuple(fresh)


def names(chain: Chain) -> Iterator[str]:
    """The parameters that stand by themselves for widths, in the order of the text."""
    found = (
        value.text
        for unit in units(chain)
        if isinstance(unit, (Leaf, Use))
        for name, value in unit.values
        if isinstance(value, Formula) and value.text.rstrip("0123456789") == "c"
    )
    yield from dict.fromkeys(found)


def in_header(values: list[Any]) -> Any:
    return REQUIRED


def in_call(values: list[Any]) -> Any:
    return Formula(">".join(map(value_text, values)), plain=True)


def joined(pairs: tuple[tuple[str, Any], ...], patterns: Any, value: Any) -> Any:
    """Parameters or arguments with those of a pattern as one."""
    given = dict(pairs)
    for pattern in patterns:
        first = {pattern[0]: (">".join(pattern), value([given[name] for name in pattern]))}
        given = {
            new: content
            for name, old in given.items()
            if name not in pattern[1:]
            for new, content in [first.get(name, (name, old))]
        }
    return tuple(given.items())
