"""The network as a graph: operators in walking order, and the scopes that name them.

A node's shape is known from the moment it is added. `Network.graph` is the same as a NetworkX
MultiDiGraph keyed by argument slot (`add(x, x)` would lose an edge in a DiGraph); it is made when
asked for, since importing NetworkX costs more time than checking a network.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal

from archdsl.diagnostics import Diagnostic
from archdsl.ops import Applied, Op, Tensor
from archdsl.records import cached_property, dataclass
from archdsl.shapes import Shape
from archdsl.source import Source, Span
from archdsl.symbols import Binding, Sym
from archdsl.syntax import Call

if TYPE_CHECKING:
    import networkx as nx


@dataclass(eq=False)
class Node:
    """An operator in its place.

    `inputs` are the nodes whose tensors come in. `sources` are the same, except that a tensor which
    a decision has passed on unchanged keeps a number of its own, below zero (see `Scope`). `use` is
    the call in the network's own text that it comes from, where it stands in a block or `let`.
    `applied` is the operator on the shapes that come in, with its answers.

    `schedule` has the author's expression for an argument that a `schedule` line gives.

    In the sketch of a network that does not pass the check, `fault` is the mistake made here;
    behind one, what is `guessed` has a shape that nobody should rely on.
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    shape: Shape
    scope: Scope
    sources: tuple[int, ...]
    applied: Applied
    span: Span | None = None
    symbols: dict[str, Sym] = field(default_factory=dict)
    device: int | None = None
    training_only: bool = False
    use: Span | None = None
    schedule: Mapping[str, str] = field(default_factory=dict)
    fault: Diagnostic | None = None
    guessed: bool = False

    @property
    def op(self) -> Op:
        """The operator."""
        return self.applied.op

    @property
    def rule(self) -> Hashable:
        """What it does, the same for all operators that one `schedule` line gives their numbers."""
        if not self.schedule:
            return self.op
        unsaid = dict.fromkeys(self.schedule, 0)
        return replace(self.op, **unsaid), *self.schedule.items()

    @property
    def path(self) -> str:
        """Its module's path in the state_dict."""
        return joined(self.scope.path, self.name)

    def __repr__(self) -> str:
        return f"<{self.op.name} {self.path}: {self.shape}>"

    @property
    def bears_label(self) -> bool:
        """Whether its tensor bears the label itself, with no module around it."""
        return any(not tensor.name for tensor in self.applied.tensors)


@dataclass(eq=False)
class Scope:
    """A stretch of the network with a name of its own.

    `entry` and `exit` are the nodes whose tensors come in and go out; `source` and `end` the same
    as numbers that tell apart what a decision passed on unchanged.

    `choice` scopes carry no name: they mark what an author's `or` or `if` decided, so that code
    can keep the decision. `chosen` is the alternative taken, `condition` what `if` asked, `goal`
    the node that an `or` had to fit; `passes` tells that what came in went out. Where decisions
    leave a join one branch, a choice without items stands for it: `joint` with the `ends` of its
    branches, and the choices that have `dropped` them.

    A use of a block may be `like` an earlier one: the same but for its name, its place in the
    network, and what comes in.
    """

    kind: Literal["network", "block", "group", "choice"]
    name: str
    path: str
    parent: Scope | None = None
    numbered: bool = False
    definition: str = ""
    title: str = ""
    items: list[Node | Scope] = field(default_factory=list)
    params: tuple[Binding, ...] = ()
    entry: int = 0
    exit: int | None = None
    source: int = 0
    end: int | None = None
    span: Span | None = None
    chosen: int = 0
    condition: Sym | None = None
    goal: int | None = None
    joint: Op | None = None
    ends: tuple[int | None, ...] = ()
    dropped: tuple[Scope | None, ...] = ()
    passes: bool = False
    like: Scope | None = None

    def __repr__(self) -> str:
        return f"<{self.kind} {self.path or self.name}>"

    @property
    def original(self) -> Scope:
        """The use that it is like, or itself."""
        return self.like or self

    @property
    def naming(self) -> Scope:
        """The scope that names what stands here."""
        scope = self
        while scope.kind == "choice" and scope.parent is not None:
            scope = scope.parent
        return scope

    def encloses(self, other: Scope | None) -> bool:
        """Whether the other scope is this one or lies within it."""
        while other is not None:
            if other is self:
                return True
            other = other.parent
        return False

    def named(self) -> Iterator[Node | Scope]:
        """What bears a name of its own in this scope, in walking order."""
        for item in self.items:
            if isinstance(item, Scope) and item.kind == "choice":
                yield from item.named()
            else:
                yield item

    def nodes(self) -> Iterator[Node]:
        """All nodes within, in walking order."""
        for item in self.items:
            if isinstance(item, Node):
                yield item
            else:
                yield from item.nodes()

    def decisions(self) -> Iterator[Scope]:
        """The decisions within, in walking order."""
        for item in self.items:
            if isinstance(item, Scope):
                if item.kind == "choice":
                    yield item
                yield from item.decisions()

    def named_scopes(self) -> Iterator[Scope]:
        """It and the scopes within that bear names, in walking order."""
        if self.kind != "choice":
            yield self
        for item in self.items:
            if isinstance(item, Scope):
                yield from item.named_scopes()


@dataclass(frozen=True)
class Output:
    """A tensor that the network returns; `weight` is the loss weight of a training-only head."""

    name: str
    node: int
    weight: float | None = None


@dataclass(frozen=True)
class Initialisation:
    """How weights start: for the operators of some names, or the items of some labels."""

    targets: tuple[str, ...]
    scheme: str | None
    options: tuple[tuple[str, float | str], ...]
    span: Span


@dataclass(frozen=True)
class Bound:
    """A figure that must compare so with a number, `params < 5M`."""

    measure: str
    sign: str
    value: int | float
    span: Span


@dataclass(frozen=True)
class Fits:
    """A shape of the first input that the network must take besides its own."""

    shape: Shape
    span: Span


Assertion = Bound | Fits


@dataclass(frozen=True, eq=False)
class Use:
    """How a use of a block was called, and what became of it: `size` operators from `start` on.

    `values` is what names mean in the text of `home`, in which the call stands. `passed` has the
    tensors that decisions in it have passed on, `counts` what was asked for copies.
    """

    call: Call
    home: Scope
    values: Mapping[str, Binding]
    scope: Scope
    start: int
    size: int
    passed: Mapping[int, int]
    counts: tuple[Sym, ...]
    steps: int

    @cached_property
    def given(self) -> Mapping[str, Binding]:
        """The parameters that the call names."""
        return {name: self.values[name] for name in self.call.mentioned if name in self.values}


@dataclass(eq=False)
class Network:
    """A whole network; nodes in walking order."""

    name: str
    about: str
    source: Source
    root: Scope
    nodes: list[Node]
    outputs: tuple[Output, ...]
    heads: tuple[Output, ...] = ()
    params: tuple[Binding, ...] = ()
    inits: tuple[Initialisation, ...] = ()
    asserts: tuple[Assertion, ...] = ()  # what the text says of it, not yet looked at
    counts: tuple[Sym, ...] = ()  # what was asked for copies and devices
    mistakes: tuple[Diagnostic, ...] = ()  # of a mere sketch: why it is no more than that
    uses: dict[Hashable, Use] = field(default_factory=dict)  # for whatever comes to the same

    def __repr__(self) -> str:
        return f"<network {self.name}: {len(self.nodes):,} operators>"

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes that tensors come in by."""
        return tuple(node for node in self.nodes if node.op.inputs == 0)

    @cached_property
    def decisions(self) -> tuple[Scope, ...]:
        """What was decided, in walking order."""
        return tuple(self.root.decisions())

    @cached_property
    def scheduled(self) -> bool:
        """Whether a `schedule` line has given numbers."""
        return any(node.schedule for node in self.nodes)

    @cached_property
    def devices(self) -> int:
        """How many devices `on` names; 0 where the network is not placed."""
        return max((n.device + 1 for n in self.nodes if n.device is not None), default=0)

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        """Shapes that come into a node."""
        return node.applied.inputs

    def tensors(self, node: Node) -> tuple[Tensor, ...]:
        """The state_dict entries of a node, named within it."""
        return node.applied.tensors

    def state(self) -> dict[str, tuple[int, ...]]:
        """Keys and shapes of the state_dict."""
        return {
            joined(node.path, tensor.name): tensor.shape
            for node in stated(self.root)
            for tensor in self.tensors(node)
        }

    @cached_property
    def graph(self) -> nx.MultiDiGraph:
        """The NetworkX graph: nodes carry `op`, `shape` and `path`, edges are keyed by slot."""
        import networkx as nx

        graph = nx.MultiDiGraph(name=self.name)
        for node in self.nodes:
            graph.add_node(node.index, op=node.op, shape=node.shape, path=node.path)
            for slot, source in enumerate(node.inputs):
                graph.add_edge(source, node.index, key=slot)
        return graph


def stated(scope: Scope) -> Iterator[Node]:
    """Nodes in the order of the state_dict: a module's own parameters stand before its parts."""
    items = list(scope.named())
    own = [item for item in items if isinstance(item, Node) and item.bears_label]
    yield from own
    for item in items:
        if isinstance(item, Scope):
            yield from stated(item)
        elif not item.bears_label:
            yield item


def trail(scope: Scope, name: str) -> str:
    """The chain of blocks down to a name, for messages."""
    parts, here = [joined(scope.path, name)], scope.naming
    while here.parent is not None:
        parts.append(f"{here.path} ({here.definition})" if here.definition else here.path)
        here = here.parent.naming
    return " > ".join([here.name, *reversed(parts)])


def joined(path: str, name: str) -> str:
    """A path with one more name, where there is one."""
    return f"{path}.{name}" if path and name else path or name
