"""A network as the rules look at it: who reads what, and how a finding is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from archdsl.diagnostics import Diagnostic, Note, warning
from archdsl.field import carried
from archdsl.graph import Network, Node, trail
from archdsl.ops import Identity
from archdsl.source import Span

T = TypeVar("T")


class Reading:
    """A network with the readers of each tensor; what passes a tensor on is seen through."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.origins: list[int] = []  # by node: whose tensor it makes or passes on
        # The nodes that make tensors, each with those that read it.
        self.makers: list[tuple[Node, list[Node]]] = []
        readers: list[list[Node]] = [[] for _ in network.nodes]
        for node in network.nodes:
            if isinstance(node.op, Identity):
                self.origins.append(self.origins[node.inputs[0]])
                continue
            self.origins.append(node.index)
            self.makers.append((node, readers[node.index]))
            for origin in dict.fromkeys([self.origins[i] for i in node.inputs]):
                readers[origin].append(node)
        ends = (*network.outputs, *network.heads)
        self.returned = {self.origins[output.node] for output in ends}

    def looks(self, reader: Node, node: Node) -> bool:
        """Whether a reader takes in a tensor's values, and not its extents only."""
        if len(reader.inputs) == 1:
            return True
        return node.index in [self.origins[i] for i in carried(self.network, reader)]

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Each two nodes of which the second reads the first, and nothing else does."""
        for node, readers in self.makers:
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


def once(found: Iterable[tuple[Node, T]]) -> Iterator[tuple[Node, T]]:
    """The first finding at each place: copies of a block would tell the same again."""
    seen: set[Span | None] = set()
    for node, what in found:
        if node.span not in seen:
            seen.add(node.span)
            yield node, what


def by_place(nodes: Iterable[Node]) -> list[list[Node]]:
    """Nodes grouped by the words that they come from."""
    found: dict[Span | None, list[Node]] = {}
    for node in nodes:
        found.setdefault(node.span, []).append(node)
    return [*found.values()]
