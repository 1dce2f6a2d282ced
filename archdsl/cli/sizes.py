"""`archdsl sizes`."""

from __future__ import annotations

from typing import Any

import click

from archdsl import pipeline
from archdsl.cli.options import SET, SPEC
from archdsl.cli.streams import say, table_style


@click.command(
    short_help="Say which sizes of input fit.",
    epilog="""\b
Examples:
  archdsl sizes alexnet@torchvision
  archdsl sizes resnet50
  archdsl sizes my.arch --json""",
)
@SPEC
@SET
@click.option("--json", "as_json", is_flag=True, help="As a JSON document.")
def sizes(spec: str, values: dict[str, Any], as_json: bool) -> None:
    """Say which sizes of input the network of SPEC takes, made for the one in its text.

    Also where the next smaller or larger size breaks, and the shapes of its blocks as formulas
    of the input's extents.
    """
    network = pipeline.network(spec, values)
    if as_json:
        from archdsl.documents import json_of, sizes_document

        say(json_of(sizes_document(network, pipeline.sizes(network))))
    else:
        say(pipeline.sizes_text(network, **table_style()))
