"""`archdsl show`."""

from __future__ import annotations

from typing import Any

import click

from archdsl import pipeline
from archdsl.cli.options import SET
from archdsl.cli.streams import say

STAGES = ("tree", "graph", "report")


@click.command(
    short_help="Show a stage: tree, graph or report.",
    epilog="""\b
Examples:
  archdsl show lenet5
  archdsl show googlenet --stage report --json
  archdsl show --schema graph""",
)
@click.argument("spec", required=False)
@SET
@click.option(
    "--stage", type=click.Choice(STAGES), default="graph", show_default=True, help="What to show."
)
@click.option("--json", "as_json", is_flag=True, help="As a JSON document.")
@click.option(
    "--schema",
    type=click.Choice([*STAGES, "diagnostics", "diff", "sizes", "verification"]),
    help="Print the JSON schema of a document instead.",
)
def show(
    spec: str | None, values: dict[str, Any], stage: str, as_json: bool, schema: str | None
) -> None:
    """Show what SPEC is at a stage of the compiler: its tree, its graph, its figures."""
    if schema is not None:
        from archdsl import documents

        say(documents.schema(schema))
    elif spec is None:
        raise click.UsageError("Missing argument 'SPEC'.")
    else:
        text = as_document(spec, values, stage) if as_json else as_text(spec, values, stage)
        say(text)


def as_document(spec: str, values: dict[str, Any], stage: str) -> str:
    """A stage as JSON."""
    from archdsl import documents

    if stage == "tree":
        return documents.json_of(documents.tree_document(pipeline.module(spec).spec))
    network = pipeline.network(spec, values)
    if stage == "graph":
        return documents.json_of(documents.graph_document(network))
    return documents.json_of(documents.report_document(pipeline.report(network)))


def as_text(spec: str, values: dict[str, Any], stage: str) -> str:
    """A stage as text."""
    from archdsl import show

    if stage == "tree":
        return show.tree_text(pipeline.module(spec).spec)
    network = pipeline.network(spec, values)
    if stage == "graph":
        return show.graph_text(network)
    return show.report_text(pipeline.report(network))
