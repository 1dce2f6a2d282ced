"""Layers without names that come again and again in a group, as a `let` that is stacked.

A layer is something with weights and the norms and activations behind it, `conv 3x3 c > relu`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from archdsl.importing.draft import Chain, Draft, Group, Item, Leaf, Unit, mapped, units
from archdsl.importing.stacking import stacked
from archdsl.importing.templates import common, plain, skeleton

FOLLOWING = ("norm", "activation")
SAVED = 3  # copies that a stack must save before a name for the layer pays


def with_layers(draft: Draft) -> Draft:
    """The draft with such layers as stacks, in the first group where that pays."""
    groups = (unit for unit in units(draft.chain) if isinstance(unit, Group))
    return next((found for group in groups if (found := in_group(draft, group))), draft)


def in_group(draft: Draft, group: Group) -> Draft | None:
    """The draft with the most frequent layer of a group as a `let`; None where none pays."""
    runs = [*layers(group.chain)]
    bare = [skeleton(run) for run in runs]
    keys = [each.chain for each in bare if len(each.chain) > 1]
    most = max(keys, key=keys.count, default=())
    alike = [each for each in bare if each.chain == most]
    repeats = sum(one == other and one.chain == most for one, other in pairwise(bare))
    if repeats < SAVED:
        return None
    definition, uses = common(draft, group.kind, alike, (0,) * len(alike), splices=True)
    found = dict(zip(alike, uses, strict=True))
    chain: list[Item] = []
    for run, each in zip(runs, bare, strict=True):
        chain += [Item(None, found[each])] if each in found else run
    changed = replace(group, chain=tuple(chain))

    def change(unit: Unit) -> Unit:
        return changed if unit == group else unit

    definitions = (*draft.definitions, definition)
    return stacked(replace(draft, chain=mapped(draft.chain, change), definitions=definitions))


def layers(chain: Chain) -> Iterator[Chain]:
    """A chain cut into layers and what stands between them; what has a number needs none."""
    run: list[Item] = []
    for item in chain:
        unit = item.unit
        follows = isinstance(unit, Leaf) and unit.kind.family in FOLLOWING and plain(item)
        if run and not follows:
            yield tuple(run)
            run = []
        if plain(item):
            item = replace(item, label=None)
        if run or (isinstance(unit, Leaf) and unit.state and plain(item)):
            run.append(item)
        else:
            yield (item,)
    if run:
        yield tuple(run)
