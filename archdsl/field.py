"""What each position of a map sees of the network's input: receptive field, jump and place.

A map's field is the union of what its branches see. What looks at the whole map (a global pool,
and the gate that it feeds) ends a field and does not count; `carried` says which inputs count.
Windows that a pool's `ceil` lets stand over the right edge count whole, as padding does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce

from archdsl.graph import Network, Node
from archdsl.ops import Window
from archdsl.records import dataclass

Number = int | Fraction


@dataclass(frozen=True)
class Reach:
    """What the first position of a map sees of the input along one axis, and the step to the next.

    Position p sees the input positions from `low + p * stride` to `high + p * stride`, both
    included, as far as they lie within the input; padding makes `low` negative. Where a map was
    made finer (transposed convolutions, upsampling), what its positions see differs, and this is
    a bound for all of them: it holds all that a position sees, and may hold more.
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

    @property
    def centre(self) -> Fraction:
        """The middle of the first position's field, in input positions; 0 is the first one's."""
        return Fraction(self.low + self.high) / 2

    def through(self, window: Window) -> Reach:
        """Behind one more window."""
        if window.kernel == window.stride == window.finer == 1 and not window.before:
            return self
        step = self.stride if window.finer == 1 else self.stride / Fraction(window.finer)
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
class Field:
    """What a node's output sees, per spatial axis; `axes` is empty where position is lost.

    `branches` are the reaches of the branches that meet here, one per branch that carries a map;
    where none meet, the node's own.
    """

    node: int
    path: str
    axes: Reaches
    branches: tuple[Reaches, ...]

    @property
    def extents(self) -> tuple[int, ...]:
        """The receptive field in input positions, per axis."""
        return tuple(reach.extent for reach in self.axes)

    @property
    def smallest(self) -> tuple[int, ...]:
        """The receptive field of the branch that sees least, per axis."""
        return tuple(
            min(reach.extent for reach in axis) for axis in zip(*self.branches, strict=True)
        )

    @property
    def largest(self) -> tuple[int, ...]:
        """The receptive field of the branch that sees most, per axis."""
        return tuple(
            max(reach.extent for reach in axis) for axis in zip(*self.branches, strict=True)
        )


def fields(network: Network) -> tuple[Field, ...]:
    """The fields of all nodes, in walking order."""
    found: list[Field] = []
    for node in network.nodes:
        found.append(field(network, node, found))
    return tuple(found)


def field(network: Network, node: Node, before: list[Field]) -> Field:
    """What a node sees, from what those before it see."""
    if not node.inputs:
        axes: Reaches = tuple(Reach(0, 0, 1) for _ in node.shape.spatial)
        return Field(node.index, node.path, axes, (axes,))
    found = tuple([axes for i in carried(network, node) if (axes := before[i].axes)])
    windows = node.applied.windows
    if not found or not windows or sees_everything(network, node, windows):
        return Field(node.index, node.path, (), ())
    union = found[0] if len(found) == 1 else united(found)
    axes = tuple([reach.through(window) for reach, window in zip(union, windows, strict=True)])
    return Field(node.index, node.path, axes, found if node.op.family == "join" else (axes,))


def united(branches: Iterable[Reaches]) -> Reaches:
    """What branches see together."""
    return tuple(reduce(Reach.union, axis) for axis in zip(*branches, strict=True))


def last_field(network: Network) -> Reaches:
    """The reach of the last map that still has positions."""
    last: Reaches = ()
    for field in fields(network):
        if field.axes and not network.nodes[field.node].training_only:
            last = field.axes
    return last


def carried(network: Network, node: Node) -> Sequence[int]:
    """The inputs that bring a map: not the gates that are broadcast over it, not a mere size."""
    if node.op.family != "join":
        return node.inputs[:1]
    spatial = node.shape.spatial
    maps = [i for i in node.inputs if network.nodes[i].shape.spatial == spatial]
    return maps or node.inputs


def sees_everything(network: Network, node: Node, windows: tuple[Window, ...]) -> bool:
    """Whether a pool's only window is the whole map: a global pool by another name."""
    if node.op.family != "pool":
        return False
    spatial = network.nodes[node.inputs[0]].shape.spatial
    return (
        set(node.shape.spatial) == {1}
        and max(spatial) > 1
        and all(w.before == 0 and w.kernel == n for w, n in zip(windows, spatial, strict=True))
    )
