"""`archdsl import`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from archdsl import pipeline
from archdsl.cli.files import target, write
from archdsl.cli.options import output_option
from archdsl.cli.streams import note
from archdsl.naming import function_name
from archdsl.shapes import Shape

SHAPE = re.compile(r"[1-9]\d{0,8}(x[1-9]\d{0,8}){0,3}")


def shape(_: click.Context, __: click.Parameter, given: str) -> Shape:
    """The shape of `--input`, channels first."""
    if not SHAPE.fullmatch(given):
        raise click.BadParameter(f"'{given}' is no shape, such as 3x224x224")
    return Shape(map(int, given.split("x")))


@click.command(
    "import",
    short_help="Write a PyTorch model as a spec.",
    epilog="""\b
Examples:
  archdsl import torchvision:resnet50
  archdsl import torchvision:inception_v3 --input 3x299x299 -o inception_v3.arch
  archdsl import my_net.py:Net --input 1x28x28 --name my_net

REFERENCE is torchvision:NAME, timm:NAME, FILE.py:NAME or PACKAGE.MODULE:NAME, where NAME is a class
or function that needs no arguments, or a model. Its code is run.""",
)
@click.argument("reference")
@click.option(
    "--input",
    "input_",
    metavar="SHAPE",
    default="3x224x224",
    callback=shape,
    help="The shape of one sample, channels first; 3x224x224 unless given.",
)
@click.option("--name", metavar="NAME", help="The network's name; by default the model's.")
@output_option("Where to write; without it the spec is printed.")
def import_(reference: str, input_: Shape, name: str | None, output: Path | None) -> None:
    """Write the model of REFERENCE as a spec, with the names that its weights have.

    What repeats becomes blocks and stacks. `archdsl verify` proves that both are one network.
    """
    called = function_name(name or reference.rpartition(":")[2])
    text = pipeline.imported(reference, input_, called)
    if output is None or output == Path("-"):
        click.echo(text, nl=False)
        return
    path = target(output, f"{called}.arch")
    write(path, text.encode())
    note(f"wrote {path}: {called}, {len(text.splitlines())} lines")
