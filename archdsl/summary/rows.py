"""What a summary's rows are: a network's entries with their figures.

A row with `x3` stands for three like copies and counts them all; the rows within it count one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from archdsl.graph import Network
from archdsl.measure import Report
from archdsl.outline import Entry, outline

LEVELS = ("block", "layer")


@dataclass(frozen=True)
class Line:
    """A row: an item at its depth with its figures, per sample; of copies, those of all."""

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


def lines(network: Network, report: Report, level: str) -> list[Line]:
    """A row for each item, with its figures."""
    return [line(entry, report, depth) for depth, entry in shown(outline(network), level)]


def shown(entries: Iterable[Entry], level: str, depth: int = 0) -> Iterator[tuple[int, Entry]]:
    """The items with their depths; blocks are closed on the level of blocks, groups are open."""
    for entry in entries:
        yield depth, entry
        if level == "layer" or (entry.scope is not None and entry.scope.kind == "group"):
            yield from shown(entry.children, level, depth + 1)


def indented(depth: int, name: str, repeat: int) -> str:
    """An item's name at its depth, with the number of like copies."""
    return "  " * depth + name + (f" x{repeat}" if repeat > 1 else "")


def flat(network: Network, report: Report, level: str) -> list[Line]:
    """A row for each block, or each layer, by its path; no groups, and nothing folded."""
    found = (line(entry, report, 0) for entry in leaves(outline(network, fold=False), level))
    return [replace(each, name=each.path) for each in found]


def leaves(entries: Iterable[Entry], level: str) -> Iterator[Entry]:
    for entry in entries:
        scope = entry.scope
        if scope is None or (level == "block" and scope.kind != "group"):
            yield entry
        else:
            yield from leaves(entry.children, level)


def line(entry: Entry, report: Report, depth: int) -> Line:
    """An entry's row."""
    rows = [report.rows[i] for i in entry.indices]
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
    )


def totals(report: Report) -> Line:
    """The last row: all of the network, training-only heads included."""
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
    )
