"""What a summary can show of each row, by the names that `--columns` takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from archdsl.diagnostics import did_you_mean, mistake
from archdsl.records import dataclass
from archdsl.summary.rows import Line, indented

EIGHTHS = " ▏▎▍▌▋▊▉█"
BAR = 5  # letters of the longest bar
LONGEST = 44  # characters that say what an item is
WORDS = ("name", "what", "output")
SUMS = ("params", "macs", "activations", "memory", "kept")  # what adds up
BYTES = ("memory", "kept")


@dataclass(frozen=True)
class Column:
    """A column: what it is called, its heading, and the field of a row that it shows.

    A share shows how much a figure is of the whole.
    """

    name: str
    heading: str
    field: str
    share: bool = False

    @property
    def right(self) -> bool:
        """Whether it holds figures, which stand to the right."""
        return self.field not in WORDS

    def value(self, line: Line, wholes: Mapping[str, int]) -> str | int | float:
        """What a program reads."""
        value: str | int = getattr(line, self.field)
        if self.share and isinstance(value, int):
            return round(value / max(1, wholes[self.field]), 6)
        return value

    def cell(self, line: Line, wholes: Mapping[str, int], *, bars: bool = True) -> str:
        """What a person reads."""
        value = self.value(line, wholes)
        if isinstance(value, float):
            return share(value, bars)
        if isinstance(value, int):
            write = byte_text if self.field in BYTES else "{:,}".format
            return write(value) if value else ""
        return self.words(line, value)

    def words(self, line: Line, value: str) -> str:
        if self.name == "name":
            return indented(line.depth, value, line.repeat)
        if self.name == "what" and line.training_only:
            value += " (training only)"
        return value if len(value) <= LONGEST else value[: LONGEST - 3] + "..."


COLUMNS = {
    column.name: column
    for column in (
        Column("name", "name", "name"),
        Column("what", "what", "what"),
        Column("output", "output", "output"),
        Column("params", "params", "params"),
        Column("params%", "params %", "params", share=True),
        Column("macs", "MACs", "macs"),
        Column("macs%", "MACs %", "macs", share=True),
        Column("activations", "activations", "activations"),
        Column("activations%", "activations %", "activations", share=True),
        Column("memory", "memory", "memory"),
        Column("memory%", "memory %", "memory", share=True),
        Column("kept", "kept", "kept"),
        Column("kept%", "kept %", "kept", share=True),
        Column("field", "field", "field"),
        Column("stride", "stride", "stride"),
    )
}
USUAL = ("name", "what", "output", "params", "params%", "macs", "macs%")


def chosen(names: Iterable[str], unit: str = "MACs") -> list[Column]:
    """The columns of some names, costs in a unit; raises ArchError."""
    found = []
    for name in names:
        if name not in COLUMNS:
            help = did_you_mean(name, COLUMNS) or f"one of {', '.join(COLUMNS)}"
            raise mistake("column", f"there is no column '{name}'", help=help)
        column = COLUMNS[name]
        found.append(replace(column, heading=column.heading.replace("MACs", unit)))
    return found


def byte_text(count: int) -> str:
    """A number of bytes: `102.8 MB`, in powers of a thousand."""
    for size, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} B"


def share(value: float, bars: bool) -> str:
    """A share of the whole, with a bar where it is looked at."""
    if not value:
        return ""
    full, rest = divmod(max(1, round(8 * BAR * value)), 8)
    drawn = EIGHTHS[8] * full + EIGHTHS[rest].strip()
    return f"{drawn:<{BAR}} {value:>6.1%}" if bars else f"{value:.1%}"
