"""What the passes for inference did to a network, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.graph import Network
from archdsl.measure import measure
from archdsl.passes import Step
from archdsl.summary.table import Table

FIGURES = ("operators", "params", "MACs")


def rewriting(
    network: Network, steps: Sequence[Step], *, color: bool = False, width: int | None = None
) -> str:
    """A row for each pass: what it did, and the network's figures behind it, heads and all."""
    made = Table((heading, heading in FIGURES) for heading in ("pass", "what it did", *FIGURES))
    made.add_row("", "as in training", *figures(network))
    for step in steps:
        style = "" if any(step.counts) else "dim"
        cells = (step.did.name, step.text, *figures(step.network))
        made.add_row(*cells, style=style)
    return made.drawn(color, width)


def figures(network: Network) -> tuple[str, ...]:
    """Operators but for the inputs, parameters and multiply-accumulates."""
    report = measure(network)
    operators = len(network.nodes) - len(network.inputs)
    return tuple(f"{n:,}" for n in (operators, report.params_with_heads, report.macs_with_heads))
