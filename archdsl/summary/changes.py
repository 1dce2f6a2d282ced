"""The diff of two networks as a table, and its verdict in a line.

A row with `x3` stands for three like copies and counts them all; the rows within it count one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from archdsl.diagnostics import printable
from archdsl.diff import Change, Diff, Figures, Side, Step, counts, together
from archdsl.records import dataclass
from archdsl.summary.columns import byte_text
from archdsl.summary.table import Table

SIGNS: dict[Change, str] = {"equal": "", "changed": "~", "added": "+", "removed": "-"}
STYLES: dict[Change, str] = {
    "equal": "dim",
    "changed": "yellow",
    "added": "green",
    "removed": "red",
}

FIGURES = ("params", "MACs", "activations")
HEADINGS = ("", "name", "what", "output", *FIGURES, "sees/stride")
NOTHING = Figures()
DIFFERENT: tuple[Change, ...] = ("changed", "added", "removed")


@dataclass(frozen=True)
class Line:
    """A row of the table; figures are by how much they grow."""

    change: Change
    depth: int
    name: str
    what: str = ""
    shape: str = ""
    field: str = ""
    delta: Figures = NOTHING


def changes(
    found: Diff, level: str = "block", *, color: bool = False, width: int | None = None
) -> str:
    """The diff as a table; `level` is `block`, or `layer` for what stands in changed blocks too."""
    made = Table(((heading, heading in FIGURES) for heading in HEADINGS), wraps="what")
    for line in lines(found.steps, level):
        style = STYLES[line.change]
        cells = (
            SIGNS[line.change],
            "  " * line.depth + line.name,
            line.what,
            line.shape,
            *map(growth, (line.delta.params, line.delta.macs, line.delta.elements)),
            line.field,
        )
        made.add_row(*map(printable, cells), style=style)
    made.add_section()
    before, after = found.totals
    for name, figures in zip(found.names, found.totals, strict=True):
        counts = (f"{n:,}" for n in (figures.params, figures.macs, figures.elements))
        made.add_row("", printable(name), "total", "", *counts)
    delta = after - before
    grown = map(growth, (delta.params, delta.macs, delta.elements))
    made.add_row("", "difference", "", "", *grown, style="bold")
    return "\n".join([made.drawn(color, width), *map(printable, closing(found))])


# ---- rows ----------------------------------------------------------------------------------


def lines(steps: Sequence[Step], level: str, depth: int = 0, within: str = "") -> Iterator[Line]:
    """A row for each step; what is equal and stands together has one row."""
    last: Step | None = None
    for equal, run in groupby(steps, key=lambda step: step.change == "equal"):
        if equal:
            same = list(run)
            delta = sum((step.delta for step in same), NOTHING)
            yield Line("equal", depth, together(same), delta=delta)
            last = same[-1]
            continue
        for step in run:
            yield line(step, last, level, depth, within)
            if level == "layer":
                yield from lines(step.children, level, depth + 1, f"{step.side.entry.path}.")
            last = step


def line(step: Step, last: Step | None, level: str, depth: int, within: str) -> Line:
    """The row of what differs."""
    sides = [side for side in (step.before, step.after) if side]
    repeat = step.side.entry.repeat
    copies = f" x{repeat}" if repeat > 1 else ""
    aside = all(node.training_only for node in step.side.entry.nodes())
    remarks = [
        *(["training only"] if aside else ()),
        *said(step),
        *(tally(step.children) if level == "block" else ()),
    ]
    if step.change in ("added", "removed") and last is not None and like(step, last):
        remarks.append(f"{repeat} {'more' if step.after else 'fewer'}")
    what = arrow(side.entry.what for side in sides)
    return Line(
        step.change,
        depth,
        arrow(side.entry.path.removeprefix(within) for side in sides) + copies,
        f"{what} ({', '.join(remarks)})" if remarks else what,
        arrow(str(side.entry.shape) for side in sides),
        arrow(map(field, sides)),
        step.delta,
    )


def said(step: Step) -> list[str]:
    """The differences that the words of an item do not tell."""
    return [f"{d.name} {d.before} -> {d.after}" for d in step.differences if not d.worded]


def tally(steps: Iterable[Step]) -> list[str]:
    """How much differs in some steps: `7 changed`, `2 added`."""
    found = counts(steps)
    return [f"{found[change]} {change}" for change in DIFFERENT if change in found]


def like(step: Step, last: Step) -> bool:
    """Whether an item that is alone is one more of what stands before it in both networks."""
    one, other = step.side.entry, last.side.entry
    both = last.before is not None and last.after is not None
    return both and (one.what, one.shape) == (other.what, other.shape)


# ---- words ---------------------------------------------------------------------------------


def arrow(texts: Iterable[str]) -> str:
    """`old -> new`, or what they both are."""
    return " -> ".join(dict.fromkeys(text for text in texts if text))


def field(side: Side) -> str:
    """`195/32`: what a position of the output sees of the input, and the step to the next."""
    return "/".join(extent(values) for values in (side.receptive_field, side.stride) if values)


def extent(values: Sequence[int]) -> str:
    """One number where all axes agree."""
    return "x".join(map(str, values if len(set(values)) > 1 else values[:1]))


def growth(number: int) -> str:
    """By how much a figure grows; nothing for nought."""
    return f"{number:+,}" if number else ""


# ---- verdict -------------------------------------------------------------------------------


def closing(found: Diff) -> Iterator[str]:
    """The sentences below the table; the last one is the verdict."""
    for each in found.differences:
        yield f"{each.name}: {each.before or 'none'} -> {each.after or 'none'}"
    one, other = found.memories
    run, trained = (one.inference, other.inference), (one.training, other.training)
    if run[0] != run[1] or trained[0] != trained[1]:
        ways = arrow(map(byte_text, run)), arrow(map(byte_text, trained))
        yield f"memory, a sample in fp32: to run {ways[0]}, to train with adam {ways[1]}"
    if found.renamed:
        yield f"equal or changed, and under another key of the state_dict: {found.renamed:,}"
    yield verdict(found)


def verdict(found: Diff) -> str:
    """Whether two networks are the same, and if not by how much they differ."""
    one, other = found.names
    if found.equal:
        return f"{one} and {other} are the same network"
    parts = tally(found.steps)
    before, after = found.reports
    facts = {
        "params": (before.params, after.params),
        "MACs": (before.macs, after.macs),
        "activations": (before.elements, after.elements),
    }
    figures = [f"{name} {percent(*pair)}" for name, pair in facts.items() if pair[0] != pair[1]]
    fields = extent(before.receptive_field), extent(after.receptive_field)
    figures += [f"receptive field {arrow(fields)}"] if fields[0] != fields[1] else []
    told = "; ".join(", ".join(each) for each in (parts, figures) if each)
    return f"{one} and {other} differ{f': {told}' if told else ''}"


def percent(before: int, after: int) -> str:
    """`+2.3%`."""
    return f"{(after - before) / before:+.1%}" if before else f"{after:+,}"
