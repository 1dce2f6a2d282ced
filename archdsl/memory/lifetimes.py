"""How long each memory is in use: from its making to its last reader, in walking order."""

from __future__ import annotations

from archdsl.graph import Network, Node
from archdsl.memory.storages import Storages, called, given

Lifetimes = dict[int, int]


def lifetimes(network: Network, places: Storages) -> Lifetimes:
    """For each memory, by the node that made it, the last node during whose work it is in use.

    What comes into a block or group stays until that is done, since whoever called it holds it.
    What comes into the network and what leaves it stays to the end.
    """
    ends = scope_ends(network)
    last = {place: place for place in places.values()}
    for index, place in places.items():
        node = network.nodes[index]
        last[place] = max(last[place], index)
        for i in given(node):
            last[places[i]] = max(last[places[i]], held_until(node, network.nodes[i], ends))
    end = len(network.nodes) - 1
    outer = [node.index for node in network.inputs] + [output.node for output in network.outputs]
    return last | {places[index]: end for index in outer}


def scope_ends(network: Network) -> dict[int, int]:
    """The last node within each scope, by the scope's id."""
    return {id(scope): node.index for node in network.nodes for scope in called(node.scope)}


def held_until(reader: Node, source: Node, ends: dict[int, int]) -> int:
    """The end of the outermost scope that the source comes into on its way to a reader."""
    around = {id(scope) for scope in called(source.scope)}
    until = reader.index
    for scope in called(reader.scope):
        if id(scope) in around:
            break
        until = ends[id(scope)]
    return until
