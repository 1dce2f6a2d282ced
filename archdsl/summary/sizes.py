"""The sizes of input that a network takes, in words, and its shapes as formulas."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.diagnostics import printable
from archdsl.graph import Network
from archdsl.outline import outline
from archdsl.sizes import Line, Refusal, Sizes
from archdsl.summary.rows import indented, shown
from archdsl.summary.table import Table, styled


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


def beside(sizes: Sizes, line: Line) -> str:
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
    made = Table((name, False) for name in ("name", "what", "output", *names))
    for depth, entry in entries:
        regular = [sizes.regular[entry.end.index]] if simpler else []
        made.add_row(
            indented(depth, entry.name, entry.repeat),
            styled(entry.what, "dim" if depth else ""),
            sizes.shapes[entry.end.index],
            *regular,
        )
    return made.drawn(color, width)
