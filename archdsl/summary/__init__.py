"""Tables for people: a network by blocks or by layers, the zoo, and what differs.

A row with `x3` stands for three like copies and counts them all; the rows within it count one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.text import Text

from archdsl.diagnostics import printable
from archdsl.graph import Network
from archdsl.measure import Report, measure
from archdsl.outline import Entry, outline
from archdsl.summary.table import columns, drawn
from archdsl.zoo import Listed

LEVELS = ("block", "layer")
LONGEST = 44  # characters that say what an item is


@dataclass(frozen=True)
class Line:
    """A row of the table: an item at its depth with its figures, one copy's and all copies'."""

    depth: int
    name: str
    what: str
    shape: str
    repeat: int
    params: int
    macs: int


def summary(
    network: Network, level: str = "block", *, color: bool = False, width: int | None = None
) -> str:
    """The network as a table; `level` is `block`, or `layer` for what stands in the blocks too."""
    report = measure(network)
    table = columns("name", "what", "output", "params", "MACs")
    for line in lines(outline(network), report, level):
        copies = f" x{line.repeat}" if line.repeat > 1 else ""
        table.add_row(
            Text("  " * line.depth + line.name + copies),
            Text(line.what, "dim" if line.depth else ""),
            line.shape,
            figure(line.params),
            figure(line.macs),
        )
    table.add_section()
    table.add_row(
        "total",
        "",
        "",
        f"{report.params_with_heads:,}",
        f"{report.macs_with_heads:,}",
        style="bold",
    )
    title = f"{network.name} - {network.about}" if network.about else network.name
    parts = [printable(title), drawn(table, color, width), *closing(report)]
    return "\n".join(parts)


def zoo_table(networks: Iterable[Listed], *, color: bool = False, width: int | None = None) -> str:
    """The networks of the zoo as a table."""
    table = columns("network", "year", "params", "MACs", "about")
    for listed in networks:
        params, macs = f"{listed.params:,}", f"{listed.macs:,}"
        table.add_row(listed.name, listed.year, params, macs, Text(printable(listed.about)))
    return drawn(table, color, width)


def lines(entries: Iterable[Entry], report: Report, level: str, depth: int = 0) -> Iterator[Line]:
    """A row for each item; blocks are closed on the level of blocks, groups are open."""
    for entry in entries:
        rows = [report.rows[i] for i in entry.indices]
        yield Line(
            depth,
            entry.name,
            clipped(entry.what),
            str(entry.shape),
            entry.repeat,
            sum(row.params for row in rows),
            sum(row.macs for row in rows),
        )
        if level == "layer" or (entry.scope is not None and entry.scope.kind == "group"):
            yield from lines(entry.children, report, level, depth + 1)


def clipped(text: str) -> str:
    """A text that does not make its column too wide."""
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def figure(number: int) -> str:
    """A number for the table; nothing for nought."""
    return f"{number:,}" if number else ""


def closing(report: Report) -> Iterator[str]:
    """The sentences below the table."""
    if report.params_with_heads != report.params:
        yield f"without training-only heads: {report.params:,} params, {report.macs:,} MACs"
    if report.fixed:
        yield f"fixed constants: {report.fixed:,}"
    field = "x".join(map(str, report.receptive_field))
    stride = "x".join(map(str, report.stride))
    about = [f"{report.weight_layers} weight layers"]
    about += [f"receptive field {field} at stride {stride}"] if field else []
    yield ", ".join([*about, f"{report.elements:,} activations per sample"])
