"""`archdsl summary` and `archdsl list`."""

from __future__ import annotations

import re
from typing import Any

import click

from archdsl import pipeline
from archdsl.cli.options import SET, SPEC, size
from archdsl.cli.streams import say, table_style
from archdsl.diagnostics import mistake


@click.command(
    short_help="Print a network's table.",
    epilog="""\b
Examples:
  archdsl summary resnet50
  archdsl summary googlenet --level layer
  archdsl summary vgg16 --level layer --sort params
  archdsl summary vgg16 --batch 50 --dtype fp16 --card 8GB
  archdsl summary resnet50 --count fvcore
  archdsl summary resnet50 --columns name,output,macs --format latex""",
)
@SPEC
@SET
@click.option(
    "--level",
    type=click.Choice(["block", "layer"]),
    default="block",
    show_default=True,
    help="Blocks closed, or with the layers within.",
)
@click.option("--batch", metavar="N", type=click.IntRange(1), default=1, help="Samples at a time.")
@click.option(
    "--dtype",
    type=click.Choice(["fp64", "fp32", "bf16", "fp16", "int8"]),
    default="fp32",
    show_default=True,
    help="The type of numbers.",
)
@click.option(
    "--optimizer",
    type=click.Choice(["sgd", "momentum", "adam"]),
    default="adam",
    show_default=True,
    help="What trains it.",
)
@click.option("--card", metavar="SIZE", callback=size, help="Does it fit? As 8GB or 8GiB.")
@click.option("--sort", metavar="COLUMN", help="Largest first, by a column; nothing is folded.")
@click.option(
    "--columns",
    metavar="NAMES",
    default="name,what,output,params,params%,macs,macs%",
    show_default=True,
    help="What to show; also activations, memory, kept, each with %, field, stride.",
)
@click.option(
    "--count",
    type=click.Choice(["macs", "fvcore", "ptflops", "torchinfo"]),
    default="macs",
    show_default=True,
    help="Costs as papers count them, or as a tool does.",
)
@click.option(
    "--format",
    type=click.Choice(["table", "md", "csv", "json", "latex"]),
    default="table",
    show_default=True,
    help="How to write it.",
)
def summary(spec: str, values: dict[str, Any], level: str, columns: str, **wishes: Any) -> None:
    """Print the table of SPEC: shapes, parameters, multiply-accumulates."""
    names = re.findall(r"[^,\s]+", columns)
    network = pipeline.network(spec, values)
    style = table_style() if wishes["format"] == "table" else {}
    say(pipeline.summary(network, level, columns=names, **wishes, **style))


@click.command(
    "list",
    short_help="List the shipped networks.",
    epilog="""\b
Examples:
  archdsl list
  archdsl list resnet""",
)
@click.argument("word", default="")
def list_(word: str) -> None:
    """List the shipped networks, or those with WORD in their names."""
    from archdsl.summary import zoo_table

    networks = list(pipeline.zoo(word))
    if not networks:
        raise mistake("unknown", f"no shipped network has '{word}' in its name")
    say(zoo_table(networks, **table_style()))
