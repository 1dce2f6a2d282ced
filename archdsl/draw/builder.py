"""Which boxes there are at a level, and which operators of the network each stands for.

A box stands for an operator with the norm and the activation behind it, or for a whole block. Like
neighbours are one box that says how often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from archdsl.diagnostics import did_you_mean, mistake
from archdsl.draw.boxes import Box, Edge, Frame, Item
from archdsl.draw.figure import Figure
from archdsl.draw.tensors import Owners, Tensors, edges, output_box
from archdsl.draw.text import (
    block_words,
    clip,
    follower_text,
    joint_text,
    layer_text,
    operator_text,
    place_text,
)
from archdsl.graph import Network, Node, Output, Scope
from archdsl.ops import Joint
from archdsl.outline import Entry, outline

FOLLOWERS = ("norm", "activation", "regularisation")


def built(
    network: Network,
    figure: Figure,
    part: Scope | None = None,
    label: Callable[[Node], str] = layer_text,
) -> tuple[list[Item], list[Edge]]:
    """What there is to see of a network, or of a part of it, and the tensors that go between."""
    builder = Builder(network, figure, label)
    items = builder.items(outline(network, part, fold=figure.level != "op"))
    builder.refuse_unknown_labels()
    if part is not None:
        items[:0] = builder.arriving(items)
    owners = Owners([box for item in items for box in item.boxes()], builder.first)
    ways = edges(builder.tensors, owners)
    for item in everything(items):
        if item.scope is not None:
            item.place = place_text(item.scope, network.nodes[item.members[-1]])
    for output in reversed(leaving(network, part)):
        source, end = owners.box(output.node), output_box(output, network)
        behind = next(k for k, item in enumerate(items, 1) if source in item.boxes())
        items.insert(behind, end)
        ways.append(Edge(source, end, dashed=end.dashed))
    return by_device(items), ways


def leaving(network: Network, part: Scope | None) -> tuple[Output, ...]:
    """What a network returns, or the tensor that leaves a part of it."""
    if part is None:
        return (*network.outputs, *network.heads)
    return () if part.exit is None else (Output("output", part.exit),)


def everything(items: Iterable[Item]) -> Iterator[Item]:
    """All boxes and frames."""
    for item in items:
        yield item
        if isinstance(item, Frame):
            yield from everything(item.items)


def by_device(items: list[Item]) -> list[Item]:
    """The items with a frame around what is placed on one device."""
    found: list[Item] = []
    frames: dict[int, Frame] = {}
    for item in items:
        devices = {box.device for box in item.boxes()}
        device = devices.pop() if len(devices) == 1 else None
        if device is None:
            if isinstance(item, Frame):
                item.items = by_device(item.items)
            found.append(item)
            continue
        if device not in frames:
            frames[device] = Frame(f"device {device}", [], [], device=device)
            found.append(frames[device])
        frames[device].items.append(item)
    return found


class Builder:
    """Entries to boxes, and nodes to the boxes that represent them."""

    def __init__(self, network: Network, figure: Figure, label: Callable[[Node], str]) -> None:
        self.network = network
        self.level = figure.level
        self.figure = figure
        self.label = label
        self.depth = 0  # how many open blocks stand around
        self.expanded: set[str] = set()  # labels to expand that were met
        self.first = list(range(len(network.nodes)))  # of a node in a copy, that of the first copy
        self.tensors = Tensors(network)

    # ---- boxes ----

    def items(self, entries: Iterable[Entry]) -> list[Item]:
        """The boxes and frames of a scope's entries."""
        found: list[Item] = []
        for entry in entries:
            self.add(found, entry)
        return found if self.level == "op" else self.merged(found)

    def add(self, found: list[Item], entry: Entry) -> None:
        """Add an entry to what stands before it in the same frame."""
        if entry.node is not None:
            if found and entry.repeat == 1 and self.follows(found[-1], entry.node):
                self.absorb(found[-1], entry.node)
            else:
                found.append(self.leaf(entry, entry.node))
        elif self.level != "op" and self.place(entry) == "group" and entry.repeat == 1:
            self.wanted(entry)
            for child in entry.children:
                self.add(found, child)
        else:
            found.append(self.scope(entry))

    def place(self, entry: Entry) -> str:
        return entry.scope.kind if entry.scope else ""

    def leaf(self, entry: Entry, node: Node) -> Box:
        box = Box(
            "layer",
            node.op.family,
            self.label(node),
            list(entry.indices),
            repeat=entry.repeat,
            dashed=node.training_only,
            device=node.device,
            unsure=node.guessed,
        )
        if isinstance(node.op, Joint):
            box.kind, box.title = "joint", joint_text(node.op)
        elif not node.inputs:
            box.kind, box.title, box.detail = "input", clip(node.name, 40), [f"{node.shape}"]
        elif self.level == "op":
            box.title = operator_text(node)
        if node.fault is not None:
            box.fault = clip(node.fault.message, 160)
        return box

    def follows(self, item: Item, node: Node) -> bool:
        """Whether a node is small and reads only the box before it, which nothing else reads."""
        if self.level == "op" or not isinstance(item, Box) or item.kind not in ("layer", "joint"):
            return False
        end = item.members[-1]
        return (
            item.repeat == 1
            and node.inputs == (end,)
            and self.tensors.readers[end] == [node.index]
            and end not in self.tensors.returned
            and (item.device, item.dashed) == (node.device, node.training_only)
            and not (node.fault or item.fault)
            and (node.op.family in FOLLOWERS or self.only_reshapes(node))
        )

    def only_reshapes(self, node: Node) -> bool:
        """Whether a node keeps every value and loses the map."""
        (before,) = self.network.input_shapes(node)
        same = node.op.family == "shape" and before.elements == node.shape.elements
        return same and node.shape.rank == 0

    def absorb(self, item: Item, node: Node) -> None:
        assert isinstance(item, Box)
        item.detail.append(follower_text(node))
        item.members.append(node.index)

    def arriving(self, items: list[Item]) -> list[Item]:
        """A box for each tensor that comes into a part from outside."""
        inside = {member for item in items for member in item.members}
        taken = dict.fromkeys(i for item in items for i in self.tensors.taken(item))
        return [
            Box("input", "input", "input", [i], [f"{self.network.nodes[i].shape}"])
            for i in taken
            if i not in inside
        ]

    # ---- scopes ----

    def scope(self, entry: Entry) -> Item:
        """A block as a box or a frame; one that comes down to a layer is that layer's box."""
        opened = self.opens(entry)
        self.depth += self.place(entry) == "block"
        inner = self.items(entry.children)
        self.depth -= self.place(entry) == "block"
        only = inner[0] if len(inner) == 1 else None
        if self.level != "op" and isinstance(only, Box) and 1 in (only.repeat, entry.repeat):
            only.members = list(entry.indices)
            only.repeat *= entry.repeat
            return only
        if not opened:
            return self.block(entry)
        self.fold(entry)
        assert entry.scope is not None
        frame = Frame("", inner, list(entry.indices), entry.scope, entry.repeat)
        if entry.scope.kind == "group":
            frame.divisible = entry.repeat == 1
        else:
            frame.title, *frame.detail = block_words(entry.scope)
        return frame

    def opens(self, entry: Entry) -> bool:
        """Whether what stands in a scope is to be seen: a mistake always is."""
        nodes = self.network.nodes
        wanted = self.wanted(entry)
        return (
            wanted
            or self.place(entry) != "block"
            or self.depth < self.figure.open_depth
            or any(nodes[i].fault for i in entry.indices)
        )

    def wanted(self, entry: Entry) -> bool:
        """Whether a label to expand is that of a block, of a copy, or of what stands within.

        The label of a group means the blocks that stand in it, a block's name all its uses.
        """
        assert entry.scope is not None
        depth = entry.path.count(".") + 1
        starts = entry.indices[:: entry.size]
        paths = {".".join(self.network.nodes[i].path.split(".")[:depth]) for i in starts}
        names = {*paths, entry.scope.definition, *groups_around(entry.scope)}
        met = {
            label
            for label in self.figure.expand
            if label in names or any(label.startswith(f"{path}.") for path in paths)
        }
        self.expanded |= met
        return bool(met)

    def refuse_unknown_labels(self) -> None:
        """Tell of a label to expand that no block bears."""
        for label in self.figure.expand:
            if label not in self.expanded:
                scopes = {node.scope for node in self.network.nodes}
                labels = [name for s in scopes for name in (s.path, s.definition) if name]
                raise mistake(
                    "unknown",
                    f"no block is labelled or called '{label}' in {self.network.name}",
                    help=did_you_mean(label, labels) or "a label is a path, such as layer1.0",
                )

    def block(self, entry: Entry) -> Box:
        assert entry.scope is not None
        nodes = [self.network.nodes[i] for i in entry.indices]
        title, *detail = block_words(entry.scope)
        devices = {node.device for node in nodes}
        return Box(
            "block",
            "block",
            title,
            list(entry.indices),
            detail,
            entry.scope,
            entry.repeat,
            all(node.training_only for node in nodes),
            devices.pop() if len(devices) == 1 else None,
            unsure=any(node.guessed for node in nodes),
        )

    def fold(self, entry: Entry) -> None:
        """Let the nodes of an entry's copies be represented by those of the first."""
        for i in entry.indices[entry.size :]:
            self.first[i] = i - entry.size

    # ---- repeats ----

    def merged(self, items: list[Item]) -> list[Item]:
        """Boxes that say the same and follow each other, as one; frames too."""
        found: list[Item] = []
        for item in items:
            last = found[-1] if found else None
            if last is not None and self.alike(last, item):
                last.repeat += item.repeat
                last.members += item.members
                if isinstance(last, Frame):
                    self.stand_for(last, item)
            else:
                found.append(item)
        return found

    def alike(self, one: Item, other: Item) -> bool:
        """Whether a reader would take two neighbours for two of the same."""
        if type(one) is not type(other) or one.says() != other.says():
            return False
        if not one.title or not self.chained(one, other):
            return False
        if isinstance(one, Frame):
            pairs = zip(one.boxes(), other.boxes(), strict=True)
            return all(len(a.members) == len(b.members) for a, b in pairs)
        layers = one.kind == "layer"
        return one.kind == "block" or (layers and self.shapes(one) == self.shapes(other))

    def stand_for(self, one: Frame, other: Item) -> None:
        """Let a frame's operators represent those of a like one."""
        for a, b in zip(one.boxes(), other.boxes(), strict=True):
            for i, j in zip(a.members, b.members, strict=True):
                self.first[j] = i

    def chained(self, one: Item, other: Item) -> bool:
        """Whether all that leaves one goes into the other, and nothing else goes in there."""
        inside, behind = set(one.members), set(other.members)
        leaving = {r for i in inside for r in self.tensors.readers[i]} - inside
        returned = not self.tensors.returned.isdisjoint(inside)
        return not returned and leaving <= behind and set(self.tensors.taken(other)) <= inside

    def shapes(self, item: Item) -> tuple[object, ...]:
        """What comes in and what goes out."""
        nodes = self.network.nodes
        taken = (nodes[i].shape for i in self.tensors.taken(item))
        return (*taken, nodes[item.members[-1]].shape)


def groups_around(scope: Scope) -> Iterator[str]:
    """The labels of the groups around a scope that no other block encloses."""
    outer = scope.parent
    while outer is not None and outer.kind in ("group", "choice"):
        if outer.kind == "group":
            yield outer.path
        outer = outer.parent
