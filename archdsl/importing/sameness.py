"""What two networks have in common that are the same, whatever their texts."""

from __future__ import annotations

from typing import Any

from archdsl.graph import Network
from archdsl.ops import Identity


def essence(network: Network) -> Any:
    """What a network does and what its state_dict knows; what passes its input on is left out."""
    numbers: dict[int, int] = {}
    steps: list[Any] = []
    for node in network.nodes:
        inputs = tuple(numbers[i] for i in node.inputs)
        if isinstance(node.op, Identity):
            numbers[node.index] = inputs[0]
            continue
        numbers[node.index] = len(steps)
        path = node.path if network.tensors(node) else ""
        steps.append((node.op, inputs, path, node.training_only))
    ends = [(end.name, numbers[end.node]) for end in (*network.outputs, *network.heads)]
    return steps, ends
