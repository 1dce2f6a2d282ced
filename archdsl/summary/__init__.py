"""Tables for people: a network by blocks or by layers, and the zoo.

`rows` are what there is to tell, `columns` what can be shown of each; `table` draws them for a
terminal, `texts` for other programs and for papers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archdsl.diagnostics import printable
from archdsl.graph import Network
from archdsl.measure import Report
from archdsl.summary.columns import USUAL, Column, chosen
from archdsl.summary.rows import LEVELS, Line, flat, lines, totals
from archdsl.summary.table import drawn, plain, table
from archdsl.summary.texts import as_json, comma_separated, markdown, tabular
from archdsl.zoo import Listed

__all__ = ["FORMATS", "LEVELS", "summary", "zoo_table"]

TEXTS = {"md": markdown, "csv": comma_separated, "json": as_json, "latex": tabular}
FORMATS = ("table", *TEXTS)


def summary(
    network: Network,
    report: Report,
    level: str = "block",
    *,
    unit: str = "MACs",
    columns: Iterable[str] = USUAL,
    sort: str | None = None,
    format: str = "table",
    color: bool = False,
    width: int | None = None,
) -> str:
    """The network as a table; `level` is `block`, or `layer` for what stands in the blocks too.

    The report may count costs in another `unit` than MACs. With `sort`, the blocks or layers by a
    column, the largest first; `format` is one of `FORMATS`.
    """
    shown = chosen(columns, unit)
    rows = ranked(network, report, level, sort) if sort else lines(network, report, level)
    total = totals(report)
    wholes = {"params": total.params, "macs": total.macs, "activations": total.activations}
    if format != "table":
        return TEXTS[format](shown, rows, total, wholes)
    body = terminal(shown, rows, total, wholes, color, width)
    title = f"{network.name} - {network.about}" if network.about else network.name
    return "\n".join([printable(title), body, *closing(report, unit)])


def ranked(network: Network, report: Report, level: str, sort: str) -> list[Line]:
    """The blocks or layers by a column, the largest first."""
    (column,) = chosen([sort])
    rows = flat(network, report, level)
    return sorted(rows, key=lambda line: getattr(line, column.field), reverse=column.right)


def terminal(
    columns: Sequence[Column],
    rows: Sequence[Line],
    total: Line,
    wholes: dict[str, int],
    color: bool,
    width: int | None,
) -> str:
    """The rows for a person at a terminal."""
    made = table((column.heading, column.right) for column in columns)
    for line in rows:
        look = "dim" if line.depth else ""
        cells = [(column, column.cell(line, wholes)) for column in columns]
        made.add_row(
            *(plain(cell, look if column.name == "what" else "") for column, cell in cells)
        )
    made.add_section()
    made.add_row(*(plain(c.cell(total, wholes)) for c in columns), style="bold")
    return drawn(made, color, width)


def zoo_table(networks: Iterable[Listed], *, color: bool = False, width: int | None = None) -> str:
    """The networks of the zoo as a table."""
    headings = (
        ("network", False),
        ("year", False),
        ("params", True),
        ("MACs", True),
        ("about", False),
    )
    made = table(headings)
    for listed in networks:
        figures = f"{listed.params:,}", f"{listed.macs:,}"
        made.add_row(listed.name, listed.year, *figures, plain(printable(listed.about)))
    return drawn(made, color, width)


def closing(report: Report, unit: str) -> Iterator[str]:
    """The sentences below the table."""
    if report.params_with_heads != report.params:
        yield f"without training-only heads: {report.params:,} params, {report.macs:,} {unit}"
    if unit != "MACs":
        yield f"costs are {unit}, not the MACs of papers: see docs/counting.md"
    if report.fixed:
        yield f"fixed constants: {report.fixed:,}"
    field = "x".join(map(str, report.receptive_field))
    stride = "x".join(map(str, report.stride))
    about = [f"{report.weight_layers} weight layers"]
    about += [f"receptive field {field} at stride {stride}"] if field else []
    yield ", ".join([*about, f"{report.elements:,} activations per sample"])
