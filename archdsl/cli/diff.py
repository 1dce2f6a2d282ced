"""`archdsl diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archdsl import pipeline
from archdsl.cli.files import ending, target, write
from archdsl.cli.options import FORMATS, SET, output_option
from archdsl.cli.revisions import declared
from archdsl.cli.streams import note, say, table_style
from archdsl.diagnostics import ArchError, Diagnostic
from archdsl.graph import Network


@click.command(
    short_help="Compare two networks.",
    epilog="""\b
Examples:
  archdsl diff alexnet zfnet
  archdsl diff resnet50 resnet50@torchvision --level layer
  archdsl diff HEAD:nets/my.arch nets/my.arch
  archdsl diff vgg16 vgg19 -o vgg.svg

SPEC may name a file of a git revision as git does, REV:FILE or REV:FILE:NETWORK: the FILE as it
stands below the top of the repository, or from here where it begins with './'.

Exit codes: 0 the networks are the same, 1 they differ or one is refused, 2 wrong usage.""",
)
@click.argument("before", metavar="SPEC")
@click.argument("after", metavar="SPEC")
@SET
@output_option(
    "Draw both networks in one: a file that ends in .svg, .png, .pdf, .dot, .mmd or .tex; "
    "'-' prints SVG instead of the table."
)
@click.option(
    "--level",
    type=click.Choice(["block", "layer"]),
    default="block",
    show_default=True,
    help="Blocks closed, or those that differ opened.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the diff as a JSON document.")
def diff(
    before: str,
    after: str,
    values: dict[str, Any],
    output: Path | None,
    level: str,
    as_json: bool,
) -> None:
    """Compare the network of the first SPEC with that of the second.

    Says what was added, removed and changed, and by how much parameters, multiply-accumulates and
    activations grow. Exits with 1 where anything differs, down to the keys of the state_dict.
    """
    form = ending(output, FORMATS)
    found = pipeline.diff(*networks((before, after), values), (shown(before), shown(after)))
    if output == Path("-"):
        click.echo(pipeline.draw_diff(found, level, form), nl=False)
    elif as_json:
        from archdsl.documents import diff_document, json_of

        say(json_of(diff_document(found)))
    else:
        say(pipeline.changes(found, level, **table_style()))
    if output is not None and output != Path("-"):
        path = target(output, "diff.svg")
        write(path, pipeline.draw_diff(found, level, form))
        note(f"wrote {path}: {found.names[0]} and {found.names[1]}")
    if not found.equal:
        click.get_current_context().exit(1)


def shown(spec: str) -> str:
    """A spec as it can be written: a name need not be text, a document is."""
    return spec.encode(errors="replace").decode()


def networks(specs: tuple[str, str], values: dict[str, Any]) -> tuple[Network, Network]:
    """The two networks; where both are refused, the mistakes of both are told."""
    made: list[Network] = []
    mistakes: dict[Diagnostic, None] = {}
    for spec in specs:
        try:
            made.append(pipeline.expanded(declared(spec), values))
        except ArchError as error:
            mistakes |= dict.fromkeys(error.diagnostics)
    if mistakes:
        raise ArchError(*mistakes)
    before, after = made
    return before, after
