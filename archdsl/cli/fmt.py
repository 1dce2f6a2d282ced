"""`archdsl fmt`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from archdsl import library, pipeline
from archdsl.cli.files import write
from archdsl.cli.streams import complain, note
from archdsl.diagnostics import ArchError, mistake
from archdsl.source import Source


@click.command(
    short_help="Format spec files.",
    epilog="""\b
Examples:
  archdsl fmt my.arch
  archdsl fmt --check specs/
  archdsl fmt - < my.arch""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 if it would.")
def fmt(files: tuple[str, ...], only_check: bool) -> None:
    """Format each FILE in place, all .arch files of a folder, or standard input for '-'."""
    failed = False
    for path in spec_files(files):
        try:
            failed |= formatted(path, only_check)
        except ArchError as error:
            complain(error.diagnostics)
            failed = True
    if failed:
        click.get_current_context().exit(1)


def spec_files(files: Iterable[str]) -> Iterable[Path]:
    """The files named, and those in folders named."""
    for file in files:
        path = Path(file)
        yield from sorted(path.rglob("*.arch")) if path.is_dir() else [path]


def formatted(path: Path, only_check: bool) -> bool:
    """Format a file; answers whether that has to count as a failure."""
    printed = path == Path("-")
    source = standard_input() if printed else library.read(path)
    text = pipeline.formatted(source)
    changed = text != source.text
    if only_check:
        if changed:
            note(f"{source.name} would change")
        return changed
    if printed:
        click.echo(text, nl=False)
    elif changed:
        write(path, text.encode())
        note(f"formatted {source.name}")
    return False


def standard_input() -> Source:
    """The text that comes in."""
    try:
        return Source("<stdin>", sys.stdin.buffer.read().decode())
    except UnicodeDecodeError:
        raise mistake("file", "<stdin> is not UTF-8 text") from None
