"""Tensors between boxes: each operator is mapped to its box, edges are taken from its inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from archdsl.draw.boxes import Box, Edge, Item
from archdsl.draw.text import clip
from archdsl.graph import Network, Output

MANY = 3  # ways that a tensor goes; more than two say its shape where they start


class Tensors:
    """Who reads which tensor."""

    def __init__(self, network: Network) -> None:
        self.nodes = network.nodes
        self.readers: list[list[int]] = [[] for _ in network.nodes]
        for node in network.nodes:
            for i in dict.fromkeys(node.inputs):
                self.readers[i].append(node.index)
        self.returned = {output.node for output in (*network.outputs, *network.heads)}

    def taken(self, item: Item) -> list[int]:
        """The tensors that come into a box or a frame."""
        inside = set(item.members)
        inputs = (i for member in item.members for i in self.nodes[member].inputs)
        return [i for i in dict.fromkeys(inputs) if i not in inside]

    def news(self, box: Box, tensor: int) -> str:
        """The shape of a tensor where the box that it leaves has changed it."""
        node = self.nodes[tensor]
        before = {self.nodes[i].shape for i in self.taken(box)}
        silent = box.kind == "input" or node.guessed or node.fault is not None
        return "" if silent or before == {node.shape} else f"{node.shape}"


class Owners:
    """The box of every operator; an operator in a folded copy is represented by the first's."""

    def __init__(self, boxes: Sequence[Box], first: Sequence[int]) -> None:
        self.first = first
        self.boxes = {member: box for box in boxes for member in box.members}

    def representative(self, index: int) -> int:
        """The operator that stands in the figure for an operator."""
        while self.first[index] != index:
            index = self.first[index]
        return index

    def shows(self, index: int) -> bool:
        """Whether an operator's own inputs are drawn: what goes on in a copy is the first's."""
        return self.first[index] == index and index in self.boxes and not self.arrives(index)

    def arrives(self, index: int) -> bool:
        """Whether an operator stands outside the part that is drawn, and feeds it."""
        return self.boxes[index].kind == "input"

    def box(self, index: int) -> Box:
        """The box that an operator is in."""
        return self.boxes[self.representative(index)]


def edges(tensors: Tensors, owners: Owners) -> list[Edge]:
    """The tensors that go from box to box, each new shape said once."""
    ways: dict[tuple[int, Box], Box] = {}
    for node in tensors.nodes:
        if not owners.shows(node.index):
            continue
        target = owners.box(node.index)
        for i in map(owners.representative, node.inputs):
            source = owners.box(i)
            if source is not target:
                ways[i, target] = source
    saying: dict[int, Box] = {}
    for i, target in sorted(ways, key=lambda way: way[1].dashed):
        saying.setdefault(i, target)
    for i, several in Counter(i for i, target in ways if not target.dashed).items():
        if several >= MANY and (shape := tensors.news(ways[i, saying[i]], i)):
            ways[i, saying[i]].detail.append(shape)
            del saying[i]
    found = []
    for (i, target), source in ways.items():
        shape = tensors.news(source, i) if saying.get(i) is target else ""
        found.append(Edge(source, target, shape, target.dashed))
    return found


def output_box(output: Output, network: Network) -> Box:
    """Where a tensor leaves the network; a head says that it exists in training only."""
    head = output.weight is not None
    several = len(network.outputs) > 1
    title = clip(output.name, 40) if head or several else "output"
    node = network.nodes[output.node]
    detail = [] if node.guessed or node.fault else [f"{node.shape}"]
    if head:
        detail.append(f"training only, weight {output.weight:g}")
    return Box("output", "output", title, [], detail, dashed=head)
