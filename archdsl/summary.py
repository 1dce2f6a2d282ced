"""Tables for people: a network by blocks or by layers, and the zoo.

A row with `x3` stands for three like copies and counts them all; the rows within it count one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from archdsl.diagnostics import printable
from archdsl.graph import Network
from archdsl.measure import Report, measure
from archdsl.outline import Entry, outline
from archdsl.sizes import Line as SizesLine
from archdsl.sizes import Refusal, Sizes
from archdsl.zoo import Listed

LEVELS = ("block", "layer")
PLAIN_WIDTH = 200  # of text that goes into a file or a pipe
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
    for line in lines(network, report, level):
        table.add_row(
            Text(indented(line.depth, line.name, line.repeat)),
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


def columns(*names: str) -> Table:
    """A table with its head; figures stand to the right."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name in names:
        right = name in ("params", "MACs")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    return table


def drawn(table: Table, color: bool, width: int | None) -> str:
    """A table as text, without spaces at the ends of its lines."""
    page = StringIO()
    console = Console(
        file=page,
        width=width or PLAIN_WIDTH,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().rstrip().splitlines())


def lines(network: Network, report: Report, level: str) -> Iterator[Line]:
    """A row for each item, with its figures."""
    for depth, entry in shown(outline(network), level):
        rows = [report.rows[i] for i in entry.indices]
        yield Line(
            depth,
            entry.name,
            what(entry),
            str(entry.shape),
            entry.repeat,
            sum(row.params for row in rows),
            sum(row.macs for row in rows),
        )


def shown(entries: Iterable[Entry], level: str, depth: int = 0) -> Iterator[tuple[int, Entry]]:
    """The items with their depths; blocks are closed on the level of blocks, groups are open."""
    for entry in entries:
        yield depth, entry
        if level == "layer" or (entry.scope is not None and entry.scope.kind == "group"):
            yield from shown(entry.children, level, depth + 1)


def indented(depth: int, name: str, repeat: int) -> str:
    """An item's name at its depth, with the number of like copies."""
    return "  " * depth + name + (f" x{repeat}" if repeat > 1 else "")


def what(entry: Entry) -> str:
    """The operator with its arguments, or the block with its own."""
    if entry.node is not None:
        text = f"{entry.node.op.name} {entry.node.op.describe()}".rstrip()
        text += " (training only)" if entry.node.training_only else ""
    else:
        assert entry.scope is not None
        text = entry.scope.definition
        if entry.scope.title not in ("", text):
            text += f"<{entry.scope.title}>"
        text += " (training only)" if all(node.training_only for node in entry.nodes()) else ""
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


# ---- sizes ---------------------------------------------------------------------------------


def sizes_text(
    network: Network, sizes: Sizes, *, color: bool = False, width: int | None = None
) -> str:
    """The sizes that a network takes, where others break, and the shapes of its blocks."""
    made = ", ".join(map(str, sizes.inputs))
    about = [printable(f"{sizes.network}, made for {made}, takes"), *taken(sizes)]
    about += [f"breaks at {refusal}" for refusal in refused(sizes)]
    return "\n".join([*map(printable, about), "", shapes_table(network, sizes, color, width)])


def taken(sizes: Sizes) -> Iterator[str]:
    """A sentence for each line of sizes."""
    together = [sizes.equal, *sizes.along] if len(sizes.axes) > 1 else [sizes.equal]
    width = max(len(line.name) for line in together)
    for line in together:
        yield f"  {line.name:<{width}}  {line.accepted}" + beside(sizes, line)
    if not sizes.apart and len(sizes.axes) > 1 and None not in sizes.least:
        smallest = zip(sizes.axes, sizes.least, strict=True)
        yield "  smallest of each: " + ", ".join(f"{axis} {n}" for axis, n in smallest)
    if sizes.training.accepted != sizes.equal.accepted:
        yield f"  {sizes.training.name:<{width}}  {sizes.training.accepted}, in training"


def beside(sizes: Sizes, line: SizesLine) -> str:
    """What the other axes are on a line, and how sure it is."""
    others = [(axis, n) for axis, n in zip(sizes.axes, sizes.own, strict=True) if axis != line.name]
    text = ""
    if len(line.name) == 1 and others:
        values = ", ".join(axis if sizes.apart else f"{axis}={n}" for axis, n in others)
        text = f", whatever {values} is" if sizes.apart else f", with {values}"
    return text if line.proved else f"{text} (looked at, not proved)"


def refused(sizes: Sizes) -> dict[Refusal, None]:
    """Where sizes beside the accepted ones break: those with all axes alike, or else each axis."""
    alike = len({line.accepted for line in sizes.along}) == 1
    trained = sizes.training.accepted != sizes.equal.accepted
    lines = [sizes.equal, *(() if alike else sizes.along), *([sizes.training] if trained else [])]
    found = (refusal for line in lines for refusal in (line.below, line.above))
    return dict.fromkeys(refusal for refusal in found if refusal is not None)


def shapes_table(network: Network, sizes: Sizes, color: bool, width: int | None) -> str:
    """The shapes of a network's blocks as formulas, also for multiples where that is simpler."""
    entries = list(shown(outline(network), "block"))
    simpler = any(sizes.regular[e.end.index] != sizes.shapes[e.end.index] for _, e in entries)
    names = [f"for multiples of {sizes.multiple}"] if simpler else []
    table = columns("name", "what", "output", *names)
    for depth, entry in entries:
        regular = [sizes.regular[entry.end.index]] if simpler else []
        table.add_row(
            Text(indented(depth, entry.name, entry.repeat)),
            Text(what(entry), "dim" if depth else ""),
            sizes.shapes[entry.end.index],
            *regular,
        )
    return drawn(table, color, width)
