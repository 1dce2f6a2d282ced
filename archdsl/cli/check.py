"""`archdsl check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from archdsl import pipeline
from archdsl.cli.options import SET
from archdsl.cli.streams import complain, explained, say
from archdsl.diagnostics import ArchError, Diagnostic

if TYPE_CHECKING:
    from archdsl.graph import Network
    from archdsl.modules import DeclaredNetwork


@click.command(
    short_help="Check specs: syntax, names, shapes.",
    epilog="""\b
Examples:
  archdsl check googlenet
  archdsl check my.arch other.arch:small
  archdsl check my.arch --watch
  archdsl check my.arch --json""",
)
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@SET
@click.option("--json", "as_json", is_flag=True, help="Print what is found as a JSON document.")
@click.option("--watch", "again", is_flag=True, help="Check again on each save, until Ctrl-C.")
def check(specs: tuple[str, ...], values: dict[str, Any], as_json: bool, again: bool) -> None:
    """Check each SPEC: syntax, names, every shape, and what its 'assert' lines say.

    Of a file, all networks are checked.

    Warns of what is legal and probably wrong; '# allow: CODE' in the spec silences a warning.
    """
    if again:
        from archdsl.cli.watch import watch

        if as_json:
            raise click.UsageError("--watch prints for people, and --json for programs")
        watch(specs, lambda: checked(specs, values, quiet=False))
        return
    found = checked(specs, values, quiet=as_json)
    if as_json:
        from archdsl.documents import diagnostics_document, json_of

        say(json_of(diagnostics_document(found)))
    if any(diagnostic.severity == "error" for diagnostic in found):
        click.get_current_context().exit(1)


def checked(specs: tuple[str, ...], values: dict[str, Any], *, quiet: bool) -> list[Diagnostic]:
    """What is found in some specs; unless quiet, shown, with a word on each network."""
    found: list[Diagnostic] = []
    for spec in specs:
        here = findings(spec, values, quiet=quiet)
        if here and not quiet:
            complain(here)
        found += here
    if not quiet:
        explained(found)
    return found


def findings(spec: str, values: dict[str, Any], *, quiet: bool) -> list[Diagnostic]:
    """The mistakes and warnings of a spec; says of each good network that it is fine."""
    try:
        module, asked = pipeline.asked(spec)
    except ArchError as error:
        return list(error.diagnostics)
    if not asked and not quiet:
        say(f"{spec}: fine: it declares no network")
    networks, mistakes = expanded(asked, values)
    if not quiet:
        for network in networks.values():
            say(verdict(network))
    whole = asked == module.own_networks and not mistakes and not values
    return [*mistakes, *pipeline.warnings(module, networks, whole=whole)]


def expanded(
    asked: tuple[DeclaredNetwork, ...], values: dict[str, Any]
) -> tuple[dict[DeclaredNetwork, Network], list[Diagnostic]]:
    """The networks that are good, and the mistakes of the others."""
    networks = {}
    mistakes: dict[Diagnostic, None] = {}  # networks share blocks, and so the mistakes in them
    for declared in asked:
        try:
            networks[declared] = pipeline.asserted(declared, values)
        except ArchError as error:
            mistakes.update(dict.fromkeys(error.diagnostics))
    return networks, list(mistakes)


def verdict(network: Network) -> str:
    """`googlenet: fine: 3x224x224 -> 1000, 6,998,552 parameters`."""
    report = pipeline.report(network)
    inputs = ", ".join(map(str, report.inputs))
    outputs = ", ".join(map(str, report.outputs))
    return f"{network.name}: fine: {inputs} -> {outputs}, {report.params:,} parameters"
