"""What a summary's rows are: a network's entries with their figures.

A row with `x3` stands for three like copies and counts them all; the rows within it count one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from archdsl.field import Field
from archdsl.graph import Network
from archdsl.measure import Report
from archdsl.memory import Memory
from archdsl.outline import Entry, outline
from archdsl.records import dataclass
from archdsl.shapes import extents

LEVELS = ("block", "layer")


@dataclass(frozen=True)
class Figures:
    """What is known of each node of a network."""

    network: Network
    report: Report
    memory: Memory
    fields: Sequence[Field]


@dataclass(frozen=True)
class Line:
    """A row: an item at its depth with its figures; of copies, those of all.

    Costs are per sample; `memory` (of what it makes) and `kept` (by training) are bytes for the
    batch. `field` and `stride` are those of what leaves it, in positions of the input.
    """

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
    field: str = ""
    stride: str = ""


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
    field = figures.fields[entry.indices[-1] if entry.repeat > 1 else entry.end.index]
    return Line(
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
        field=along([reach.extent for reach in field.axes]),
        stride=along([reach.step for reach in field.axes]),
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
