"""One walk over a network: parameters, multiply-accumulates, memory, receptive field, depth.

Counting follows the papers: multiply-accumulates are those of convolutions and linear layers, and
a network's own figures leave out the heads that exist in training only. The receptive field is
that of the last map before the classifier (see `field`).
"""

from __future__ import annotations

from archdsl.field import carried, last_field
from archdsl.graph import Network, Node
from archdsl.records import dataclass
from archdsl.shapes import Shape


@dataclass(frozen=True)
class Row:
    """The figures of one node, per sample."""

    node: int
    path: str
    shape: Shape
    params: int
    fixed: int
    buffers: int
    macs: int
    elements: int
    training_only: bool


@dataclass(frozen=True)
class Report:
    """The figures of a network, per sample; `_with_heads` counts the training-only ones too.

    `receptive_field` and `stride` are in input positions, one number per spatial axis, and empty
    where no map is left. `weight_layers` is the longest path of convolutions and linear layers.
    """

    network: str
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    params: int
    params_with_heads: int
    fixed: int
    buffers: int
    macs: int
    macs_with_heads: int
    elements: int
    receptive_field: tuple[int, ...]
    stride: tuple[int, ...]
    weight_layers: int
    rows: tuple[Row, ...]


def measure(network: Network) -> Report:
    """The figures of a network."""
    rows = tuple(map(row, network.nodes))
    used = [row for row in rows if not row.training_only]
    field = last_field(network)
    return Report(
        network=network.name,
        inputs=tuple(node.shape for node in network.inputs),
        outputs=tuple(network.nodes[output.node].shape for output in network.outputs),
        params=sum(row.params for row in used),
        params_with_heads=sum(row.params for row in rows),
        fixed=sum(row.fixed for row in used),
        buffers=sum(row.buffers for row in used),
        macs=sum(row.macs for row in used),
        macs_with_heads=sum(row.macs for row in rows),
        elements=sum(row.elements for row in used),
        receptive_field=tuple(reach.extent for reach in field),
        stride=tuple(reach.step for reach in field),
        weight_layers=weight_layers(network),
        rows=rows,
    )


def row(node: Node) -> Row:
    """The figures of a node."""
    applied = node.applied
    return Row(
        node=node.index,
        path=node.path,
        shape=node.shape,
        params=applied.params,
        fixed=applied.fixed,
        buffers=applied.buffers,
        macs=applied.macs,
        elements=node.shape.elements if node.inputs else 0,
        training_only=node.training_only,
    )


def weight_layers(network: Network) -> int:
    """The longest path of convolutions and linear layers, gates and training-only heads apart."""
    depths: list[int] = []
    for node in network.nodes:
        weighs = node.op.family in ("conv", "linear") and node.applied.macs
        before = max([depths[i] for i in carried(network, node)], default=0)
        depths.append(before + bool(weighs))
    return max((depths[output.node] for output in network.outputs), default=0)
