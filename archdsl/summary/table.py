"""Tables as text for a terminal or a pipe: the one door for rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain
from typing import Literal

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style

PLAIN_WIDTH = 200  # of text that goes into a file or a pipe
HEADING = "bold"
GAP = "   "  # between columns

Cell = tuple[str, str]  # a text and its style


class Table:
    """Rows under headings, in sections.

    Where each text has room, spaces beside it are all that it takes. Where texts are cut or
    wrapped, Rich lays out the table: that takes ten times as long.
    """

    def __init__(self, headings: Iterable[tuple[str, bool]], wraps: str = "") -> None:
        """A heading for each column, and whether what is below stands to the right.

        Below the heading `wraps` texts may take several lines.
        """
        self.headings = list(headings)
        self.wraps = wraps
        self.sections: list[list[list[Cell]]] = [[]]

    def add_row(self, *cells: str | Cell, style: str = "") -> None:
        """A row; a text that has no style of its own takes the row's."""
        row = [(cell, style) if isinstance(cell, str) else cell for cell in cells]
        self.sections[-1].append(row)

    def add_section(self) -> None:
        """A line between the rows before and behind."""
        if self.sections[-1]:
            self.sections.append([])

    def drawn(self, color: bool, width: int | None) -> str:
        """The table as text, without spaces at the ends of its lines."""
        room = width or PLAIN_WIDTH
        widths = [] if self.wraps else self.widths()
        fits = widths and sum(widths) + len(GAP) * (len(widths) - 1) <= room
        lines = self.lined_up(widths, color) if fits else self.laid_out(room, color)
        return "\n".join(line.rstrip() for line in lines).rstrip()

    def widths(self) -> list[int]:
        """How wide the longest text of each column is."""
        columns = zip(self.headings, *chain(*self.sections), strict=True)
        return [max(cell_len(text) for text, _ in column) for column in columns]

    def lined_up(self, widths: Sequence[int], color: bool) -> Iterator[str]:
        """The lines where each text has room in its column."""
        sides = [right for _, right in self.headings]
        space = painted(" ", HEADING, color)
        yield f"{space} {space}".join(
            painted("".join(filled(heading, width, right)), HEADING, color)
            for (heading, right), width in zip(self.headings, widths, strict=True)
        )
        yield "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
        for section in self.sections:
            for row in section:
                cells = []
                for (text, style), width, right in zip(row, widths, sides, strict=True):
                    left, text, behind = filled(text, width, right)
                    cells.append(left + painted(text, style, color) + behind)
                yield GAP.join(cells)
            yield ""

    def laid_out(self, room: int, color: bool) -> Iterator[str]:
        """The lines where texts are cut or take several of them."""
        from rich.box import SIMPLE_HEAD  # seldom needed, and slow to import
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        made = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style=HEADING)
        for heading, right in self.headings:
            justify: Literal["left", "right"] = "right" if right else "left"
            made.add_column(heading, justify=justify, no_wrap=heading != self.wraps)
        for section in filter(None, self.sections):
            rows = [[Text(*cell) for cell in row] for row in section]
            # Lines that do not wrap are laid out in half the time as one cell for each column.
            columns = [Text("\n").join(column) for column in zip(*rows, strict=True)]
            for row in rows if self.wraps else [columns]:
                made.add_row(*row)
            made.add_section()
        page = StringIO()
        console = Console(
            file=page,
            width=room,
            force_terminal=color,
            color_system="standard" if color else None,
            highlight=False,
            emoji=False,
            markup=False,
        )
        console.print(made)
        yield from page.getvalue().splitlines()


def filled(text: str, width: int, right: bool) -> tuple[str, str, str]:
    """A text between the spaces that fill its column."""
    fill = " " * (width - cell_len(text))
    return (fill, text, "") if right else ("", text, fill)


def painted(text: str, style: str, color: bool) -> str:
    """A text in its style, where there is colour."""
    if not (color and style):
        return text
    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def styled(text: str, style: str) -> Cell:
    """A cell that looks otherwise than its row."""
    return text, style
