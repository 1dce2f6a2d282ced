"""`archdsl check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from archdsl import pipeline
from archdsl.cli.options import SET
from archdsl.cli.streams import complain, say
from archdsl.diagnostics import ArchError, Diagnostic

if TYPE_CHECKING:
    from archdsl.graph import Network


@click.command(
    short_help="Check specs: syntax, names, shapes.",
    epilog="""\b
Examples:
  archdsl check googlenet
  archdsl check my.arch other.arch:small
  archdsl check my.arch --json""",
)
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@SET
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as a JSON document.")
def check(specs: tuple[str, ...], values: dict[str, Any], as_json: bool) -> None:
    """Check each SPEC: syntax, names, every shape. Of a file, all networks are checked."""
    mistakes: list[Diagnostic] = []
    for spec in specs:
        found = checked(spec, values, quiet=as_json)
        if found and not as_json:
            complain(found)
        mistakes += found
    if as_json:
        from archdsl.documents import diagnostics_document, json_of

        say(json_of(diagnostics_document(mistakes)))
    if mistakes:
        click.get_current_context().exit(1)


def checked(spec: str, values: dict[str, Any], *, quiet: bool) -> list[Diagnostic]:
    """The mistakes of a spec; says of each good network that it is fine."""
    try:
        networks = pipeline.networks(spec)
    except ArchError as error:
        return list(error.diagnostics)
    mistakes: dict[Diagnostic, None] = {}  # networks share blocks, and so the mistakes in them
    if not networks and not quiet:
        say(f"{spec}: fine: it declares no network")
    for declared in networks:
        try:
            network = pipeline.expanded(declared, values)
        except ArchError as error:
            mistakes.update(dict.fromkeys(error.diagnostics))
        else:
            if not quiet:
                say(verdict(network))
    return list(mistakes)


def verdict(network: Network) -> str:
    """`googlenet: fine: 3x224x224 -> 1000, 6,998,552 parameters`."""
    report = pipeline.report(network)
    inputs = ", ".join(map(str, report.inputs))
    outputs = ", ".join(map(str, report.outputs))
    return f"{network.name}: fine: {inputs} -> {outputs}, {report.params:,} parameters"
