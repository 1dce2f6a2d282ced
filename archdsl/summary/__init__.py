"""Tables for people: a network by blocks or by layers, and the zoo.

`rows` are what there is to tell, `columns` what can be shown of each; `table` draws them for a
terminal, `texts` for other programs and for papers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archdsl.diagnostics import printable
from archdsl.graph import Network
from archdsl.measure import Report
from archdsl.memory import Memory, memory
from archdsl.summary.columns import SUMS, USUAL, Column, byte_text, chosen
from archdsl.summary.rows import LEVELS, Figures, Line, flat, lines, totals
from archdsl.summary.sizes import sizes_text
from archdsl.summary.table import Table, styled
from archdsl.summary.texts import as_json, comma_separated, markdown, tabular
from archdsl.zoo import Listed

__all__ = ["FORMATS", "LEVELS", "sizes_text", "summary", "zoo_table"]

TEXTS = {"md": markdown, "csv": comma_separated, "json": as_json, "latex": tabular}
FORMATS = ("table", *TEXTS)


def summary(
    network: Network,
    report: Report,
    level: str = "block",
    *,
    unit: str = "MACs",
    batch: int = 1,
    dtype: str = "fp32",
    optimizer: str = "adam",
    card: int | None = None,
    columns: Iterable[str] = USUAL,
    sort: str | None = None,
    format: str = "table",
    color: bool = False,
    width: int | None = None,
) -> str:
    """The network as a table; `level` is `block`, or `layer` for what stands in the blocks too.

    The report may count costs in another `unit` than MACs. Bytes are those of a batch in a type of
    numbers, trained by an optimizer; `card` is the memory of a device that they may have to fit,
    in bytes. With `sort`, the blocks or layers by a column, the largest first; `format` is one of
    `FORMATS`.
    """
    needed = memory(network, batch, dtype, optimizer)
    figures = Figures(network, report, needed)
    shown = chosen(columns, unit)
    rows = ranked(figures, level, sort) if sort else lines(figures, level)
    total = totals(figures)
    wholes = {field: getattr(total, field) for field in SUMS}
    if format != "table":
        return TEXTS[format](shown, rows, total, wholes)
    body = terminal(shown, rows, total, wholes, color, width)
    title = f"{network.name} - {network.about}" if network.about else network.name
    return "\n".join([printable(title), body, *closing(report, unit), *needs(needed, card)])


def ranked(figures: Figures, level: str, sort: str) -> list[Line]:
    """The blocks or layers by a column, the largest first."""
    (column,) = chosen([sort])
    rows = flat(figures, level)
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
    made = Table((column.heading, column.right) for column in columns)
    for line in rows:
        look = "dim" if line.depth else ""
        cells = [(column, column.cell(line, wholes)) for column in columns]
        made.add_row(
            *(styled(cell, look) if column.name == "what" else cell for column, cell in cells)
        )
    made.add_section()
    made.add_row(*(c.cell(total, wholes) for c in columns), style="bold")
    return made.drawn(color, width)


def zoo_table(networks: Iterable[Listed], *, color: bool = False, width: int | None = None) -> str:
    """The networks of the zoo as a table."""
    headings = (
        ("network", False),
        ("year", False),
        ("params", True),
        ("MACs", True),
        ("about", False),
    )
    made = Table(headings)
    for listed in networks:
        figures = f"{listed.params:,}", f"{listed.macs:,}"
        made.add_row(listed.name, listed.year, *figures, printable(listed.about))
    return made.drawn(color, width)


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


def needs(memory: Memory, card: int | None) -> Iterator[str]:
    """The bytes that it takes to run and to train, and whether a card has them."""
    weights = byte_text(memory.parameters + memory.buffers)
    yield f"for a batch of {memory.batch} in {memory.dtype}:"
    yield (
        f"  inference  {byte_text(memory.inference)}: weights {weights}, "
        f"activations {byte_text(memory.peak)} at the peak, {memory.peak_at.path}"
    )
    yield (
        f"  training   {byte_text(memory.training)}: weights {weights}, "
        f"gradients {byte_text(memory.gradients)}, {memory.optimizer} {byte_text(memory.state)}, "
        f"kept for the backward pass {byte_text(memory.kept)}"
    )
    if card is not None:
        yield f"  on a card of {byte_text(card)}:"
        yield from (fitting(memory, card, training) for training in (False, True))


def fitting(memory: Memory, card: int, training: bool) -> str:
    """Whether a batch fits on a card, and which one would."""
    word = "training " if training else "inference"
    answer = "fits" if memory.fits(card, training=training) else "does not fit"
    largest = memory.largest_batch(card, training=training)
    batches = "any batch does" if largest is None else f"the largest batch is {largest:,}"
    return f"    {word}  {answer}; {batches if largest != 0 else 'no batch does'}"
