"""What a summary's rows are: a network's entries with their figures.

A row with `x3` stands for three like copies and counts them all; the rows within it count one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from archdsl.field import Field, Reaches, fields
from archdsl.graph import Network
from archdsl.measure import Report
from archdsl.memory import Memory
from archdsl.outline import Entry, outline
from archdsl.records import cached_property, dataclass
from archdsl.shapes import extents

LEVELS = ("block", "layer")


@dataclass(frozen=True)
class Figures:
    """What is known of each node of a network."""

    network: Network
    report: Report
    memory: Memory

    @cached_property
    def fields(self) -> Sequence[Field]:
        """What each node sees; worked out for the columns that show it."""
        return fields(self.network)


@dataclass(frozen=True)
class Line:
    """A row: an item at its depth with its figures; of copies, those of all.

    Costs are per sample; `memory` (of what it makes) and `kept` (by training) are bytes for the
    batch. `exit` is the node that makes what leaves it, if it is no total.
    """

    figures: Figures
    exit: int | None
    depth: int
    name: str
    path: str
    what: str
    output: str
    repeat: int
    training_only: bool
    params: int
    macs: int
    activations: int
    memory: int
    kept: int

    @property
    def field(self) -> str:
        """The receptive field of what leaves it, in positions of the input."""
        return along([reach.extent for reach in self.axes])

    @property
    def stride(self) -> str:
        """The stride of what leaves it, in positions of the input."""
        return along([reach.step for reach in self.axes])

    @property
    def axes(self) -> Reaches:
        """What the tensor that leaves it sees, per spatial axis."""
        return () if self.exit is None else self.figures.fields[self.exit].axes


def lines(figures: Figures, level: str) -> list[Line]:
    """A row for each item, with its figures."""
    found = shown(outline(figures.network), level)
    return [line(entry, figures, depth) for depth, entry in found]


def shown(entries: Iterable[Entry], level: str, depth: int = 0) -> Iterator[tuple[int, Entry]]:
    """The items with their depths; blocks are closed on the level of blocks, groups are open."""
    for entry in entries:
        yield depth, entry
        if level == "layer" or (entry.scope is not None and entry.scope.kind == "group"):
            yield from shown(entry.children, level, depth + 1)


def indented(depth: int, name: str, repeat: int) -> str:
    """An item's name at its depth, with the number of like copies."""
    return "  " * depth + name + (f" x{repeat}" if repeat > 1 else "")


def flat(figures: Figures, level: str) -> list[Line]:
    """A row for each block, or each layer, by its path; no groups, and nothing folded."""
    entries = leaves(outline(figures.network, fold=False), level)
    found = (line(entry, figures, 0) for entry in entries)
    return [replace(each, name=each.path) for each in found]


def leaves(entries: Iterable[Entry], level: str) -> Iterator[Entry]:
    for entry in entries:
        scope = entry.scope
        if scope is None or (level == "block" and scope.kind != "group"):
            yield entry
        else:
            yield from leaves(entry.children, level)


def line(entry: Entry, figures: Figures, depth: int) -> Line:
    """An entry's row."""
    rows = [figures.report.rows[i] for i in entry.indices]
    bytes_ = [figures.memory.rows[i] for i in entry.indices]
    return Line(
        figures=figures,
        exit=entry.indices[-1] if entry.repeat > 1 else entry.end.index,
        depth=depth,
        name=entry.name,
        path=entry.path,
        what=entry.what,
        output=str(entry.shape),
        repeat=entry.repeat,
        training_only=all(row.training_only for row in rows),
        params=sum(row.params for row in rows),
        macs=sum(row.macs for row in rows),
        activations=sum(row.elements for row in rows),
        memory=sum(row.output for row in bytes_),
        kept=sum(row.kept for row in bytes_),
    )


def along(axes: Sequence[int]) -> str:
    """A number for each axis, or one where they are alike."""
    if not axes:
        return ""
    return f"{axes[0]}" if len(set(axes)) == 1 else extents(tuple(axes))


def totals(figures: Figures) -> Line:
    """The last row: all of the network, training-only heads included."""
    report, memory = figures.report, figures.memory
    return Line(
        figures=figures,
        exit=None,
        depth=0,
        name="total",
        path="total",
        what="",
        output="",
        repeat=1,
        training_only=False,
        params=report.params_with_heads,
        macs=report.macs_with_heads,
        activations=sum(row.elements for row in report.rows),
        memory=sum(row.output for row in memory.rows),
        kept=memory.kept,
    )
