"""Which uses of a block share a class, and which decisions its code makes itself.

Uses share a class where they have the same structure. A decision (`or`, `if`) that fell differently
in some of them is kept where code can say it: a module or nothing, one module or another of the
same name, an added branch or none. Others are taken apart, and part the uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace

from archdsl.graph import Network, Scope
from archdsl.records import dataclass
from archdsl.torchgen.bodies import ENTRY, Item, all_sources, reads

Key = tuple[object, ...]


@dataclass(eq=False)
class Instance:
    """One use of a class: its scope, and its body with decisions taken apart as far as needed."""

    network: Network
    scope: Scope
    items: list[Item]
    end: int | None
    known: dict[int, int]
    reads: list[int]  # the tensors that come in, the body's own first


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


ClassOf = Callable[[Scope], object]


def grouped(instances: list[Instance], class_of: ClassOf) -> list[Group]:
    """Part uses by structure, in order of first use."""
    done: list[Group] = []
    waiting = [Group(instances)]
    while waiting:
        parts = partition(waiting.pop(0).instances, class_of)
        for part in parts:
            decided = decide(part)
            if decided is None:
                done.append(part)
            else:
                waiting = [*decided, *waiting]
    order = {instance.scope: i for i, instance in enumerate(instances)}
    return sorted(done, key=lambda group: order[group.instances[0].scope])


def partition(instances: list[Instance], class_of: ClassOf) -> list[Group]:
    """Groups of equal structure, decisions seen from outside."""
    found: dict[Key, Group] = {}
    for instance in instances:
        key = body_key(instance, class_of)
        found.setdefault(key, Group([])).instances.append(instance)
    groups = list(found.values())
    for group in groups:
        group.kept = keepable(group, class_of)
    return groups


def body_key(instance: Instance, class_of: ClassOf) -> Key:
    """What two uses have in common if they have one structure."""
    made: dict[int | None, object] = {}
    for i, number in enumerate(instance.reads):
        made[number] = f"input {i}"
    dropped = {item.thing: i for i, item in enumerate(instance.items) if item.end is None}
    key: list[object] = []
    for i, item in enumerate(instance.items):
        key.append(item_key(item, class_of))
        asks = iter(item.asks)
        key += [
            dropped.get(next(asks, None) or item.thing) if number is None else made.get(number)
            for number in item.sources
        ]
        if item.end is not None:
            made[item.end] = i
    return (*key, made.get(instance.end))


def item_key(item: Item, class_of: ClassOf) -> Key:
    if item.is_joint:
        return ("joint", item.operator.name)
    if item.kind == "op":
        return ("op", item.name, item.node.applied.form)
    if item.kind == "class":
        return ("class", item.name, class_of(item.scope))
    if item.kind == "chain":
        return ("chain", item.name, *(item_key(i, class_of) for i in item.items))
    span = item.scope.span
    return ("choice", span and (span.source.name, span.start, span.end))


def keepable(group: Group, class_of: ClassOf) -> set[int]:
    """The decisions that fell differently and that code can make itself."""
    kept = set()
    for i, item in enumerate(group.instances[0].items):
        if item.kind != "choice":
            continue
        column = group.column(i)
        if len({choice.scope.chosen for choice in column}) != 2 or not private(group, i):
            continue
        keys: dict[int, set[Key]] = {}
        for choice in column:
            inner = tuple(item_key(part, class_of) for part in choice.items)
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
        first.kind == "op" and first.node.applied.module is not None and not first.is_parameter
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

    items = [renamed(item, tensor) for item in items]
    end = tensor(instance.end)
    known = {n: now for n, made in instance.known.items() if (now := tensor(made)) is not None}
    return Instance(instance.network, instance.scope, items, end, known, reads(items, end))


def renamed(item: Item, tensor: Callable[[int | None], int | None]) -> Item:
    """An item that reads other tensors."""
    sources = tuple(map(tensor, item.sources))
    items = item.items
    if item.kind == "choice":
        items = tuple(renamed(part, tensor) for part in items)
    if sources == item.sources and items == item.items and tensor(item.inner) == item.inner:
        return item
    return replace(item, sources=sources, items=items, inner=tensor(item.inner))
