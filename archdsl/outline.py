"""The flat network as nested entries, like neighbours folded into one that says how often.

Diagrams, summaries and classes are cut along this view. What an `or` or an `if` decided leaves no
level of its own: its items stand in the parent. A scope without operators leaves nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

from archdsl.graph import Network, Node, Scope
from archdsl.records import dataclass
from archdsl.shapes import Shape


@dataclass(frozen=True)
class Entry:
    """An operator, or a scope with what stands in it; of `repeat` like copies the first.

    `end` makes the tensor that leaves it; where a scope passes its input on, that node stands
    before the scope.
    """

    node: Node | None
    scope: Scope | None
    children: tuple[Entry, ...]
    end: Node
    size: int = 1  # operators in one copy
    repeat: int = 1

    @property
    def place(self) -> Node | Scope:
        """The node or the scope itself."""
        place = self.node or self.scope
        assert place is not None
        return place

    @property
    def name(self) -> str:
        """Its name within its scope."""
        return self.place.name

    @property
    def path(self) -> str:
        """Its path in the state_dict; of like copies the first one's."""
        return self.place.path

    @property
    def what(self) -> str:
        """The operator with its arguments, or the block with its own."""
        if self.node is not None:
            return f"{self.node.op.name} {self.node.op.describe(self.node.schedule)}".rstrip()
        assert self.scope is not None
        text = self.scope.definition
        return f"{text}<{self.scope.title}>" if self.scope.title not in ("", text) else text

    @property
    def shape(self) -> Shape:
        """Shape of the tensor that leaves it."""
        return self.end.shape

    @property
    def start(self) -> int:
        """Index of its first operator."""
        return self.node.index if self.node else self.children[0].start

    @property
    def indices(self) -> range:
        """Indices of the operators of all copies, which follow each other without a gap."""
        return range(self.start, self.start + self.size * self.repeat)

    def nodes(self) -> Iterator[Node]:
        """The operators of the first copy, folded ones within it once."""
        if self.node:
            yield self.node
        for child in self.children:
            yield from child.nodes()


def outline(
    network: Network, scope: Scope | None = None, *, fold: bool = True
) -> tuple[Entry, ...]:
    """The entries that stand in a scope, or in the network; unfolded without `fold`."""
    return Outliner(network, fold).entries(scope or network.root)[0]


@dataclass(frozen=True)
class Part:
    """An entry with what folding asks: its kind, the tensors it takes, and the one it gives.

    Two entries have one `likeness` where they differ in nothing but names and what comes in.
    """

    entry: Entry
    likeness: int
    takes: tuple[int, ...]
    gives: int


class Outliner:
    """One walk over a network, leaf to root; likenesses are numbers in order of appearance.

    Outliners that share what is `known` give what is alike in their networks the same numbers.
    """

    def __init__(
        self, network: Network, fold: bool, known: dict[Hashable, int] | None = None
    ) -> None:
        self.network = network
        self.fold = fold
        self.likenesses = {} if known is None else known

    def likeness(self, *facts: Hashable) -> int:
        return self.likenesses.setdefault(facts, len(self.likenesses))

    def entries(self, scope: Scope) -> tuple[tuple[Entry, ...], list[Part]]:
        """A scope's entries, and the same as they were before folding."""
        parts = [self.part(item) for item in items(scope)]
        return folded(parts) if self.fold else tuple(part.entry for part in parts), parts

    def part(self, item: Node | Scope) -> Part:
        return self.leaf(item) if isinstance(item, Node) else self.branch(item)

    def leaf(self, node: Node) -> Part:
        takes = tuple(dict.fromkeys(node.inputs))
        likeness = self.likeness(
            node.rule,
            node.shape,
            self.network.input_shapes(node),
            tuple([takes.index(i) for i in node.inputs]),
            node.device,
            node.training_only,
            node.fault,
            node.guessed,
        )
        return Part(Entry(node, None, (), node), likeness, takes, node.index)

    def branch(self, scope: Scope) -> Part:
        children, parts = self.entries(scope)
        first = children[0].start
        outer = {i: -k for k, i in enumerate(outside(parts, first), 1)}

        def wire(i: int) -> int:
            return i - first if i >= first else outer.setdefault(i, -len(outer) - 1)

        size = sum(part.entry.size for part in parts)
        gives = first + size - 1 if scope.exit is None else scope.exit
        inner = tuple(
            (part.likeness, part.entry.name, tuple(map(wire, part.takes))) for part in parts
        )
        likeness = self.likeness(scope.kind, scope.definition, inner, wire(gives))
        entry = Entry(None, scope, children, self.network.nodes[gives], size)
        return Part(entry, likeness, tuple(outer), gives)


def outside(parts: list[Part], first: int) -> dict[int, None]:
    """The tensors from before a scope that its parts take, in order of use."""
    return dict.fromkeys(i for part in parts for i in part.takes if i < first)


def items(scope: Scope) -> Iterator[Node | Scope]:
    """What stands in a scope, seen through the marks of decisions; nothing empty."""
    for item in scope.items:
        if isinstance(item, Scope) and item.kind == "choice":
            yield from items(item)
        elif isinstance(item, Node) or next(item.nodes(), None) is not None:
            yield item


def folded(parts: list[Part]) -> tuple[Entry, ...]:
    """The entries of the parts, a chain of like ones as its first with their number."""
    entries: list[Entry] = []
    last: Part | None = None
    for part in parts:
        if last is not None and continues(last, part):
            entries[-1] = replace(entries[-1], repeat=entries[-1].repeat + 1)
        else:
            entries.append(part.entry)
        last = part
    return tuple(entries)


def continues(last: Part, part: Part) -> bool:
    """Whether a part does to its neighbour's output what that did to its own input."""
    if last.likeness != part.likeness or last.takes == part.takes:
        return False
    return all(b in (last.gives, a) for a, b in zip(last.takes, part.takes, strict=True))
