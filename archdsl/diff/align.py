"""Which items of two scopes belong together: the pairing in order that costs the least."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from archdsl.diagnostics import mistake
from archdsl.diff.branches import branches
from archdsl.graph import Node
from archdsl.ops import Op
from archdsl.outline import Entry, Part
from archdsl.records import dataclass

# What a pairing costs. Two items in one network each are dearer than a changed one, whose
# arguments tell how much it has changed; where an item stands decides between equals.
ALONE = 100  # an item that only one of the networks has
LABEL, WEIGHTS = 20, 20  # more, where its author gave it a name, and where it has weights
SHIFTED = 10  # the same words at other shapes
CHANGED, ARGUMENT, MOST = 30, 10, 90  # other arguments: the first, each more, and the bound
EXCHANGED = 130  # another operator of its family, or another block under its label
NEVER = 2 * (ALONE + LABEL + WEIGHTS) + 1
PATH, BRANCH = 5, 10  # another path, another branch of a join
MAX_CELLS = 4_000_000  # some seconds


@dataclass(frozen=True)
class Spot:
    """A part of a network, and the branch of a join that it stands in."""

    part: Part
    branch: int

    @property
    def entry(self) -> Entry:
        return self.part.entry

    @property
    def alone(self) -> int:
        """What it costs that it stands in one network only."""
        place = self.entry.place
        op = place.op if isinstance(place, Node) else None
        word = place.op.name if isinstance(place, Node) else place.definition
        labelled = not re.fullmatch(rf"(?:{re.escape(word)}(?:_\d+)?|\d+)", place.name)
        weighs = op is None or op.family in ("conv", "linear")
        return ALONE + LABEL * labelled + WEIGHTS * weighs


Matched = tuple[Part | None, Part | None]


def align(before: Sequence[Part], after: Sequence[Part]) -> list[Matched]:
    """Parts of two networks in pairs, in their order; what is alone stands with None.

    Of several pairings that cost the same, the choice does not depend on which network is first.
    """
    old, new = spots(before), spots(after)
    if words(new) < words(old):
        turned = Alignment(new, old).pairs()
        return tidy([(one, other) for other, one in turned])
    return tidy(Alignment(old, new).pairs())


def spots(parts: Sequence[Part]) -> list[Spot]:
    """Parts with their branches."""
    return [Spot(part, branch) for part, branch in zip(parts, branches(parts), strict=True)]


def words(side: Sequence[Spot]) -> list[tuple[str, str]]:
    """What a reader sees of one side."""
    return [(spot.entry.what, spot.entry.path) for spot in side]


def tidy(pairs: Sequence[Matched]) -> list[Matched]:
    """The pairs, and in each gap between them what was removed before what was added."""
    found: list[Matched] = []
    added: list[Matched] = []
    for pair in pairs:
        if pair[0] is None:
            added.append(pair)
            continue
        if pair[1] is not None:
            found += added
            added = []
        found.append(pair)
    return found + added


class Alignment:
    """The cheapest pairing of two sides, by the costs of all pairings of their ends."""

    def __init__(self, old: Sequence[Spot], new: Sequence[Spot]) -> None:
        self.old, self.new = old, new
        self.known: dict[tuple[int, int, bool], int] = {}

    def pairs(self) -> list[Matched]:
        """The pairs; what is the same at both ends needs no search."""
        old, new = self.old, self.new
        shorter = min(len(old), len(new))
        head = 0
        while head < shorter and self.cost(old[head], new[head]) == 0:
            head += 1
        tail = 0
        while tail < shorter - head and self.cost(old[-1 - tail], new[-1 - tail]) == 0:
            tail += 1
        middle = self.searched(old[head : len(old) - tail], new[head : len(new) - tail])
        first = zip(old[:head], new[:head], strict=True)
        last = zip(old[len(old) - tail :], new[len(new) - tail :], strict=True)
        same: list[list[Matched]] = [[(a.part, b.part) for a, b in ends] for ends in (first, last)]
        return [*same[0], *middle, *same[1]]

    def searched(self, old: Sequence[Spot], new: Sequence[Spot]) -> list[Matched]:
        """The cheapest pairs of two stretches."""
        if len(old) * len(new) > MAX_CELLS:
            raise mistake(
                "limit",
                "more items that differ stand in one scope than can be aligned",
                help="blocks make a network one that can be compared, and read",
            )
        lone = [spot.alone for spot in old]
        costs = self.costs(old, new, lone)
        found: list[Matched] = []
        i, j = 0, 0
        while i < len(old) or j < len(new):
            both = i < len(old) and j < len(new)
            if both and costs[i][j] == self.cost(old[i], new[j]) + costs[i + 1][j + 1]:
                found.append((old[i].part, new[j].part))
                i, j = i + 1, j + 1
            elif i < len(old) and costs[i][j] == lone[i] + costs[i + 1][j]:
                found.append((old[i].part, None))
                i += 1
            else:
                found.append((None, new[j].part))
                j += 1
        return found

    def costs(
        self, old: Sequence[Spot], new: Sequence[Spot], lone: Sequence[int]
    ) -> list[list[int]]:
        """What the rest costs from each item of the one and of the other on."""
        lonely = [spot.alone for spot in new]
        rows = [[*accumulate(reversed(lonely), initial=0)][::-1]]
        for one, dropped in zip(reversed(old), reversed(lone), strict=True):
            below = rows[-1]
            row = [below[-1] + dropped]
            for j in range(len(new) - 1, -1, -1):
                paired = self.cost(one, new[j]) + below[j + 1]
                row.append(min(paired, dropped + below[j], lonely[j] + row[-1]))
            rows.append(row[::-1])
        return rows[::-1]

    def cost(self, one: Spot, other: Spot) -> int:
        """What it costs to take two items for one."""
        same_name = one.entry.name == other.entry.name
        key = one.part.likeness, other.part.likeness, same_name
        if key not in self.known:
            alike = key[0] == key[1]
            self.known[key] = 0 if alike else unlikeness(one.entry, other.entry, same_name)
        elsewhere = one.entry.path != other.entry.path
        return self.known[key] + PATH * elsewhere + BRANCH * (one.branch != other.branch)


def unlikeness(one: Entry, other: Entry, same_name: bool) -> int:
    """What it costs that two items are not alike."""
    if one.node is not None and other.node is not None:
        return change(one.node.op, other.node.op)
    if one.scope is None or other.scope is None:
        return NEVER
    if one.scope.definition != other.scope.definition:
        return EXCHANGED if same_name else NEVER
    return CHANGED if one.what == other.what else CHANGED + ARGUMENT


def change(one: Op, other: Op) -> int:
    """What it costs to take one operator for another."""
    if one == other:
        return SHIFTED
    if type(one) is not type(other):
        return EXCHANGED if one.family == other.family else NEVER
    return min(MOST, CHANGED + ARGUMENT * len(changed_arguments(one, other)))


def changed_arguments(one: Op, other: Op) -> list[str]:
    """The names of the arguments in which two operators of a kind differ."""
    return [
        name
        for name, field in one.arguments().items()
        if getattr(one, field.name) != getattr(other, field.name)
    ]
