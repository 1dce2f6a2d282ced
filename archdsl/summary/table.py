"""How a table looks, in a terminal and in a pipe."""

from __future__ import annotations

from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 200  # of text that goes into a file or a pipe
FIGURES = ("params", "MACs", "activations")


def columns(*names: str) -> Table:
    """A table with its head; figures stand to the right."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, justify="right" if name in FIGURES else "left", no_wrap=True)
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
