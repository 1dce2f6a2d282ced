"""What a comparison finds, as values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Literal

from archdsl.graph import Network
from archdsl.measure import Report, Row
from archdsl.memory import Memory
from archdsl.outline import Entry
from archdsl.records import dataclass

Change = Literal["equal", "changed", "added", "removed"]


@dataclass(frozen=True)
class Figures:
    """What adds up, per sample: parameters, multiply-accumulates, elements of activations."""

    params: int = 0
    macs: int = 0
    elements: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.params + other.params, self.macs + other.macs, self.elements + other.elements
        )

    def __sub__(self, other: Figures) -> Figures:
        return Figures(
            self.params - other.params, self.macs - other.macs, self.elements - other.elements
        )


def total(rows: Iterable[Row]) -> Figures:
    """The figures of some operators together."""
    return sum((Figures(row.params, row.macs, row.elements) for row in rows), Figures())


@dataclass(frozen=True)
class Difference:
    """A fact that is another in the two networks: `size`, `11x11` and `7x7`.

    It is `worded` where the item's own words, or its shape, say it.
    """

    name: str
    before: str
    after: str
    worded: bool = False


@dataclass(frozen=True)
class Side:
    """An item as it stands in one of the networks; of `repeat` like copies the first.

    The figures are those of all copies. Receptive field and stride are in input positions, one
    number per spatial axis, as they are behind the last copy; empty where position is lost.
    """

    entry: Entry = field(repr=False)
    figures: Figures
    receptive_field: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """An item of one network, or one of each that belong together.

    `children` are the steps within the first copy of a block that is not the same in both.
    """

    before: Side | None
    after: Side | None
    differences: tuple[Difference, ...] = ()
    children: tuple[Step, ...] = ()

    @property
    def change(self) -> Change:
        """What became of the item."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        within = any(child.change != "equal" for child in self.children)
        return "changed" if self.differences or within else "equal"

    @property
    def side(self) -> Side:
        """The item as it is now, or as it was before it was removed."""
        side = self.after or self.before
        assert side is not None
        return side

    @property
    def delta(self) -> Figures:
        """By how much the figures of all copies grow."""
        after = self.after.figures if self.after else Figures()
        return after - (self.before.figures if self.before else Figures())


@dataclass(frozen=True)
class Diff:
    """All that differs between two networks.

    `differences` are those of the networks as such: what they return and how weights start.
    `memories` are those of a sample in fp32, trained with adam.
    `renamed` is how many of the operators that have weights, and stand in both, are called
    otherwise: their keys in the state_dict differ.
    """

    names: tuple[str, str]
    networks: tuple[Network, Network] = field(repr=False)
    reports: tuple[Report, Report] = field(repr=False)
    memories: tuple[Memory, Memory] = field(repr=False)
    steps: tuple[Step, ...]
    differences: tuple[Difference, ...]
    renamed: int

    @property
    def equal(self) -> bool:
        """Whether the networks are the same, down to the keys of their state_dicts."""
        changed = any(step.change != "equal" for step in self.steps)
        return not (changed or self.differences or self.renamed)

    @property
    def totals(self) -> tuple[Figures, Figures]:
        """The figures of both networks, heads that exist in training only included."""
        before, after = self.reports
        return total(before.rows), total(after.rows)

    def counts(self) -> dict[Change, int]:
        """How many operators and closed blocks there are of each change, copies counted."""
        return counts(self.steps)


def together(steps: Iterable[Step]) -> str:
    """What equal steps are in one: `12 equal layers`, where there are blocks among them `items`."""
    entries = [step.side.entry for step in steps]
    count = sum(entry.repeat for entry in entries)
    leaves = {entry.node is not None for entry in entries}
    word = "item" if len(leaves) > 1 else "layer" if True in leaves else "block"
    return f"{count:,} equal {word}{'' if count == 1 else 's'}"


def counts(steps: Iterable[Step]) -> dict[Change, int]:
    """How many operators and closed blocks there are of each change, copies counted."""
    found: dict[Change, int] = {}
    for step, copies in counted(steps, 1):
        found[step.change] = found.get(step.change, 0) + copies
    return found


def counted(steps: Iterable[Step], copies: int) -> Iterator[tuple[Step, int]]:
    """The innermost steps, with the number of copies that they stand for."""
    for step in steps:
        repeat = copies * step.side.entry.repeat
        if step.children:
            yield from counted(step.children, repeat)
        else:
            yield step, repeat
