"""Tables as text for a terminal or a pipe: the one door for rich."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 200  # of text that goes into a file or a pipe


def table(headings: Iterable[tuple[str, bool]]) -> Table:
    """A table with its head: each heading, and whether what is below stands to the right."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for heading, right in headings:
        made.add_column(heading, justify="right" if right else "left", no_wrap=True)
    return made


def plain(text: str, style: str = "") -> Text:
    """A cell in which nothing is markup."""
    return Text(text, style)


def drawn(made: Table, color: bool, width: int | None) -> str:
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
    console.print(made)
    return "\n".join(line.rstrip() for line in page.getvalue().rstrip().splitlines())
