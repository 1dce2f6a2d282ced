"""What training keeps of a forward pass for the backward pass."""

from __future__ import annotations

from collections.abc import Iterator, Set

from archdsl.graph import Network, Node
from archdsl.memory.storages import storages
from archdsl.ops import Buffer, Saved
from archdsl.records import dataclass


@dataclass(frozen=True)
class Kept:
    """What is kept on behalf of a node and of none before: memories by their maker, and its own."""

    node: int
    places: tuple[int, ...]
    own: tuple[Buffer, ...]


def kept(network: Network, overwriting: Set[int]) -> Iterator[Kept]:
    """What each node adds, each memory once; nothing behind which no parameter is learned."""
    places = storages(network, overwriting, training=True)
    needs: dict[int, bool] = {}
    seen: set[int] = set()
    for index, place in places.items():
        node = network.nodes[index]
        came = [needs[i] for i in node.inputs]
        needs[index] = any(came) or node.applied.params > 0
        if needs[index]:
            saved = saved_by(network, node, came, index in overwriting)
            read = {places[node.inputs[slot]] for slot in saved.inputs}
            if saved.output:
                read.add(place)
            new = tuple(sorted(read - seen))
            seen.update(new)
            yield Kept(index, new, saved.own)


def saved_by(network: Network, node: Node, needs: list[bool], overwrites: bool) -> Saved:
    """What a node's backward pass reads."""
    shapes = network.input_shapes(node)
    return node.op.saved_in_place(*shapes) if overwrites else node.op.saved(needs, *shapes)
