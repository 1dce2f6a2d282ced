"""A network as the rules look at it: who reads what, and how a finding is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archdsl.diagnostics import Diagnostic, Note, warning
from archdsl.graph import Network, Node, trail
from archdsl.ops import Identity
from archdsl.source import Span


class Reading:
    """A network with the readers of each tensor; what passes a tensor on is seen through."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.origins: list[int] = []  # by node: whose tensor it makes or passes on
        self.readers: dict[int, list[Node]] = {}
        for node in network.nodes:
            passes = isinstance(node.op, Identity)
            self.origins.append(self.origins[node.inputs[0]] if passes else node.index)
            if not passes:
                for origin in dict.fromkeys(self.origins[i] for i in node.inputs):
                    self.readers.setdefault(origin, []).append(node)
        ends = (*network.outputs, *network.heads)
        self.returned = {self.origins[output.node] for output in ends}

    def makers(self) -> Iterator[tuple[Node, list[Node]]]:
        """The nodes that make tensors, each with those that read it."""
        for node in self.network.nodes:
            if self.origins[node.index] == node.index:
                yield node, self.readers.get(node.index, [])

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Each two nodes of which the second reads the first, and nothing else does."""
        for node, readers in self.makers():
            if len(readers) == 1 and node.index not in self.returned:
                yield node, readers[0]


def told(
    code: str,
    message: str,
    node: Node,
    *,
    label: str = "",
    notes: Sequence[tuple[Node, str]] = (),
    help: str = "",
) -> Diagnostic:
    """A warning at a node, with other nodes that matter and the use of the block it stands in."""
    found: dict[Span, str] = {}
    for other, text in notes:
        if other.span is not None and other.span != node.span:
            found.setdefault(other.span, text)
    for use in (node.use, *(other.use for other, _ in notes)):
        if use is not None and not any(holds(use, span) for span in (node.span, *found) if span):
            found[use] = "in this use"
            break
    return warning(
        code,
        message,
        node.span,
        label=label,
        notes=tuple(Note(span, text) for span, text in found.items()),
        path=trail(node.scope, node.name),
        help=help,
    )


def holds(outer: Span, inner: Span) -> bool:
    """Whether a span contains another."""
    return outer.source == inner.source and outer.start <= inner.start and inner.end <= outer.end


def by_place(nodes: Iterable[Node]) -> list[list[Node]]:
    """Nodes grouped by the words that they come from."""
    found: dict[Span | None, list[Node]] = {}
    for node in nodes:
        found.setdefault(node.span, []).append(node)
    return [*found.values()]
