"""Concatenations of all that came before, as dense blocks make them, step by step.

`cat(a, b, c)` is `cat(cat(a, b), c)`. A part that takes a list of tensors and concatenates it first
takes the result instead; and what is concatenated with a part's own input is concatenated in it.
"""

from __future__ import annotations

from archdsl.importing.flow import Flow
from archdsl.importing.parts import Node, Part, Whole
from archdsl.ops import JOINTS

CONCAT = JOINTS["|"]


def gather(whole: Whole) -> Whole:
    """The same network, each tensor concatenated once."""
    known: dict[tuple[Node, ...], Node] = {}
    for node in [*whole.root.nodes()]:
        node.inputs = [known.get((value,), value) for value in node.inputs]
        if isinstance(node.op, CONCAT):
            shorten(node, known)
    outputs = tuple(known.get((value,), value) for value in whole.outputs)
    for part in [*inner(whole.root)]:
        take_out(part)
    flow = Flow(whole)
    for part in [*inner(whole.root)]:
        take_in(part, flow)
    return Whole(whole.root, whole.entry, outputs)


def inner(part: Part) -> list[Part]:
    """All parts within one."""
    parts = [item for item in part.items if isinstance(item, Part)]
    return [found for each in parts for found in (each, *inner(each))]


def shorten(node: Node, known: dict[tuple[Node, ...], Node]) -> None:
    """Begin a concatenation with the longest that is there already; one of one tensor goes."""
    values = tuple(node.inputs)
    if len(values) == 1:
        node.part.items.remove(node)
        known[node,] = values[0]
        return
    for length in range(len(values) - 1, 1, -1):
        if values[:length] in known:
            node.inputs = [known[values[:length]], *values[length:]]
            break
    known[values] = node


def take_out(part: Part) -> None:
    """Concatenate before a part what it would concatenate first."""
    first = part.items[0] if part.items else None
    within = {*part.nodes()}
    outer = part.parent
    if (
        outer is None
        or not isinstance(first, Node)
        or not isinstance(first.op, CONCAT)
        or within & {*first.inputs}
    ):
        return
    others = {value for node in within - {first} for value in node.inputs} - within
    if not others:
        part.items.remove(first)
        outer.items.insert(outer.items.index(part), first)
        first.part = outer


def take_in(part: Part, flow: Flow) -> None:
    """Concatenate within a part what comes in with what it makes of that.

    A part that numbers its children stays as it is: what passes a join by would take a number.
    """
    entries, exits = flow.entries(part), flow.exits(part)
    if part.parent is None or part.numbers or len(entries) != 1 or len(exits) != 1:
        return
    users = flow.users[exits[0]]
    if len(users) != 1 or not isinstance(users[0].op, CONCAT) or users[0].part is not part.parent:
        return
    join = users[0]
    if join.inputs == [entries[0], exits[0]]:
        part.parent.items.remove(join)
        part.items.append(join)
        join.part = part
