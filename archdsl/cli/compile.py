"""`archdsl compile`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archdsl import pipeline
from archdsl.cli.files import target, write
from archdsl.cli.options import SET, SPEC, output_option
from archdsl.cli.streams import complain, note
from archdsl.naming import function_name


@click.command(
    short_help="Compile a network to PyTorch source.",
    epilog="""\b
Examples:
  archdsl compile googlenet
  archdsl compile resnet50 -o - --set classes=10
  archdsl compile my.arch:small -o build/small.py""",
)
@SPEC
@output_option("Where to write; '-' prints. By default NAME.py in the current folder.")
@SET
@click.option(
    "--template",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A Jinja template of your own for the file.",
)
def compile(spec: str, output: Path | None, values: dict[str, Any], template: Path | None) -> None:
    """Compile SPEC to PyTorch source.

    The file needs torch and nothing else; an older file of the name is overwritten.
    """
    made = pipeline.compiled(spec, values, template)
    if made.warnings:
        complain(made.warnings)
    if output == Path("-"):
        click.echo(made.source, nl=not made.source.endswith("\n"))
        return
    path = target(output, f"{function_name(made.name)}.py")
    write(path, made.source.encode())
    note(f"wrote {path}: {made.name}, {len(made.source.splitlines())} lines")
