"""What two networks have in common that are the same, whatever their texts."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from archdsl.graph import Network
from archdsl.ops import Identity, Op


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
        steps.append((type(node.op), values(node.op), inputs, path, node.training_only))
    ends = [(end.name, numbers[end.node]) for end in (*network.outputs, *network.heads)]
    return steps, ends


def values(op: Op) -> tuple[Any, ...]:
    """An operator's arguments, numbers to nine digits: rules and texts round differently.

    A tensor that is one of them comes in as well, and its label is the text's affair.
    """
    own = (field for field in fields(op) if field.metadata.get("kind") != "tensor")
    given = (getattr(op, field.name) for field in own)
    return tuple(float(f"{v:.9g}") if isinstance(v, float) else v for v in given)
