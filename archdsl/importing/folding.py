"""Like parts of a draft as one block with parameters, and repeats as stacks.

Parts of one class are alike where they differ in numbers only. What only some of them have, a
shortcut that adapts or one at all, is brought to one form with `or` before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace

from archdsl.importing.draft import Chain, Draft, Group, Unit, mapped, units
from archdsl.importing.finishing import with_classes, with_patterns
from archdsl.importing.layers import with_layers
from archdsl.importing.shortcuts import adaptive, optional
from archdsl.importing.stacking import stacked
from archdsl.importing.templates import Skeleton, common, skeleton

CONTAINERS = ("", "Sequential", "ModuleList", "ModuleDict")
Form = Callable[[list[Chain]], list[Chain]]
FORMS: tuple[Form, ...] = (lambda chains: optional(adaptive(chains)), adaptive, list)


def folded(draft: Draft, same: Callable[[Draft], bool], every: Collection[str] = ()) -> Draft:
    """The draft with as much folded as leaves it the same network; `every` part of some classes."""
    for kind in kinds(draft.chain):
        for form in FORMS:
            found = stacked(defined(draft, kind, form, 1 if kind in every else 2))
            if len(found.definitions) > len(draft.definitions) and same(found):
                draft = found
                break
    for step in (with_layers, with_classes, with_patterns):
        found = step(draft)
        if found != draft and same(found):
            draft = found
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


def defined(draft: Draft, kind: str, form: Form, least: int) -> Draft:
    """The draft with the parts of a class as uses of blocks, wherever so many are alike."""
    count = Counter(u for u in units(draft.chain) if isinstance(u, Group) and u.kind == kind)
    alike: dict[Chain, list[tuple[Group, Skeleton]]] = {}
    for group, chain in zip(count, form([group.chain for group in count]), strict=True):
        formed = skeleton(chain)
        alike.setdefault(formed.chain, []).append((group, formed))
    uses: dict[Unit, Unit] = {}
    for members in alike.values():
        groups = [group for group, _ in members]
        if sum(count[group] for group in groups) >= least:
            entries = tuple(group.entry.channels for group in groups)
            bare = [skeleton(group.chain) for group in groups]
            if len({each.chain for each in bare}) > 1:  # they are alike in the new form only
                bare = [formed for _, formed in members]
            definition, found = common(draft, kind, bare, entries)
            draft = replace(draft, definitions=(*draft.definitions, definition))
            uses.update(zip(groups, found, strict=True))
    return replace(draft, chain=mapped(draft.chain, lambda unit: uses.get(unit, unit)))
