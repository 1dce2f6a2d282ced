"""Where a size breaks: the operators' own rules, run in numbers."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.graph import Network, Node
from archdsl.records import dataclass
from archdsl.shapes import Misfit, Shape, extents
from archdsl.source import Span

Size = tuple[int, ...]


@dataclass(frozen=True)
class Refusal:
    """Where a size breaks: the operator, and why it cannot take what comes to it."""

    size: Size
    path: str
    operator: str
    clause: str
    span: Span | None

    def __str__(self) -> str:
        place = f" ({self.span.source.name}:{self.span.line})" if self.span else ""
        return f"{extents(self.size)}: {self.operator} at {self.path}: {self.clause}{place}"


def breaking(network: Network, nodes: Iterable[Node], own: Size, size: Size) -> Refusal | None:
    """Where some of the nodes break if the inputs of some extents get others."""
    shapes = {}
    for node in network.inputs:
        follows = node.shape.spatial == own
        shapes[node.index] = Shape((node.shape.channels, *size)) if follows else node.shape
    return refusal(network, [node for node in nodes if node.inputs], shapes, size)


def refusal(
    network: Network, nodes: Iterable[Node], shapes: dict[int, Shape], size: Size
) -> Refusal | None:
    """Run the rules of some nodes, given the shapes before them; where that breaks."""
    for node in nodes:
        found = tuple(shapes[i] for i in node.inputs)
        try:
            shapes[node.index] = node.op.shape(*found)
            clause = misread(network, node, found)
        except Misfit as misfit:
            clause = misfit.clause
        if clause:
            operator = f"{node.op.name} {node.op.describe()}".rstrip()
            return Refusal(size, node.path, operator, clause, node.span)
    return None


def misread(network: Network, node: Node, found: tuple[Shape, ...]) -> str:
    """What is wrong where a node's weights would have another shape; nothing where they fit."""
    if node.op.tensors(*found) == network.tensors(node):
        return ""
    (own,), (other,) = network.input_shapes(node), found
    return f"its weights are for {own} features, and {other} come in"
