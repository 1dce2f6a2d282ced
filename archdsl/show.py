"""The stages as text to read: the tree, the graph, the figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from archdsl.diagnostics import printable
from archdsl.graph import Network, Node
from archdsl.measure import Report
from archdsl.source import Source, Span
from archdsl.syntax import Spec


def tree_text(spec: Spec) -> str:
    """The tree, a part a line, without the places."""
    return "\n".join(branch("", spec, 0))


def branch(name: str, value: Any, depth: int) -> Iterator[str]:
    """A part of the tree under the name of its field."""
    head = "  " * depth + (f"{name}: " if name else "")
    if isinstance(value, tuple) and any(map(is_dataclass, value)):
        yield head.rstrip()
        for part in value:
            yield from branch("", part, depth + 1)
    elif not is_dataclass(value) or isinstance(value, Source):
        shown = value.name if isinstance(value, Source) else value
        yield head + printable(str(shown) if not isinstance(shown, str) else repr(shown))
    else:
        yield head + type(value).__name__
        for field in fields(value):
            part = getattr(value, field.name)
            if not isinstance(part, Span) and part not in ((), None, ""):
                yield from branch(field.name, part, depth + 1)


def graph_text(network: Network) -> str:
    """The graph, an operator a line: number, path, what it is, what feeds it, what leaves it."""
    lines = [f"network {network.name}"]
    path = max(len(node.path) for node in network.nodes)
    number = len(str(len(network.nodes) - 1))
    for node in network.nodes:
        lines.append(f"{node.index:>{number}}  {node.path:<{path}}  {operation(node)}")
    for output in network.outputs:
        lines.append(f"output {output.name}: {output.node}")
    for head in network.heads:
        lines.append(f"training-only output {head.name}: {head.node}, weight {head.weight:g}")
    return printable_lines(lines)


def operation(node: Node) -> str:
    """`conv 3x3 64 (4) -> 64x56x56`."""
    what = f"{node.op.name} {node.op.describe()}".rstrip()
    feeds = f" ({', '.join(map(str, node.inputs))})" if node.inputs else ""
    device = f" on {node.device}" if node.device is not None else ""
    return f"{what}{feeds} -> {node.shape}{device}"


def report_text(report: Report) -> str:
    """The totals, a figure a line."""
    facts = {
        "network": report.network,
        "input": ", ".join(map(str, report.inputs)),
        "output": ", ".join(map(str, report.outputs)),
        "parameters": f"{report.params:,}",
        "with training-only heads": f"{report.params_with_heads:,}",
        "fixed constants": f"{report.fixed:,}",
        "buffers": f"{report.buffers:,}",
        "multiply-accumulates": f"{report.macs:,}",
        "with the heads": f"{report.macs_with_heads:,}",
        "activations": f"{report.elements:,}",
        "receptive field": "x".join(map(str, report.receptive_field)) or "none",
        "stride": "x".join(map(str, report.stride)) or "none",
        "weight layers": f"{report.weight_layers}",
    }
    width = max(map(len, facts))
    return printable_lines([f"{name:<{width}}  {fact}" for name, fact in facts.items()])


def printable_lines(lines: list[str]) -> str:
    """Lines without control characters."""
    return "\n".join(map(printable, lines))
