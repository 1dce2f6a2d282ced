"""How long each memory is in use: from its making to its last reader, in walking order."""

from __future__ import annotations

from archdsl.graph import Network, Node, Scope
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
        last[place] = max(last[place], index)
    for node, index in given(network.nodes[index] for index in places):
        place = places[index]
        last[place] = max(last[place], held_until(node, network.nodes[index], ends))
    end = len(network.nodes) - 1
    outer = [node.index for node in network.inputs] + [output.node for output in network.outputs]
    return last | {places[index]: end for index in outer}


def scope_ends(network: Network) -> dict[Scope, int]:
    """The last node within each scope."""
    ends: dict[Scope, int] = {}
    for node in reversed(network.nodes):
        for scope in called(node.scope):
            if scope in ends:
                break  # as are those around it
            ends[scope] = node.index
    return ends


def held_until(reader: Node, source: Node, ends: dict[Scope, int]) -> int:
    """The end of the outermost scope that the source comes into on its way to a reader."""
    until = reader.index
    for scope in called(reader.scope):
        if scope.encloses(source.scope):
            break
        until = ends[scope]
    return until
