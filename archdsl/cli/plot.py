"""`archdsl plot`."""

from __future__ import annotations

from pathlib import Path

import click

from archdsl import pipeline
from archdsl.cli.files import ending, target, write
from archdsl.cli.options import output_option
from archdsl.cli.streams import note

FORMATS = ("svg", "png", "pdf")


@click.command(
    short_help="Plot networks against each other.",
    epilog="""\b
Examples:
  archdsl plot
  archdsl plot resnet vgg -o sizes.png
  archdsl plot resnet50 vgg16 googlenet --kind macs -o depth.svg""",
)
@click.argument("specs", metavar="[SPEC...]", nargs=-1)
@output_option("Where to draw: a file that ends in .svg, .png or .pdf; by default plot.svg.")
@click.option(
    "--kind",
    type=click.Choice(["size", "macs", "params", "field"]),
    default="size",
    show_default=True,
    help="Parameters against multiply-accumulates; or a curve along the depth.",
)
def plot(specs: tuple[str, ...], output: Path | None, kind: str) -> None:
    """Plot each SPEC, a network or all networks of a file; without one, the whole zoo."""
    form = ending(output, FORMATS)
    subjects = pipeline.subjects(specs)
    picture = pipeline.plot(subjects, kind, form)
    if output == Path("-"):
        click.echo(picture, nl=False)
        return
    path = target(output, "plot.svg")
    write(path, picture)
    note(f"wrote {path}: {', '.join(subject.network.name for subject in subjects)}")
