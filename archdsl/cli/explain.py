"""`archdsl explain`."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator

import click

from archdsl.cli.streams import in_color
from archdsl.codes import Explanation, codes, explanation

COLORS = {"error": "red", "warning": "yellow", "wrong": "red", "right": "green"}
PIECE = re.compile(r"```\w+\n.*?^```$|(?:(?!\n\n|^```).)+", re.MULTILINE | re.DOTALL)
MAX_WIDTH = 100


@click.command(
    short_help="Explain the code of a message, with examples.",
    epilog="""\b
Examples:
  archdsl explain
  archdsl explain bias-before-norm""",
)
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Say what CODE means, why it is told, and how it is mended; without one, list all codes."""
    color = in_color(sys.stdout)
    text = page(explanation(code), color=color) if code else table(color=color)
    click.echo(text, color=color)


def table(*, color: bool) -> str:
    """All codes with a sentence each: what may be allowed, then what has to be mended."""
    found = [explanation(code) for code in codes()]
    width = max(len(each.code) for each in found)
    blocks = [
        "\n".join([heading(title, title.lower(), color=color), *rows(found, severity, width)])
        for title, severity in (("Warnings", "warning"), ("Errors", "error"))
    ]
    return "\n\n".join(blocks)


def rows(found: list[Explanation], severity: str, width: int) -> Iterator[str]:
    """`bias-before-norm  A bias that the norm behind it takes out again.`"""
    return (
        f"  {each.code:<{width}}  {each.summary}" for each in found if each.severity == severity
    )


def page(explained: Explanation, *, color: bool) -> str:
    """An explanation laid out for reading: its Markdown without the marks."""
    pieces = (piece.strip("\n") for piece in PIECE.findall(explained.text))
    return "\n\n".join(laid(piece, color=color) for piece in pieces if piece)


def laid(piece: str, *, color: bool) -> str:
    """A title, an example or a paragraph."""
    if piece.startswith("#"):
        title = piece.lstrip("# ")
        return heading(title, re.split(r"\W", title.lower())[0], color=color)
    if piece.startswith("```"):
        return "\n".join(f"    {line}".rstrip() for line in piece.splitlines()[1:-1])
    width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
    text = textwrap.fill(piece, width) if sys.stdout.isatty() else piece
    return re.sub(r"`([^`]+)`", click.style(r"\1", bold=True), text) if color else text


def heading(text: str, role: str, *, color: bool) -> str:
    """A heading in the colour of what it stands for."""
    found = COLORS.get(role.removesuffix("s"))
    return click.style(text, fg=found, bold=True) if color else text
