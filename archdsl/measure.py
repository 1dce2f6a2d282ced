"""One walk over a network: parameters, multiply-accumulates, memory, receptive field, depth.

Counting follows the papers: multiply-accumulates are those of convolutions and linear layers, and
a network's own figures leave out the heads that exist in training only. The receptive field is
that of the last map before the classifier, by the union of what the branches see; what looks at
the whole map (a global pool, and the gate that it feeds) ends it and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import prod

from archdsl.graph import Network, Node
from archdsl.ops import Tensor, Window
from archdsl.shapes import Shape

Number = int | Fraction


@dataclass(frozen=True)
class Reach:
    """What the first position of a map sees of the input along one axis, and the step to the next.

    `low` and `high` are input positions, both included; padding makes `low` negative. Where a map
    is made finer, what its positions see differs, and the reach is a bound for all of them.
    """

    low: Number
    high: Number
    stride: Number

    @property
    def extent(self) -> int:
        """The receptive field in input positions."""
        return int(self.high - self.low) + 1

    @property
    def step(self) -> int:
        """The stride in input positions; 1 where the map is finer than the input."""
        return max(1, int(self.stride))

    def through(self, window: Window) -> Reach:
        """Behind one more window."""
        step = self.stride / Fraction(window.finer)
        before = window.before * step
        span = window.dilation * (window.kernel - 1) * step
        return Reach(self.low - before, self.high - before + span, step * window.stride)

    def union(self, other: Reach) -> Reach:
        """What two branches see together."""
        return Reach(
            min(self.low, other.low), max(self.high, other.high), max(self.stride, other.stride)
        )


Reaches = tuple[Reach, ...]


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
    rows = tuple(row(network, node) for node in network.nodes)
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


def row(network: Network, node: Node) -> Row:
    """The figures of a node."""
    tensors = network.tensors(node)
    return Row(
        node=node.index,
        path=node.path,
        shape=node.shape,
        params=count(tensors, "trainable"),
        fixed=count(tensors, "fixed"),
        buffers=count(tensors, "buffer"),
        macs=node.op.macs(*network.input_shapes(node)),
        elements=node.shape.elements if node.inputs else 0,
        training_only=node.training_only,
    )


def count(tensors: Iterable[Tensor], role: str) -> int:
    """How many numbers the tensors of a role hold."""
    return sum(prod(tensor.shape) for tensor in tensors if tensor.role == role)


def carried(network: Network, node: Node) -> list[int]:
    """The inputs that bring a map: not the gates that are broadcast over it, not a mere size."""
    if node.op.family != "join":
        return list(node.inputs[:1])
    spatial = node.shape.spatial
    maps = [i for i in node.inputs if network.nodes[i].shape.spatial == spatial]
    return maps or list(node.inputs)


# ---- receptive field -----------------------------------------------------------------------


def last_field(network: Network) -> Reaches:
    """The reach of the last map that still has positions."""
    last: Reaches = ()
    for node, field in zip(network.nodes, fields(network), strict=True):
        if field and not node.training_only:
            last = field
    return last


def fields(network: Network) -> list[Reaches]:
    """The reach of every node, in input positions along each axis."""
    found: list[Reaches] = []
    for node in network.nodes:
        found.append(reaches(network, node, found))
    return found


def reaches(network: Network, node: Node, fields: list[Reaches]) -> Reaches:
    """What a node sees along each axis; nothing where position has been lost."""
    if not node.inputs:
        return tuple(Reach(0, 0, 1) for _ in node.shape.spatial)
    found = [field for i in carried(network, node) if (field := fields[i])]
    windows = node.op.windows(*network.input_shapes(node))
    if not found or not windows or sees_everything(network, node, windows):
        return ()
    union = (reduce(Reach.union, axis) for axis in zip(*found, strict=True))
    return tuple(reach.through(window) for reach, window in zip(union, windows, strict=True))


def sees_everything(network: Network, node: Node, windows: tuple[Window, ...]) -> bool:
    """Whether a pool's only window is the whole map: a global pool by another name."""
    spatial = network.nodes[node.inputs[0]].shape.spatial
    return (
        node.op.family == "pool"
        and set(node.shape.spatial) == {1}
        and max(spatial) > 1
        and all(w.before == 0 and w.kernel == n for w, n in zip(windows, spatial, strict=True))
    )


# ---- depth ---------------------------------------------------------------------------------


def weight_layers(network: Network) -> int:
    """The longest path of convolutions and linear layers, gates and training-only heads apart."""
    depths: list[int] = []
    for node in network.nodes:
        weighs = node.op.family in ("conv", "linear") and node.op.macs(*network.input_shapes(node))
        before = max((depths[i] for i in carried(network, node)), default=0)
        depths.append(before + bool(weighs))
    return max((depths[output.node] for output in network.outputs), default=0)
