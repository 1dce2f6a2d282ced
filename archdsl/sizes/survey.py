"""One walk over a network for all sizes at once: a formula for each extent of each map.

Maps keep their axes apart: an extent depends on the input's extent along the same axis alone.
Features of flattened maps depend on all axes together, so the part of the network behind them is
run in numbers, for a size that the maps allow.
"""

from __future__ import annotations

from collections.abc import Callable
from math import lcm, prod

from archdsl.diagnostics import mistake
from archdsl.formula import SAME, Formula, Irregular, composed, constant
from archdsl.graph import Network, Node
from archdsl.lengths import common, domain
from archdsl.records import cached_property
from archdsl.shapes import Misfit, Shape
from archdsl.sizes.refusal import Refusal, Size, breaking, refusal

Formulas = tuple[Formula, ...]
MOST_VALUES = 1_000_000  # in all tables together


class Survey:
    """What is known of a network at all sizes; `heads` counts those that exist in training only.

    `domains` are the extents of each axis that all maps allow. `features` are the nodes without
    axes, `before` what comes into them as it is in the spec, and `flattened` the maps of that.
    """

    def __init__(self, network: Network, *, heads: bool = False) -> None:
        self.network = network
        self.own = leading(network)
        self.known: dict[object, Formula] = {}
        self.values = 0
        self.formulas: list[Formulas] = []
        for node in network.nodes:
            self.formulas.append(tuple(self.formula(node, i) for i in range(node.shape.rank)))
        self.used = [node for node in network.nodes if heads or not node.training_only]
        maps = [node for node in self.used if node.shape.rank == len(self.own)]
        self.domains = [
            common(domain(self.formulas[node.index][axis]) for node in maps)
            for axis in range(len(self.own))
        ]
        self.features = [node for node in self.used if node.shape.rank == 0 and node.inputs]
        self.before = {i: network.nodes[i].shape for node in self.features for i in node.inputs}
        self.flattened = [node for node in maps if node.index in self.before]

    # ---- maps ----

    def formula(self, node: Node, axis: int) -> Formula:
        """An extent of what a node makes."""
        if not node.inputs:
            return SAME if node.shape.spatial == self.own else constant(node.shape.spatial[axis])
        shapes = self.network.input_shapes(node)
        parts = tuple(self.formulas[i][axis] for i in node.inputs)
        key = node.op, axis, shapes, parts
        if key not in self.known:
            rule = extent_rule(node, shapes, axis)
            self.known[key] = composed(rule, parts, node.op.pace(axis))
            self.values += len(self.known[key].values)
            if self.values > MOST_VALUES:
                raise Irregular
        return self.known[key]

    def accepted(self, formula: Formula, axis: int) -> list[int]:
        """The allowed extents of an axis, as far as a formula has to be looked at."""
        allowed = self.domains[axis]
        start = max(formula.start, allowed.start)
        return allowed.up_to(start + 2 * lcm(formula.period, allowed.period))

    def varies(self, node: Node) -> bool:
        """Whether a map depends on the size of the input."""
        return any(
            len({formula(n) for n in self.accepted(formula, axis)}) > 1
            for axis, formula in enumerate(self.formulas[node.index])
        )

    # ---- features of flattened maps ----

    def at(self, node: Node, size: Size) -> Shape:
        """What a node that makes maps makes of an allowed size."""
        pairs = zip(self.formulas[node.index], size, strict=True)
        extents = (value for formula, n in pairs if (value := formula(n)) is not None)
        return node.shape.like((node.shape.channels, *extents))

    def accepts(self, size: Size) -> bool:
        """Whether the network takes a size."""
        if any(n not in allowed for n, allowed in zip(size, self.domains, strict=True)):
            return False
        shapes = self.before | {node.index: self.at(node, size) for node in self.flattened}
        return refusal(self.network, self.features, shapes, size) is None

    @cached_property
    def limits(self) -> dict[int, int]:
        """Of nodes, how many elements weights behind them take at most, where there are any.

        From the back: a limit is handed on through what makes more of more.
        """
        found: dict[int, int] = {}
        for node in reversed(self.features):
            inputs = self.network.input_shapes(node)
            limit = found.get(node.index) if hands_on(node, inputs) else None
            if self.network.tensors(node):
                limit = inputs[0].channels
            if limit is not None:
                found.update({i: min(found.get(i, limit), limit) for i in node.inputs})
        return found

    def spent(self, size: Size) -> bool:
        """Whether a flattened map has grown beyond what the weights behind it take."""
        return any(
            node.index in self.limits and prod(self.at(node, size)) > self.limits[node.index]
            for node in self.flattened
        )

    # ---- refusals ----

    def refusal(self, size: Size) -> Refusal | None:
        """Where a size breaks."""
        return breaking(self.network, self.used, self.own, size)


def leading(network: Network) -> Size:
    """The extents of the first input that has axes: inputs of the same extents follow it."""
    for node in network.inputs:
        if node.shape.rank:
            return node.shape.spatial
    raise mistake(
        "input",
        f"the input of '{network.name}' has no axes, so it has no other sizes",
        network.inputs[0].span,
        help="a map has axes: input 3x224x224",
    )


def extent_rule(
    node: Node, shapes: tuple[Shape, ...], axis: int
) -> Callable[[tuple[int, ...]], int | None]:
    """The operator's shape rule along one axis, the others as they are."""

    def rule(found: tuple[int, ...]) -> int | None:
        changed = (
            shape.like((*shape[: 1 + axis], n, *shape[2 + axis :]))
            for shape, n in zip(shapes, found, strict=True)
        )
        try:
            return node.op.shape(*changed)[1 + axis]
        except Misfit:
            return None

    return rule


def hands_on(node: Node, inputs: tuple[Shape, ...]) -> bool:
    """Whether more elements going in makes more features come out."""
    more = (shape.like((shape[0] + 1, *shape[1:])) for shape in inputs)
    try:
        return node.op.shape(*more).channels > node.shape.channels
    except Misfit:
        return False
