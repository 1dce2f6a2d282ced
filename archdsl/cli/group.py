"""The verbs together, and how a mistake ends each of them."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import Any

import click

from archdsl import __version__
from archdsl.cli.streams import complain
from archdsl.cli.surprises import SURPRISES, diagnosed

# Each verb and where it lives; its file is imported when it is asked for.
HOMES = {
    "bench": ("bench", "bench"),
    "check": ("check", "check"),
    "compile": ("compile", "compile"),
    "diff": ("diff", "diff"),
    "draw": ("draw", "draw"),
    "explain": ("explain", "explain"),
    "fmt": ("fmt", "fmt"),
    "import": ("importing", "import_"),
    "list": ("tables", "list_"),
    "plot": ("plot", "plot"),
    "run": ("run", "run"),
    "show": ("show", "show"),
    "sizes": ("sizes", "sizes"),
    "summary": ("tables", "summary"),
    "verify": ("verify", "verify"),
}


class Verbs(click.Group):
    """The verbs; a mistake in a spec ends each of them with its message and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*HOMES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in HOMES:
            return None
        file, name = HOMES[cmd_name]
        verb = getattr(import_module(f"archdsl.cli.{file}"), name)
        assert isinstance(verb, click.Command)
        return verb

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SURPRISES as error:
            complain(diagnosed(error))
        return ctx.exit(1)


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  archdsl draw resnet34
  archdsl compile googlenet -o googlenet.py
  archdsl check my_network.arch

SPEC is a shipped name ('archdsl list' shows them), a path (the file's only network, or the one
named like the file), or path:network.

Exit codes: 0 fine, 1 a mistake in a spec or a file, 2 wrong usage.""",
)
@click.version_option(__version__, prog_name="archdsl")
def verbs() -> None:
    """Compile, draw and check neural-network architectures written in the Arch language."""


def main() -> None:
    """The entry point.

    A command keeps nearly all that it makes until it ends, and looking for what could be thrown
    away would take as long again on large networks, which it would look through many times.
    """
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    verbs(prog_name="archdsl")
