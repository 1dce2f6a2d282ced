"""`archdsl draw`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from archdsl import pipeline
from archdsl.cli.files import ending, target, write
from archdsl.cli.options import FORMATS, SET, SPEC, output_option
from archdsl.cli.streams import complain, note
from archdsl.diagnostics import ArchError
from archdsl.graph import Network
from archdsl.modules import DeclaredNetwork
from archdsl.naming import function_name


@click.command(
    short_help="Draw a network, or a part of it.",
    epilog="""\b
Examples:
  archdsl draw resnet34
  archdsl draw googlenet --inset -o googlenet.pdf
  archdsl draw resnet50:residual -o unit.tex
  archdsl draw resnet50 --color macs --show params,macs
  archdsl draw my.arch --level layer --theme dark -o my.png""",
)
@SPEC
@output_option(
    "Where to draw: a file that ends in .svg, .png, .pdf, .dot, .mmd (Mermaid) or .tex (TikZ); "
    "'-' prints SVG. By default NAME.svg in the current folder."
)
@SET
@click.option(
    "--level",
    type=click.Choice(["block", "layer", "op"]),
    help="How much to show: blocks closed, layers, or every operator.  "
    "[default: block; layer for a part]",
)
@click.option("--depth", metavar="N", type=click.IntRange(0), help="Open blocks N deep.")
@click.option("--expand", metavar="LABEL", multiple=True, help="Open a block; may be repeated.")
@click.option("--inset", is_flag=True, help="Show beside it what the blocks are made of.")
@click.option(
    "--show", metavar="COSTS", help="Write costs into the boxes: params, macs, activations."
)
@click.option(
    "--color",
    type=click.Choice(["params", "macs", "activations"]),
    help="Colour boxes by their share of a cost.",
)
@click.option("--direction", type=click.Choice(["down", "right"]), default="down")
@click.option("--theme", type=click.Choice(["light", "dark", "print"]), default="light")
def draw(
    spec: str, output: Path | None, values: dict[str, Any], level: str | None, **wishes: Any
) -> None:
    """Draw SPEC: its blocks with repeats folded, and the shapes between them.

    SPEC may name a part: resnet50:residual is that block's first use, resnet50:layer3.1 the block
    of that label. A network that does not pass the check is drawn as far as it was understood,
    mistakes in red.
    """
    form = ending(output, FORMATS)
    declared, part = pipeline.declared_part(spec)
    network, refusal = understood(declared, values)
    level = level or ("layer" if part else "block")
    wishes["show"] = tuple(re.findall(r"[^,\s]+", wishes["show"] or ""))
    picture = pipeline.draw(network, level, form, part=part, **wishes)
    if output == Path("-"):
        click.echo(picture, nl=False)
    else:
        name = network.name if part is None else f"{network.name}_{part}"
        path = target(output, f"{function_name(name)}.svg")
        write(path, picture)
        note(f"wrote {path}: {name}")
    if refusal is not None:
        complain(refusal.diagnostics)
        click.get_current_context().exit(1)


def understood(
    declared: DeclaredNetwork, values: dict[str, Any]
) -> tuple[Network, ArchError | None]:
    """A network, or what was understood of it and why it is no more."""
    try:
        return pipeline.expanded(declared, values), None
    except ArchError as refusal:
        network = pipeline.sketched(declared, values, refusal)
        if network is None:
            raise
        return network, refusal
