"""Whether a network is as its `assert` lines say: figures within bounds, and inputs that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from itertools import islice
from typing import Any

from archdsl.diagnostics import Diagnostic, Note, did_you_mean
from archdsl.expand.building import MAX_MISTAKES
from archdsl.graph import Bound, Fits, Network
from archdsl.measure import Report, measure
from archdsl.ops.base import notation
from archdsl.shapes import extents
from archdsl.source import Span
from archdsl.values import COMPARISONS

# Those of one number, and those of one for each spatial axis, all of which have to compare so.
MEASURES = tuple(f.name for f in fields(Report) if f.type in ("int", "tuple[int, ...]"))


def failures(network: Network, settings: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    """What a network's lines say of it and does not hold, with the values that it was given."""
    return tuple(islice(all_failures(network, settings), MAX_MISTAKES))


def all_failures(network: Network, settings: Mapping[str, Any]) -> Iterator[Diagnostic]:
    report = measure(network) if network.asserts else None
    for assertion in network.asserts:
        if isinstance(assertion, Fits):
            yield from misfit(network, assertion, settings)
        elif assertion.measure not in MEASURES:
            yield unknown(assertion)
        else:
            yield from beyond(assertion, getattr(report, assertion.measure), settings)


def unknown(bound: Bound) -> Diagnostic:
    """The mistake of a measure that there is not."""
    start = bound.span.start
    span = Span(bound.span.source, start, start + len(bound.measure))
    help = did_you_mean(bound.measure, MEASURES) or f"measures: {', '.join(MEASURES)}"
    return Diagnostic("unknown", f"there is no measure '{bound.measure}'", span, help=help)


def beyond(
    bound: Bound, figure: int | tuple[int, ...], settings: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    """The mistake of a figure that does not compare with its bound as it must."""
    each = figure if isinstance(figure, tuple) else (figure,)
    if each and all(COMPARISONS[bound.sign](number, bound.value) for number in each):
        return
    shown = extents(each) if isinstance(figure, tuple) else f"{figure:,}"
    wanted = {"==": f"not {bound.value:,}", "!=": "must not be"}
    limit = wanted.get(bound.sign, f"{bound.value:,} is the bound")
    message = f"{bound.measure} is {shown or 'nothing, since no map is left'}, and {limit}"
    yield Diagnostic("assert", message, bound.span, help=given(settings))


def misfit(network: Network, asked: Fits, settings: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """The mistake of an input that the network does not take."""
    from archdsl.sizes import fits

    refusal = fits(network, asked.shape)
    if refusal is not None:
        notes = (Note(refusal.span, refusal.clause),) if refusal.span else ()
        message = f"{asked.shape} does not fit the network"
        yield Diagnostic("assert", message, asked.span, notes=notes, help=given(settings))


def given(settings: Mapping[str, Any]) -> str:
    """A word on the values that a network was given, which may be why it is not as it says."""
    values = ", ".join(f"{name}={notation(value)}" for name, value in settings.items())
    return f"this is with {values}" if values else ""
