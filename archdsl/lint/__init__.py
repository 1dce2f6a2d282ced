"""Warnings: what is legal and probably wrong, in a file's names and in its networks.

A rule is a function from a network, read as `Reading` shows it, to warnings. What an author has
allowed is left out; an allowance that allows nothing is told itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from archdsl.allow import Allowance, allowances
from archdsl.codes import codes, explanation
from archdsl.diagnostics import ArchError, Diagnostic, Note, did_you_mean, warning
from archdsl.expand import expand
from archdsl.expand.edits import variant_of
from archdsl.graph import Network
from archdsl.lint.kernels import swapped
from archdsl.lint.layers import bias_before_norm, double_activation, double_norm
from archdsl.lint.outputs import dead_end, softmax_output
from archdsl.lint.pixels import dropped_pixels
from archdsl.lint.reading import Reading
from archdsl.modules import DeclaredNetwork, Module
from archdsl.source import Source, Span
from archdsl.unused import unused_names

Rule = Callable[[Reading], Iterator[Diagnostic]]
RULES: tuple[Rule, ...] = (
    swapped,
    bias_before_norm,
    double_activation,
    double_norm,
    softmax_output,
    dropped_pixels,
    dead_end,
)
MAX_WARNINGS = 100
Networks = Mapping[DeclaredNetwork, Network]


def lint(module: Module, networks: Networks, *, whole: bool) -> tuple[Diagnostic, ...]:
    """The warnings of a file and of some networks in it.

    `whole` says that these are all of its networks as they stand in the text, so that what they do
    not need is not needed.
    """
    source = module.spec.source
    found = [*unused_names(module.spec, module.parts)]
    for declared, network in networks.items():
        found += of_network(declared, network)
    allowed = Allowed()
    left = [each for each in found if not allowed.covers(each)]
    told = [*{key(each): each for each in reversed(left)}.values()]  # networks share blocks
    unused = allowed.unused(source) if whole and networks else ()
    told += (each for each in chain(allowed.unknown(source), unused) if not allowed.covers(each))
    return tuple(sorted(told, key=place)[:MAX_WARNINGS])


def key(diagnostic: Diagnostic) -> tuple[str, Span | None]:
    """What makes two warnings the same, in whatever network they are found."""
    return diagnostic.code, diagnostic.span


def place(diagnostic: Diagnostic) -> tuple[str, int]:
    """A key that sorts by place; every warning has one."""
    assert diagnostic.span is not None
    return diagnostic.span.source.name, diagnostic.span.start


# ---- networks --------------------------------------------------------------------------------


def of_network(declared: DeclaredNetwork, network: Network) -> Iterator[Diagnostic]:
    """The warnings of a network; of a variant's base in another file only those that it causes."""
    source, name = declared.module.spec.source, declared.definition
    found = warnings(network)
    elsewhere = any(each.places[0].source != source for each in found)
    known = base_warnings(declared) if elsewhere else set()
    for each in found:
        if not any(span.source == source for span in each.places):
            cause = Note(name.name_span, f"in '{name.name}', and not in what it starts from")
            each = replace(each, notes=(*each.notes, cause))
        if each.places[0].source == source or key(each) not in known:
            yield each


def warnings(network: Network) -> list[Diagnostic]:
    """What the rules find."""
    reading = Reading(network)
    return [found for rule in RULES for found in rule(reading)]


def base_warnings(declared: DeclaredNetwork) -> set[tuple[str, Span | None]]:
    """What is found in the base of a variant by itself, where that stands in another file."""
    below = [level for level in variant_of(declared).chain if level.module is not declared.module]
    try:
        return {key(found) for level in below[-1:] for found in warnings(expand(level))}
    except ArchError:
        return set()


# ---- allowances ------------------------------------------------------------------------------


class Allowed:
    """The allowances of the files that warnings point into, and which of them were of use."""

    def __init__(self) -> None:
        self.known: dict[Source, tuple[Allowance, ...]] = {}
        self.used: set[Allowance] = set()

    def of(self, source: Source) -> tuple[Allowance, ...]:
        """What a file allows."""
        if source not in self.known:
            self.known[source] = allowances(source)
        return self.known[source]

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether a warning is allowed at one of its places."""
        sources = dict.fromkeys(span.source for span in diagnostic.places)
        covering = {a for source in sources for a in self.of(source) if a.covers(diagnostic)}
        self.used |= covering
        return bool(covering)

    def unused(self, source: Source) -> Iterator[Diagnostic]:
        """Allowances of a file that silence nothing; those that silence this come last."""
        for allowance in sorted(self.of(source), key=lambda each: each.code == "unused-allow"):
            if allowance not in self.used and allowance.code in warning_codes():
                yield warning(
                    "unused-allow",
                    f"there is no '{allowance.code}' to allow here",
                    allowance.span,
                    help="remove it",
                )

    def unknown(self, source: Source) -> Iterator[Diagnostic]:
        """Allowances of a file of what there is no warning of."""
        for code, span in ((each.code, each.span) for each in self.of(source)):
            if code not in codes():
                known = did_you_mean(code, warning_codes())
                help = known or "'archdsl explain' lists all codes"
                yield warning("unknown-allow", f"there is no warning '{code}'", span, help=help)
            elif explanation(code).severity == "error":
                message = f"'{code}' is a mistake, and mistakes cannot be allowed"
                yield warning("unknown-allow", message, span, help="remove it")


def warning_codes() -> list[str]:
    """The codes of warnings."""
    return [code for code in codes() if explanation(code).severity == "warning"]
