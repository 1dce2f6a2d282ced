"""Which scopes become classes, and which of them share one.

A block, the network itself, and a group that is no plain chain become classes. Uses of a block
share a class where they have the same structure; a decision (`or`, `if`) that fell differently in
some of them is kept where code can say it: a module or nothing, one module or another of the same
name, an added branch or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from archdsl.graph import Network, Node, Scope
from archdsl.ops import Joint, Op

Kind = Literal["op", "class", "chain", "choice", "gate"]
Key = tuple[object, ...]
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
        assert isinstance(self.thing, Node)
        return self.thing

    @property
    def scope(self) -> Scope:
        """The scope of anything else."""
        assert isinstance(self.thing, Scope)
        return self.thing

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
    body each of the graph's is, behind the last step.
    """

    items: tuple[Item, ...]
    end: int | None
    outside: tuple[int, ...]
    known: dict[int, int]

    @property
    def reads(self) -> list[int]:
        """The tensors that come in, the body's own first."""
        return reads(self.items, self.end)


def reads(items: Iterable[Item], end: int | None) -> list[int]:
    """The tensors from outside that steps use, the body's own first."""
    used = [ENTRY, *(number for item in items for number in all_sources(item)), end]
    return list(dict.fromkeys(number for number in used if number is not None and number < 0))


def all_sources(item: Item) -> Iterator[int | None]:
    """What an item and what a choice has taken read."""
    yield from item.sources
    if item.kind == "choice":
        for part in item.items:
            yield from all_sources(part)


class Builder:
    """Makes the body of a scope, and numbers its tensors.

    With `dissolve`, decisions are replaced by what they took.
    """

    def __init__(self, bodies: Bodies, *, dissolve: bool) -> None:
        self.bodies = bodies
        self.dissolve = dissolve
        self.known: dict[int, int] = {}
        self.outside: list[int] = []
        self.count = 0

    def body(self, scope: Scope) -> Body:
        if scope.kind != "network":
            self.read(scope.source)
        else:
            self.outside.append(scope.source)  # networks have inputs, and nothing comes in
        items = tuple(self.steps(scope))
        end = None if scope.end is None else self.read(scope.end)
        return Body(items, end, tuple(self.outside), self.known)

    def read(self, number: int) -> int:
        """A tensor of the graph as the body numbers it."""
        if number not in self.known:
            self.outside.append(number)
            self.known[number] = -len(self.outside)
        return self.known[number]

    def fresh(self) -> int:
        self.count += 1
        return self.count - 1

    def steps(self, scope: Scope) -> Iterator[Item]:
        for thing in scope.items:
            if isinstance(thing, Node):
                yield self.op(thing)
            elif thing.kind == "choice" and self.dissolve:
                yield from self.steps(thing)
                if thing.passes and thing.end is not None:
                    self.known[thing.end] = self.read(thing.source)
            elif thing.kind == "choice":
                yield self.choice(thing)
            else:
                yield from self.part(thing)

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

    def part(self, scope: Scope) -> Iterator[Item]:
        """A block, or a group as a chain or as a class of its own; nothing where it is empty."""
        inner = self.bodies.dissolved(scope)
        sources = tuple(self.read(inner.outside[-1 - number]) for number in inner.reads)
        assert scope.end is not None
        assert scope.exit is not None
        assert inner.end is not None
        if inner.end < 0:  # it hands on a tensor that came in
            self.known.setdefault(scope.end, self.read(inner.outside[-1 - inner.end]))
        if not inner.items:
            return
        end = self.fresh()
        if inner.end >= 0:
            self.known[scope.end] = end
            self.known.setdefault(scope.exit, end)
        if scope.kind == "group" and is_chain(inner):
            yield Item("chain", scope.name, scope, sources, end, inner.items)
        else:
            yield Item("class", scope.name, scope, sources, end)


def is_chain(body: Body) -> bool:
    """Whether each step takes only what the one before has made."""
    last: int | None = ENTRY
    for item in body.items:
        if item.kind not in ("op", "chain", "class") or item.sources != (last,):
            return False
        if item.kind == "op" and item.node.op.module(item.node.shape) is None:
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
        return Builder(self, dissolve=False).body(scope)

    def classes(self, scope: Scope) -> Iterator[Scope]:
        """The scopes within that become classes, inner ones first, then the scope itself."""
        for item in self.dissolved(scope).items:
            yield from self.classes_in(item)
        yield scope

    def classes_in(self, item: Item) -> Iterator[Scope]:
        if item.kind == "class":
            yield from self.classes(item.scope)
        for child in item.items:
            yield from self.classes_in(child)


# ---- grouping ------------------------------------------------------------------------------


@dataclass(eq=False)
class Instance:
    """One use of a class: its scope, and its body with decisions taken apart as far as needed."""

    network: Network
    scope: Scope
    items: list[Item]
    end: int | None
    known: dict[int, int] = field(default_factory=dict)

    @property
    def reads(self) -> list[int]:
        """The tensors that come in, the body's own first."""
        return reads(self.items, self.end)


@dataclass(eq=False)
class Group:
    """The uses that share a class; `kept` are the positions of decisions that its code makes."""

    instances: list[Instance]
    kept: set[int] = field(default_factory=set)

    def column(self, position: int) -> list[Item]:
        """The items at a position, one per use."""
        return [instance.items[position] for instance in self.instances]

    def asked(self, position: int) -> int | None:
        """Where the kept decision stands that may drop a branch of the join at a position."""
        for item in self.column(position):
            for scope in item.asks:
                for i in self.kept:
                    if any(one.thing is scope for one in self.column(i)):
                        return i
        return None


ClassOf = Callable[[Scope], int]
ShapesOf = Callable[[Network, Node], Key]


def grouped(instances: list[Instance], shapes_of: ShapesOf, class_of: ClassOf) -> list[Group]:
    """Part uses by structure, in order of first use."""
    done: list[Group] = []
    waiting = [Group(instances)]
    while waiting:
        parts = partition(waiting.pop(0).instances, shapes_of, class_of)
        for part in parts:
            decided = decide(part)
            if decided is None:
                done.append(part)
            else:
                waiting = [*decided, *waiting]
    order = {id(instance.scope): i for i, instance in enumerate(instances)}
    return sorted(done, key=lambda group: order[id(group.instances[0].scope)])


def partition(instances: list[Instance], shapes_of: ShapesOf, class_of: ClassOf) -> list[Group]:
    """Groups of equal structure, decisions seen from outside."""
    found: dict[Key, Group] = {}
    for instance in instances:
        key = body_key(instance, shapes_of, class_of)
        found.setdefault(key, Group([])).instances.append(instance)
    groups = list(found.values())
    for group in groups:
        group.kept = keepable(group, shapes_of, class_of)
    return groups


def body_key(instance: Instance, shapes_of: ShapesOf, class_of: ClassOf) -> Key:
    """What two uses have in common if they have one structure."""
    made: dict[int | None, object] = {}
    for i, number in enumerate(instance.reads):
        made[number] = f"input {i}"
    dropped = {item.thing: i for i, item in enumerate(instance.items) if item.end is None}
    key: list[object] = []
    for i, item in enumerate(instance.items):
        asks = iter(item.asks)
        refs = tuple(
            dropped.get(next(asks, None) or item.thing) if number is None else made.get(number)
            for number in item.sources
        )
        key.append((item_key(item, instance.network, shapes_of, class_of), refs))
        if item.end is not None:
            made[item.end] = i
    return (*key, made.get(instance.end))


def item_key(item: Item, network: Network, shapes_of: ShapesOf, class_of: ClassOf) -> Key:
    match item.kind:
        case "op" if isinstance(item.node.op, Joint):
            return ("joint", item.node.op.name)
        case "op":
            return ("op", item.name, *shapes_of(network, item.node))
        case "gate":
            return ("joint", item.name)
        case "class":
            return ("class", item.name, class_of(item.scope))
        case "chain":
            children = (item_key(i, network, shapes_of, class_of) for i in item.items)
            return ("chain", item.name, *children)
        case "choice":
            span = item.scope.span
            return ("choice", span and (span.source.name, span.start, span.end))


def keepable(group: Group, shapes_of: ShapesOf, class_of: ClassOf) -> set[int]:
    """The decisions that fell differently and that code can make itself."""
    kept = set()
    for i, item in enumerate(group.instances[0].items):
        if item.kind != "choice":
            continue
        column = group.column(i)
        if len({choice.scope.chosen for choice in column}) != 2 or not private(group, i):
            continue
        keys: dict[int, set[Key]] = {}
        for instance, choice in zip(group.instances, column, strict=True):
            inner = tuple(
                item_key(part, instance.network, shapes_of, class_of) for part in choice.items
            )
            keys.setdefault(choice.scope.chosen, set()).add(inner)
        if all(len(alike) == 1 for alike in keys.values()) and sayable(group, i):
            kept.add(i)
    return kept


def private(group: Group, position: int) -> bool:
    """Whether what a decision has taken is seen by nothing else, and sees nothing else."""
    for instance in group.instances:
        choice = instance.items[position]
        inside = {part.end for part in choice.items}
        others = (item for item in instance.items if item is not choice)
        if any(number in inside for item in others for number in all_sources(item)):
            return False
        if instance.end in inside or any(n is None or n < ENTRY for n in choice.sources):
            return False
    return True


def sayable(group: Group, position: int) -> bool:
    """Whether alternatives are a module or nothing, modules of one name, or a branch or none."""
    choices = group.column(position)
    names = {part.name for choice in choices for part in choice.items}
    if any(choice.end is None for choice in choices):
        return not names and droppable(group, position)
    return len(names) == 1 and all(is_module(choice) for choice in choices)


def droppable(group: Group, position: int) -> bool:
    """Whether the branch is the input or none, and a single join of two asks for it."""
    for instance in group.instances:
        choice = instance.items[position]
        if choice.end is None:
            asking = [i for i in instance.items if choice.thing in i.asks]
        elif choice.inner != choice.sources[0]:
            return False
        else:
            asking = [i for i in instance.items if choice.end in i.sources]
        if len(asking) != 1 or instance.end == choice.end or len(asking[0].sources) != 2:
            return False
        if choice.end is not None and asking[0].sources.count(choice.end) > 1:
            return False
        if not asking[0].is_joint:
            return False
    return True


def is_module(choice: Item) -> bool:
    """Whether what a decision took is nothing, or a single module on its input."""
    if not choice.items:
        return choice.inner == choice.sources[0]
    (first, *rest) = choice.items
    plain = first.kind in ("class", "chain") or (
        first.kind == "op" and first.node.op.module(first.node.shape) is not None
    )
    return not rest and plain and first.sources == choice.sources and first.end == choice.inner


def decide(group: Group) -> list[Group] | None:
    """Take one decision apart that is not kept, parting the uses; None where none is left."""
    for i, item in enumerate(group.instances[0].items):
        if item.kind == "choice" and i not in group.kept:
            parts: dict[int, Group] = {}
            for instance in group.instances:
                chosen = instance.items[i].scope.chosen
                part = parts.setdefault(chosen, Group([]))
                part.instances.append(dissolved(instance, i))
            return list(parts.values())
        gates = [one.kind == "gate" for one in group.column(i)]
        if any(gates) and group.asked(i) is None:
            lost = [dissolved(x, i) for x, gate in zip(group.instances, gates, strict=True) if gate]
            left = [x for x, gate in zip(group.instances, gates, strict=True) if not gate]
            return [Group(part) for part in (lost, left) if part]
    return None


def dissolved(instance: Instance, i: int) -> Instance:
    """The same use with the decision at a position replaced by what it took."""
    gone = instance.items[i]
    items = [*instance.items[:i], *gone.items, *instance.items[i + 1 :]]

    def tensor(number: int | None) -> int | None:
        return gone.inner if number is not None and number == gone.end else number

    known = {number: tensor(made) for number, made in instance.known.items()}
    return Instance(
        instance.network,
        instance.scope,
        [renamed(item, tensor) for item in items],
        tensor(instance.end),
        {number: made for number, made in known.items() if made is not None},
    )


def renamed(item: Item, tensor: Callable[[int | None], int | None]) -> Item:
    """An item that reads other tensors."""
    sources = tuple(map(tensor, item.sources))
    items = item.items
    if item.kind == "choice":
        items = tuple(renamed(part, tensor) for part in items)
    if sources == item.sources and items == item.items and tensor(item.inner) == item.inner:
        return item
    return replace(item, sources=sources, items=items, inner=tensor(item.inner))
