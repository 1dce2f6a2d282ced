"""Where two models that have the same weights part, layer by layer and in what they return."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from archdsl.graph import Network
from archdsl.runtime.pairing import SAME
from archdsl.runtime.trace import Call, distance, shown


def first_difference(
    network: Network, ours: Sequence[Call], theirs: Iterable[Call], names: Mapping[str, str]
) -> str:
    """What is told of the network's first call that sees or makes something else, or nothing.

    `names` are the other model's keys for the network's. A layer of the other with layers within
    may see something else than a plain one, and one with an activation within make something else.
    """
    partners = {own.rpartition(".")[0]: name.rpartition(".")[0] for own, name in names.items()}
    waiting: dict[str, deque[Call]] = {}
    for call in theirs:
        waiting.setdefault(call.layer.path, deque()).append(call)
    for call in ours:
        path, name = call.layer.path, partners[call.layer.path]
        if not waiting.get(name):
            return f"'{path}' runs, and '{name}' does not"
        other = waiting[name].popleft()
        if other.layer.whole and (off := apart(call.input, other.input)):
            difference = f"'{path}' sees something else than '{name}': {off}"
            return f"{difference}; the layers before agree{between(network, path)}"
        if other.layer.leaf and (off := apart(call.output, other.output)):
            return f"'{path}' makes something else than '{name}' of the same input: {off}"
    return ""


def between(network: Network, path: str) -> str:
    """What has no weights and lies between a layer and those before it, in words."""
    nodes = {node.path: node for node in network.nodes}
    waiting, found = [*nodes[path].inputs], set[int]()
    while waiting:
        node = network.nodes[waiting.pop()]
        if node.inputs and not network.tensors(node) and node.index not in found:
            found.add(node.index)
            waiting += node.inputs
    names = ", ".join(f"'{network.nodes[index].path}'" for index in sorted(found))
    return f", and between are {names}" if names else ""


def apart(a: Tensor, b: Tensor) -> str:
    """How far two tensors are from each other, or nothing where rounding explains it."""
    if a.numel() != b.numel():
        return f"{shown(a)} and {shown(b)}"
    off = distance(a, b)
    return "" if off < SAME else f"off by {off:.1g} of the largest value"


def agreement(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> tuple[bool, str]:
    """Whether two models return the same, and how nearly."""
    shapes = [", ".join(map(shown, each)) for each in (ours, theirs)]
    if shapes[0] != shapes[1]:
        return False, f"{shapes[0]} here, {shapes[1]} there"
    if all(map(torch.equal, ours, theirs)):
        return True, f"{shapes[0]}, bit for bit"
    off = max(map(distance, ours, theirs))
    return off < SAME, f"{shapes[0]}, off by {off:.1g} of the largest value"
