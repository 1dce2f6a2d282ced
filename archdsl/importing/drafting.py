"""Parts to a draft: in each part, the flow of tensors as a chain with joins.

The branches of a join begin at the last tensor that all its inputs go through. What is used once
more, outside of the brackets, is labelled, and called by `@label`.
"""

from __future__ import annotations

from dataclasses import replace

from archdsl.importing.draft import (
    Aux,
    Chain,
    Draft,
    Formula,
    Group,
    Item,
    Join,
    Leaf,
    Ref,
    Unit,
    identity,
    leaf,
    stateful,
)
from archdsl.importing.flow import Flow
from archdsl.importing.parts import Node, Part, Whole, refuse
from archdsl.importing.printing import unit_text
from archdsl.ops import Joint
from archdsl.ops.layout import Upsample
from archdsl.ops.reading import Unreadable, enlargement

Row = tuple[Item, Node]  # a step, and the tensor that leaves it


def drafted(whole: Whole, name: str) -> Draft:
    """A network as a draft, nothing folded."""
    first = Drafter(whole, {})
    first.network()
    labels = {node: f"x{i}" for i, node in enumerate(first.called, 1)}
    return Draft(name, whole.entry.shape, Drafter(whole, labels).network())


class Drafter:
    """Writes each tensor once, in the order of the text; `labels` are of those called again."""

    def __init__(self, whole: Whole, labels: dict[Node, str]) -> None:
        self.whole = whole
        self.flow = Flow(whole)
        self.labels = labels
        self.written: dict[Node, str] = {}  # and under which label, if any
        self.called: dict[Node, None] = {}

    def network(self) -> Chain:
        main, *heads = self.whole.outputs
        room = Room(self, self.whole.root, self.whole.entry)
        rows = room.chain(main, self.whole.entry)
        for head in sorted(heads, key=self.flow.order.__getitem__):
            rows = self.with_head(rows, room.chain(head, self.whole.entry))
        if label := self.labels.get(self.whole.entry):
            rows.insert(0, (Item(label, identity()), self.whole.entry))
        return filled(rows, self.whole.root)

    def with_head(self, rows: list[Row], head: list[Row]) -> list[Row]:
        """Put a head behind the step that it looks at."""
        (start, value), *rest = head
        places = [i for i, (_, left) in enumerate(rows) if left is value]
        if not isinstance(start.unit, Ref) or not places or not rest:
            part = self.whole.root
            refuse(part.kind, part.path, "has an output that is no head beside its main chain")
        self.called.pop(value, None)
        label, chain = None, tuple(item for item, _ in rest)
        if len(chain) == 1:
            label, chain = chain[0].label, (replace(chain[0], label=None),)
        return [*rows[: places[-1] + 1], (Item(label, Aux(chain)), value), *rows[places[-1] + 1 :]]

    def part(self, part: Part) -> Unit:
        """A part as a group; one that is nothing but an operator without weights as that."""
        entries, exits = self.flow.entries(part), self.flow.exits(part)
        if len(exits) != 1 or not entries:
            refuse(part.kind, part.path, "gives several tensors to what follows")
        entry = entries[-1]
        chain = filled(Room(self, part, entry).chain(exits[0], entry), part)
        state = any(stateful(item.unit) for item in chain)
        alone = len(chain) == 1 and not state
        return chain[0].unit if alone else Group(part.kind, chain, entry.shape, state)

    def ref(self, value: Node, part: Part) -> Row:
        """A tensor that is written already, by its label."""
        if value not in self.written and value is not self.whole.entry:
            refuse(part.kind, part.path, "takes several tensors, and their branches do not meet")
        self.called[value] = None
        return Item(None, Ref(self.written.get(value) or self.labels.get(value, ""))), value


class Room:
    """A part, with what happens directly in it."""

    def __init__(self, drafter: Drafter, part: Part, entry: Node) -> None:
        self.drafter = drafter
        self.part = part
        self.makers: dict[Node, Node | Part] = {}
        self.through: dict[Node, list[Node]] = {entry: [entry]}  # what all ways to a tensor pass
        for item in part.items:
            exits = [item] if isinstance(item, Node) else drafter.flow.exits(item)
            for value in exits:
                self.makers[value] = item
                known = [self.through[v] for v in self.inputs(item) if v in self.through]
                self.through[value] = [*common(known or [[entry]]), value]

    def inputs(self, item: Node | Part) -> list[Node]:
        """What leads to an operator or part; a tensor that only lends its extents does not."""
        if isinstance(item, Part):
            return self.drafter.flow.entries(item)
        return item.inputs if isinstance(item.op, Joint) else item.inputs[:1]

    def chain(self, value: Node, source: Node) -> list[Row]:
        """What leads from one tensor to another."""
        drafter = self.drafter
        if value is source:
            return []
        if value not in self.makers or value in drafter.written:
            return [drafter.ref(value, self.part)]
        item = self.makers[value]
        unit: Unit
        if isinstance(item, Node) and isinstance(item.op, Joint):
            start = self.through[value][-2]
            rows = self.chain(start, source)
            branches = [self.chain(branch, start) for branch in item.inputs]
            unit = Join(item.op.sign, tuple(tuple(step for step, _ in b) for b in branches))
        else:
            rows = self.chain(self.inputs(item)[-1], source)
            unit = self.operator(item) if isinstance(item, Node) else drafter.part(item)
        return [*rows, *self.labelled(item.name if stateful(unit) else None, unit, value)]

    def operator(self, node: Node) -> Leaf:
        """An operator; one to the extents of a tensor calls it, or has a factor where it cannot."""
        if not isinstance(node.op, Upsample) or len(node.inputs) == 1:
            return leaf(node.op, node.stateful)
        drafter, (x, like) = self.drafter, node.inputs
        if like in drafter.written or like is drafter.whole.entry:
            step, _ = drafter.ref(like, self.part)
            unit = leaf(node.op, False)
            called = Formula(unit_text(step.unit, False), plain=True)
            return replace(unit, values=tuple({**dict(unit.values), "to": called}.items()))
        try:
            factor = enlargement(like.shape.spatial, x.shape)
        except Unreadable as reason:
            refuse(self.part.kind, self.part.path, f"has no operator in Arch: {reason}")
        return leaf(replace(node.op, factor=factor, to=None), False)

    def labelled(self, name: str | None, unit: Unit, value: Node) -> list[Row]:
        """A step under the module's name, or under the one that it is called by again."""
        drafter = self.drafter
        call = drafter.labels.get(value)
        if call is None or (name is not None and not name.isdecimal()):
            drafter.written[value] = name or ""
            return [(Item(name, unit), value)]
        drafter.written[value] = call
        if stateful(unit) or isinstance(unit, Join):
            return [(Item(name, unit), value), (Item(call, identity()), value)]
        return [(Item(call, unit), value)]


def common(ways: list[list[Node]]) -> list[Node]:
    """What several ways have in common from their beginning on."""
    length = next(
        (i for i, steps in enumerate(zip(*ways, strict=False)) if len(set(steps)) > 1),
        min(map(len, ways)),
    )
    return ways[0][:length]


def filled(rows: list[Row], part: Part) -> Chain:
    """A chain in which what goes by position has its position: modules without effect count."""
    return positioned(tuple(item for item, _ in rows), 0, part)[0]


def positioned(chain: Chain, position: int, part: Part) -> tuple[Chain, int]:
    """A chain that begins at a position, filled; and the position behind it."""
    found: list[Item] = []
    for item in chain:
        if item.label is not None and item.label.isdecimal():
            missing = int(item.label) - position
            if missing < 0:
                refuse(part.kind, part.path, "numbers its children otherwise than it uses them")
            found += [Item(None, identity())] * missing
            position += missing
        unit = item.unit
        if isinstance(unit, Join):
            branches = []
            for branch in unit.branches:
                steps, position = positioned(branch, position, part)
                branches.append(steps)
                position += not branch  # it is written as `identity`
            item = replace(item, unit=replace(unit, branches=tuple(branches)))
        elif not isinstance(unit, Ref):
            position += 1
        found.append(item)
    return tuple(found), position
