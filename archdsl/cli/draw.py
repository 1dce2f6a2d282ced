"""`archdsl draw`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archdsl import pipeline
from archdsl.cli.files import target, write
from archdsl.cli.options import SET, SPEC, output_option
from archdsl.cli.streams import note
from archdsl.naming import function_name

FORMATS = ("svg", "png", "pdf", "dot")


@click.command(
    short_help="Draw a network.",
    epilog="""\b
Examples:
  archdsl draw resnet34
  archdsl draw googlenet -o googlenet.pdf
  archdsl draw my.arch --level layer -o my.png""",
)
@SPEC
@output_option(
    "Where to draw: a file that ends in .svg, .png, .pdf or .dot; '-' prints SVG. "
    "By default NAME.svg in the current folder."
)
@SET
@click.option(
    "--level",
    type=click.Choice(["block", "layer", "op"]),
    default="block",
    show_default=True,
    help="How much to show.",
)
def draw(spec: str, output: Path | None, values: dict[str, Any], level: str) -> None:
    """Draw SPEC: its blocks with repeats folded, and the shapes between them."""
    printed = output == Path("-")
    folder = output is None or printed or output.is_dir()
    form = "svg" if output is None or folder else output.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        endings = ", ".join(f".{known}" for known in FORMATS)
        raise click.BadParameter(f"'{output}' ends in none of {endings}", param_hint="'-o'")
    network = pipeline.network(spec, values)
    picture = pipeline.draw(network, level, form)
    if printed:
        click.echo(picture, nl=False)
        return
    path = target(output, f"{function_name(network.name)}.svg")
    write(path, picture)
    note(f"wrote {path}: {network.name}")
