"""Which scopes become classes, and which of them share one.

A block, the network itself, and a group that is no plain chain become classes. Uses of a block
share a class where they have the same structure; a decision (`or`, `if`) that fell differently in
some of them is kept where code can say it: a module or nothing, one module or another of the same
name, an added branch or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from archdsl.graph import Network, Node, Scope
from archdsl.ops import Joint, Op

Kind = Literal["op", "class", "chain", "choice", "gate"]
Key = tuple[object, ...]


@dataclass(frozen=True, eq=False)
class Item:
    """A step in the body of a class.

    `sources` are the tensors that come in and `end` the one that goes out, numbered as
    `Node.sources` are. `items` are the children of a chain, or what a choice has taken.
    """

    kind: Kind
    name: str
    thing: Node | Scope
    sources: tuple[int | None, ...]
    end: int | None
    items: tuple[Item, ...] = ()

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

    def nodes(self) -> Iterator[Node]:
        """All operators within."""
        if isinstance(self.thing, Node):
            yield self.thing
        else:
            yield from self.thing.nodes()


@dataclass(eq=False)
class Instance:
    """One use of a class: its scope, and its body with decisions taken apart as far as needed."""

    network: Network
    scope: Scope
    items: list[Item]
    renamed: dict[int, int] = field(default_factory=dict)

    def tensor(self, number: int | None) -> int | None:
        """A tensor's number behind the decisions that were taken apart."""
        while number in self.renamed:
            number = self.renamed[number]
        return number


@dataclass(eq=False)
class Group:
    """The uses that share a class; `kept` are the positions of decisions that its code makes."""

    instances: list[Instance]
    kept: set[int] = field(default_factory=set)


ClassOf = Callable[[Scope], int]


def build(scope: Scope, *, dissolve: bool = False) -> list[Item]:
    """The steps of a scope; with `dissolve`, decisions are replaced by what they took."""
    items: list[Item] = []
    renamed: dict[int, int] = {}

    def tensor(number: int) -> int:
        while number in renamed:
            number = renamed[number]
        return number

    for thing in scope.items:
        if isinstance(thing, Node):
            sources = tuple(map(tensor, thing.sources))
            items.append(Item("op", thing.name, thing, sources, thing.index))
        elif thing.kind == "choice" and dissolve:
            items += build(thing, dissolve=True)
            if thing.end is not None and thing.end < 0:
                renamed[thing.end] = thing.source
        elif thing.kind == "choice":
            items.append(choice_item(thing))
        else:
            items.append(scope_item(thing, tensor))
    return items


def choice_item(scope: Scope) -> Item:
    """A decision, or the mark of a join that lost a branch."""
    if scope.joint is not None:
        return Item("gate", scope.joint.name, scope, scope.ends, scope.end)
    return Item("choice", "", scope, (scope.source,), scope.end, tuple(build(scope)))


def scope_item(scope: Scope, tensor: Callable[[int], int]) -> Item:
    """A block, or a group as a chain or as a class of its own."""
    inner = build(scope, dissolve=True)
    sources = tuple(map(tensor, outside(inner, scope.source)))
    if scope.kind == "group" and is_chain(inner, scope):
        return Item("chain", scope.name, scope, sources, scope.end, tuple(inner))
    return Item("class", scope.name, scope, sources, scope.end)


def outside(items: list[Item], source: int) -> list[int]:
    """The tensors from elsewhere that a body uses, its own input first."""
    made = {item.end for item in items}
    found = [source]
    for item in items:
        for number in item.sources:
            if number is not None and number not in made and number not in found:
                found.append(number)
    return found


def is_chain(items: list[Item], scope: Scope) -> bool:
    """Whether each step takes only what the one before has made."""
    last: int | None = scope.source
    for item in items:
        if item.kind not in ("op", "chain", "class") or item.sources != (last,):
            return False
        if item.kind == "op" and item.node.op.module(item.node.shape) is None:
            return False
        last = item.end
    return bool(items)


def classes(scope: Scope) -> Iterator[Scope]:
    """The scopes within that become classes, inner ones first, then the scope itself."""
    for item in build(scope, dissolve=True):
        yield from inner_classes(item)
    yield scope


def inner_classes(item: Item) -> Iterator[Scope]:
    if item.kind == "class":
        yield from classes(item.scope)
    for child in item.items:
        yield from inner_classes(child)


# ---- grouping ------------------------------------------------------------------------------


def grouped(
    instances: list[Instance], shapes_of: Callable[[Network, Node], Key], class_of: ClassOf
) -> list[Group]:
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
    order = {id(instance): i for i, instance in enumerate(instances)}
    return sorted(done, key=lambda group: order[id(group.instances[0])])


def partition(
    instances: list[Instance], shapes_of: Callable[[Network, Node], Key], class_of: ClassOf
) -> list[Group]:
    """Groups of equal structure, decisions seen from outside."""
    found: dict[Key, Group] = {}
    for instance in instances:
        key = body_key(instance, shapes_of, class_of)
        found.setdefault(key, Group([])).instances.append(instance)
    groups = list(found.values())
    for group in groups:
        group.kept = keepable(group, shapes_of, class_of)
    return groups


def body_key(
    instance: Instance, shapes_of: Callable[[Network, Node], Key], class_of: ClassOf
) -> Key:
    """What two uses have in common if they have one structure."""
    items = instance.items
    made: dict[int | None, object] = {}
    for i, number in enumerate(outside(items, instance.scope.source)):
        made[number] = f"input {i}"
    dropped = [i for i, item in enumerate(items) if item.kind == "choice" and item.end is None]
    key: list[object] = []
    for i, item in enumerate(items):
        nones = iter(dropped)
        refs = tuple(
            next(nones, None) if n is None else made.get(instance.tensor(n)) for n in item.sources
        )
        key.append((item_key(item, instance.network, shapes_of, class_of), refs))
        if item.end is not None:
            made[item.end] = i
    return (*key, made.get(instance.tensor(instance.scope.end)))


def item_key(
    item: Item,
    network: Network,
    shapes_of: Callable[[Network, Node], Key],
    class_of: ClassOf,
) -> Key:
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


def keepable(
    group: Group, shapes_of: Callable[[Network, Node], Key], class_of: ClassOf
) -> set[int]:
    """The decisions that fell differently and that code can make itself."""
    kept = set()
    for i, item in enumerate(group.instances[0].items):
        column = [(instance, instance.items[i]) for instance in group.instances]
        if item.kind == "choice" and len({c.scope.chosen for _, c in column}) > 1:
            keys: dict[int, set[Key]] = {}
            for instance, choice in column:
                inner = tuple(
                    item_key(part, instance.network, shapes_of, class_of) for part in choice.items
                )
                keys.setdefault(choice.scope.chosen, set()).add(inner)
            if all(len(alike) == 1 for alike in keys.values()) and sayable(
                [choice for _, choice in column]
            ):
                kept.add(i)
    return kept


def sayable(choices: list[Item]) -> bool:
    """Whether alternatives are a module or nothing, modules of one name, or a branch or none."""
    names = {part.name for choice in choices for part in choice.items}
    if any(choice.end is None for choice in choices):
        return not names
    return len(names) == 1 and all(is_module(choice) for choice in choices)


def is_module(choice: Item) -> bool:
    """Whether what a decision took is nothing, or a single module on its input."""
    if not choice.items:
        return True
    (first, *rest) = choice.items
    plain = first.kind in ("class", "chain") or (
        first.kind == "op" and first.node.op.module(first.node.shape) is not None
    )
    return not rest and plain and first.sources == choice.sources and first.end == choice.end


def decide(group: Group) -> list[Group] | None:
    """Take one decision apart that is not kept, parting the uses; None where none is left."""
    first = group.instances[0]
    for i, item in enumerate(first.items):
        if item.kind == "choice" and i not in group.kept:
            parts: dict[int, Group] = {}
            for instance in group.instances:
                choice = instance.items[i]
                part = parts.setdefault(choice.scope.chosen, Group([]))
                part.instances.append(dissolved(instance, i))
            return list(parts.values())
        column = [instance.items[i] for instance in group.instances]
        if any(one.kind == "gate" for one in column) and not any(
            c.kind == "choice" and c.end is None
            for instance in group.instances
            for j, c in enumerate(instance.items)
            if j in group.kept
        ):
            gone = [dissolved(x, i) for x in group.instances if x.items[i].kind == "gate"]
            left = [x for x in group.instances if x.items[i].kind != "gate"]
            return [Group(part) for part in (gone, left) if part]
    return None


def dissolved(instance: Instance, i: int) -> Instance:
    """The same use with the decision at a position replaced by what it took."""
    item = instance.items[i]
    items = [*instance.items[:i], *item.items, *instance.items[i + 1 :]]
    renamed = dict(instance.renamed)
    if item.end is not None and item.end < 0:
        renamed[item.end] = item.scope.source
    return Instance(instance.network, instance.scope, items, renamed)


def operator(item: Item) -> Op:
    """The operator of a step that is one, joins that lost a branch included."""
    if item.kind == "gate":
        assert item.scope.joint is not None
        return item.scope.joint
    return item.node.op
