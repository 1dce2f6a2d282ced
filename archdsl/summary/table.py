"""Tables as text for a terminal or a pipe: the one door for rich."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

PLAIN_WIDTH = 200  # of text that goes into a file or a pipe


class Table:
    """Rows under headings, in sections.

    Where no column wraps, Rich is given each column of a section as one cell of many lines: it
    lays that out in half the time that it takes for as many cells.
    """

    def __init__(self, headings: Iterable[tuple[str, bool]], wraps: str = "") -> None:
        """A heading for each column, and whether what is below stands to the right.

        Below the heading `wraps` texts may take several lines.
        """
        self.wraps = wraps
        self.made = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        for heading, right in headings:
            justify: Literal["left", "right"] = "right" if right else "left"
            self.made.add_column(heading, justify=justify, no_wrap=heading != wraps)
        self.rows: list[list[Text]] = []

    def add_row(self, *cells: str | Text, style: str = "") -> None:
        """A row; a text that has no style of its own takes the row's."""
        self.rows.append([Text(cell, style) if isinstance(cell, str) else cell for cell in cells])

    def add_section(self) -> None:
        """A line between the rows before and behind."""
        columns = [Text("\n").join(column) for column in zip(*self.rows, strict=True)]
        for row in self.rows if self.wraps else [columns] if self.rows else []:
            self.made.add_row(*row)
        self.made.add_section()
        self.rows = []

    def drawn(self, color: bool, width: int | None) -> str:
        """The table as text, without spaces at the ends of its lines."""
        self.add_section()
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
        console.print(self.made)
        return "\n".join(line.rstrip() for line in page.getvalue().rstrip().splitlines())


def styled(text: str, style: str) -> Text:
    """A cell that looks otherwise than its row."""
    return Text(text, style)
