"""`archdsl compile`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archdsl import pipeline
from archdsl.cli.files import target, write
from archdsl.cli.options import SET, SPEC, output_option
from archdsl.cli.streams import complain, note
from archdsl.diagnostics import printable
from archdsl.naming import function_name

PURPOSES = ("training", "inference")


def chosen(_: click.Context, __: click.Parameter, given: str | None) -> list[str] | None:
    """The passes of `--passes`; None for all. A name behind a `-` is left out."""
    if given is None:
        return None
    names = [] if given == "none" else [name.strip() for name in given.split(",")]
    known = pipeline.pass_names()
    for name in names:
        if name.removeprefix("-") not in known:
            raise click.BadParameter(f"'{printable(name)}' is none of {', '.join(known)}")
    wanted = [name for name in names if name in known] or (known if names else [])
    return [name for name in wanted if f"-{name}" not in names]


@click.command(
    short_help="Compile a network to PyTorch source.",
    epilog="""\b
Examples:
  archdsl compile googlenet
  archdsl compile resnet50 -o - --set classes=10
  archdsl compile my.arch:small -o build/small.py
  archdsl compile resnet50 --for inference --explain""",
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
@click.option(
    "--for",
    "purpose",
    type=click.Choice(PURPOSES),
    default="training",
    show_default=True,
    help="For inference the graph is rewritten, and the file is NAME_inference.py.",
)
@click.option(
    "--passes",
    metavar="NAME,...",
    callback=chosen,
    help="Which rewritings to make for inference: all by default, -NAME for all but one, none.",
)
@click.option("--explain", is_flag=True, help="Say what each rewriting did.")
def compile(
    spec: str,
    output: Path | None,
    values: dict[str, Any],
    template: Path | None,
    purpose: str,
    passes: list[str] | None,
    explain: bool,
) -> None:
    """Compile SPEC to PyTorch source.

    The file needs torch and nothing else; an older file of the name is overwritten.
    """
    if purpose == "training" and (passes is not None or explain):
        raise click.UsageError("--passes and --explain are about '--for inference'.")
    if purpose == "inference" and passes is None:
        passes = pipeline.pass_names()
    made = pipeline.compiled(spec, values, template, passes)
    if made.warnings:
        complain(made.warnings)
    if explain:
        click.echo(pipeline.rewriting(pipeline.network(spec, values), passes), err=True)
    if output == Path("-"):
        click.echo(made.source, nl=not made.source.endswith("\n"))
        return
    ending = "" if passes is None else "_inference"
    path = target(output, f"{function_name(made.name)}{ending}.py")
    write(path, made.source.encode())
    note(f"wrote {path}: {made.name}, {len(made.source.splitlines())} lines")
