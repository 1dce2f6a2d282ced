"""Which modules may overwrite their input, so that a tensor less is kept."""

from __future__ import annotations

from collections import Counter

from archdsl.torchgen.bodies import Item
from archdsl.torchgen.structure import Group, Instance

Column = list[Item]


def in_place(group: Group) -> set[str]:
    """Names of modules that may overwrite their input in all that they are used for."""
    instance = group.instances[0]
    uses = readers(instance)
    made = {item.end: item for item in instance.items}
    safe: dict[object, bool] = {}
    for position, item in enumerate(instance.items):
        if overwrites_input(group.column(position)):
            source = made.get(item.sources[0])
            fine = source is not None and overwritable(source) and uses[item.sources[0]] == 1
            key = shared(item)
            safe[key] = safe.get(key, True) and fine
    return {item.name for item in instance.items if item.kind == "op" and safe.get(shared(item))}


def readers(instance: Instance) -> Counter[int | None]:
    """How often each tensor of a body is read; what is returned counts as read."""
    found = Counter(number for item in instance.items for number in item.sources)
    network = instance.network
    if instance.scope.kind == "network":
        found.update(instance.known[output.node] for output in (*network.outputs, *network.heads))
    else:
        found[instance.end] += 1
    return found


def shared(item: Item) -> object:
    """What is shared: implicit names of one operator with the same arguments."""
    return item.node.op if is_implicit(item) else item.name


def overwritable(item: Item) -> bool:
    """Whether what an item makes can be overwritten."""
    if item.kind == "gate":
        return False
    return item.kind == "op" and not item.node.op.keeps_output and item.node.op.inputs != 0


def overwrites_input(column: Column) -> bool:
    """Whether an operator can overwrite what comes in, in all uses of its class."""
    return all(item.kind == "op" and item.node.op.in_place for item in column)


def chained_in_place(column: Column) -> set[int]:
    """Positions in a chain whose module may overwrite what the one before has made."""
    found = set()
    for i in range(1, len(column[0].items)):
        parts = [chain.items[i] for chain in column]
        if overwrites_input(parts) and overwritable(column[0].items[i - 1]):
            found.add(i)
    return found


def is_implicit(item: Item) -> bool:
    """Whether a name was derived from what the item is, and not chosen by the author."""
    stem, _, tail = item.name.rpartition("_")
    name = item.node.op.name
    return item.name == name or (stem == name and tail.isdigit())
