"""What goes to the terminal, in colours where it is one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import IO, Any

import click

from archdsl.diagnostics import Diagnostic, printable, render


def in_color(stream: IO[str]) -> bool:
    """Whether a stream is a terminal that wants colours."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream.isatty()


def table_style() -> dict[str, Any]:
    """Colours and the width of the terminal; plain and wide where the output goes elsewhere."""
    if not sys.stdout.isatty():
        return {}
    return {"color": in_color(sys.stdout), "width": os.get_terminal_size(1).columns}


def say(text: str) -> None:
    """A line on the standard output, colours as they are."""
    click.echo(text, color=True)


def note(text: str) -> None:
    """A line for the person at the terminal, on the standard error."""
    click.echo(printable(text), err=True)


def progress(text: str) -> None:
    """What is under way, for a person who waits at a terminal."""
    if sys.stderr.isatty():
        note(text)


def complain(diagnostics: Iterable[Diagnostic]) -> None:
    """Mistakes and warnings, each in its frame, on the standard error."""
    color = in_color(sys.stderr)
    click.echo(render(list(diagnostics), color=color), err=True, color=color)


def explained(diagnostics: Iterable[Diagnostic]) -> None:
    """Where more is said of what was shown."""
    codes = [*dict.fromkeys(diagnostic.code for diagnostic in diagnostics)]
    if codes:
        which = codes[0] if len(codes) == 1 else f"CODE ({', '.join(codes)})"
        note("")
        note(f"learn more: archdsl explain {which}")


def quieten_torch() -> None:
    """Before PyTorch is imported: what its libraries say of devices that are not there is no news.

    Nor that there is a CUDA toolkit without a GPU, or memory that was taken before they looked.
    """
    import logging  # which only what loads PyTorch has to wait for

    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
