"""Scopes as the bodies of classes: their steps, with tensors numbered within each body.

A block, the network itself, and a group that is no plain chain become classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from archdsl.graph import Node, Scope
from archdsl.ops import Joint, Op
from archdsl.records import dataclass

Kind = Literal["op", "class", "chain", "choice", "gate"]
ENTRY = -1  # the tensor that comes into a body


@dataclass(frozen=True, eq=False)
class Item:
    """A step in the body of a class.

    `sources` are the tensors that come in and `end` the one that goes out, numbered within the
    body: what comes from outside below zero, what the steps make from zero. `items` are the
    children of a chain, or what a choice has taken; `inner` is the tensor that a choice hands on
    as its `end`. A gate's `asks` are the choices that dropped its branches.
    """

    kind: Kind
    name: str
    thing: Node | Scope
    sources: tuple[int | None, ...]
    end: int | None
    items: tuple[Item, ...] = ()
    inner: int | None = None
    asks: tuple[Scope | None, ...] = ()

    @property
    def node(self) -> Node:
        """The operator of an `op`."""
        return self.thing  # type: ignore[return-value]

    @property
    def scope(self) -> Scope:
        """The scope of anything else."""
        return self.thing  # type: ignore[return-value]

    @property
    def is_joint(self) -> bool:
        """Whether branches meet here, joins that lost a branch included."""
        return self.kind == "gate" or (self.kind == "op" and isinstance(self.node.op, Joint))

    @property
    def operator(self) -> Op:
        """The operator of a step that is one, joins that lost a branch included."""
        if self.kind == "gate":
            assert self.scope.joint is not None
            return self.scope.joint
        return self.node.op

    @property
    def is_parameter(self) -> bool:
        """Whether it is no module but a parameter, by which what comes in is multiplied."""
        made = self.node.applied.module if self.kind == "op" else None
        return made is not None and made.times is not None

    def nodes(self) -> Iterator[Node]:
        """All operators within."""
        if isinstance(self.thing, Node):
            yield self.thing
        else:
            yield from self.thing.nodes()


@dataclass(frozen=True, eq=False)
class Body:
    """The steps of a scope.

    `outside` are the graph's numbers of the tensors below zero; `known` tells which tensor of the
    body each of the graph's is, behind the last step. `reads` are the tensors that come in, the
    body's own first. `uses` are the scopes within that use a class, those in chains among them;
    `decided` tells whether there are decisions in the scope.
    """

    items: tuple[Item, ...]
    end: int | None
    outside: tuple[int, ...]
    known: dict[int, int]
    reads: list[int]
    uses: list[Scope]
    decided: bool


def reads(items: Iterable[Item], end: int | None) -> list[int]:
    """The tensors from outside that steps use, the body's own first."""
    used: list[int | None] = [ENTRY]
    for item in items:
        used += all_sources(item)
    used.append(end)
    return list(dict.fromkeys(number for number in used if number is not None and number < 0))


def all_sources(item: Item) -> Sequence[int | None]:
    """What an item and what a choice has taken read."""
    if item.kind != "choice":
        return item.sources
    return [*item.sources, *(number for part in item.items for number in all_sources(part))]


class Builder:
    """Makes the body of a scope, and numbers its tensors.

    With `dissolve`, decisions are replaced by what they took.
    """

    def __init__(self, bodies: Bodies, *, dissolve: bool) -> None:
        self.bodies = bodies
        self.dissolve = dissolve
        self.known: dict[int, int] = {}
        self.outside: list[int] = []
        self.uses: list[Scope] = []
        self.decided = False
        self.count = 0

    def body(self, scope: Scope) -> Body:
        if scope.kind != "network":
            self.read(scope.source)
        else:
            self.outside.append(scope.source)  # networks have inputs, and nothing comes in
        items = tuple(self.steps(scope))
        end = None if scope.end is None else self.read(scope.end)
        read = reads(items, end)
        outside = tuple(self.outside)
        return Body(items, end, outside, self.known, read, self.uses, self.decided)

    def read(self, number: int) -> int:
        """A tensor of the graph as the body numbers it."""
        if number not in self.known:
            self.outside.append(number)
            self.known[number] = -len(self.outside)
        return self.known[number]

    def fresh(self) -> int:
        self.count += 1
        return self.count - 1

    def steps(self, scope: Scope) -> list[Item]:
        items: list[Item] = []
        for thing in scope.items:
            if isinstance(thing, Node):
                items.append(self.op(thing))
            elif thing.kind != "choice":
                items += self.part(thing)
            else:
                self.decided = True
                items += self.taken(thing) if self.dissolve else [self.choice(thing)]
        return items

    def taken(self, scope: Scope) -> list[Item]:
        """What a decision took, in its place."""
        items = self.steps(scope)
        if scope.passes and scope.end is not None:
            self.known[scope.end] = self.read(scope.source)
        return items

    def op(self, node: Node) -> Item:
        sources = tuple(map(self.read, node.sources))
        end = self.known[node.index] = self.fresh()
        return Item("op", node.name, node, sources, end)

    def choice(self, scope: Scope) -> Item:
        """A decision, or the mark of a join that lost a branch."""
        source = self.read(scope.source)
        gate = scope.joint is not None
        ends = tuple(None if end is None else self.read(end) for end in scope.ends)
        items = tuple(self.steps(scope))
        inner = end = None
        if scope.end is not None:
            inner = source if scope.passes else self.read(scope.end)
            end = self.known[scope.end] = self.fresh()
        if gate:
            assert scope.joint is not None
            name = scope.joint.name
            return Item("gate", name, scope, ends, end, inner=inner, asks=scope.dropped)
        return Item("choice", "", scope, (source,), end, items, inner)

    def part(self, scope: Scope) -> tuple[Item, ...]:
        """A block, or a group as a chain or as a class of its own; nothing where it is empty."""
        inner = self.bodies.dissolved(scope.original)
        outside = inner.outside if scope.like is None else (scope.source,)
        sources = tuple(self.read(outside[-1 - number]) for number in inner.reads)
        assert scope.end is not None
        assert scope.exit is not None
        assert inner.end is not None
        if inner.end < 0:  # it hands on a tensor that came in
            self.known.setdefault(scope.end, self.read(outside[-1 - inner.end]))
        if not inner.items:
            return ()
        end = self.fresh()
        if inner.end >= 0:
            self.known[scope.end] = end
            self.known.setdefault(scope.exit, end)
        if scope.kind == "group" and is_chain(inner):
            self.uses += inner.uses
            return (Item("chain", scope.name, scope, sources, end, inner.items),)
        self.uses.append(scope.original)
        return (Item("class", scope.name, scope, sources, end),)


def is_chain(body: Body) -> bool:
    """Whether each step takes only what the one before has made."""
    last: int | None = ENTRY
    for item in body.items:
        if item.kind not in ("op", "chain", "class") or item.sources != (last,):
            return False
        if item.kind == "op" and (item.node.applied.module is None or item.is_parameter):
            return False
        last = item.end
    return body.end == last


class Bodies:
    """The bodies of all scopes with their decisions replaced by what they took."""

    def __init__(self) -> None:
        self.made: dict[Scope, Body] = {}

    def dissolved(self, scope: Scope) -> Body:
        if scope not in self.made:
            self.made[scope] = Builder(self, dissolve=True).body(scope)
        return self.made[scope]

    def undecided(self, scope: Scope) -> Body:
        """The body with its decisions."""
        body = self.dissolved(scope)
        return Builder(self, dissolve=False).body(scope) if body.decided else body
