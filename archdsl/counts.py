"""What it costs by other ways to count: those of the tools that people compare with.

The project counts the multiply-accumulates of convolutions and linear layers, as papers do. The
tools watch a PyTorch module at work and count some of what they see beside them; so their rules
are tables of PyTorch's classes, as generated code has them. `docs/counting.md` tells them in words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from math import prod
from typing import Any

from archdsl.graph import Network, Node
from archdsl.measure import Report, measure
from archdsl.ops import Op
from archdsl.records import dataclass
from archdsl.shapes import Shape


@dataclass(frozen=True)
class Seen:
    """An operator as a tool sees it: PyTorch's class with its arguments, and what goes through.

    `callee` is empty where generated code says an expression; `called` tells that it calls a
    function in the place of the module. Shapes are per sample.
    """

    op: Op
    callee: str
    arguments: dict[str, Any]
    called: bool
    inputs: tuple[Shape, ...]
    output: Shape

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.op.macs(*self.inputs)

    def learned(self, *names: str) -> int:
        """How many trained numbers its tensors of some names hold."""
        tensors = self.op.tensors(*self.inputs)
        return sum(prod(t.shape) for t in tensors if t.role == "trainable" and t.name in names)


@dataclass(frozen=True)
class Convention:
    """A way to count: what the numbers are called, and the number of an operator.

    What watches code at work sees nothing of that which leads to no output, as it is not run.
    """

    unit: str
    of: Callable[[Seen], int]
    watches: bool = True


def counted(network: Network, convention: str, functions: Collection[int] = ()) -> Report:
    """The figures of a network with its costs by a convention in the place of its MACs.

    `functions` are the nodes that generated code calls as functions.
    """
    report, way = measure(network), CONVENTIONS[convention]
    run = running(network) if way.watches else {node.index for node in network.nodes}
    costs = [
        way.of(seen(network, node, node.index in functions))
        if node.inputs and node.index in run
        else 0
        for node in network.nodes
    ]
    rows = tuple(replace(row, macs=cost) for row, cost in zip(report.rows, costs, strict=True))
    used = sum(row.macs for row in rows if not row.training_only)
    return replace(report, rows=rows, macs=used, macs_with_heads=sum(row.macs for row in rows))


def running(network: Network) -> set[int]:
    """The nodes that lead to what the network returns; no others are run."""
    found = {output.node for output in (*network.outputs, *network.heads)}
    for node in reversed(network.nodes):
        if node.index in found:
            found.update(node.inputs)
    return found


def seen(network: Network, node: Node, called: bool) -> Seen:
    """A node as the tools see it."""
    inputs = network.input_shapes(node)
    construct = node.applied.module
    callee = construct.callee if construct else ""
    arguments = {arg.name: arg.value for arg in construct.args} if construct else {}
    return Seen(node.op, callee, arguments, called, inputs, node.shape)


# ---- fvcore: FlopCountAnalysis(model.eval(), inputs).total() --------------------------------

# Per element that comes in; one per element that leaves an interpolation of two axes, or four.
FVCORE = {
    "nn.BatchNorm1d": 2,
    "nn.BatchNorm2d": 2,
    "nn.BatchNorm3d": 2,
    "nn.GroupNorm": 5,
    "nn.LayerNorm": 5,
    "ChannelNorm": 5,
    "nn.AdaptiveAvgPool2d": 1,
}
FVCORE_INTERPOLATION = {("nearest", 2): 1, ("bilinear", 2): 4}


def fvcore(seen: Seen) -> int:
    """MACs, norms, adaptive means over two axes, and interpolation over two axes."""
    mode = seen.op.interpolation(*seen.inputs), seen.output.rank
    interpolated = FVCORE_INTERPOLATION.get(mode, 0) * seen.output.elements
    return seen.macs + FVCORE.get(seen.callee, 0) * seen.inputs[0].elements + interpolated


# ---- ptflops: get_model_complexity_info(model, ...), its PyTorch backend --------------------

# Per element that comes in: one for the class, one for the function that its `forward` calls.
PTFLOPS = {
    "nn.ReLU": 2,
    "nn.PReLU": 2,
    "nn.ELU": 2,
    "nn.GELU": 2,
    "nn.ReLU6": 1,
    "nn.LeakyReLU": 1,
    "nn.SiLU": 1,
    "nn.Softmax": 1,
    "nn.GroupNorm": 2,
    "nn.LayerNorm": 1,
    **{f"nn.BatchNorm{rank}d": 2 for rank in (1, 2, 3)},
    **{f"nn.{kind}Pool{rank}d": 2 for kind in ("Max", "Avg") for rank in (1, 2, 3)},
    **{f"nn.Adaptive{kind}Pool{rank}d": 2 for kind in ("Max", "Avg") for rank in (1, 2, 3)},
}
PTFLOPS_BIASED = {
    "nn.Linear",
    *(f"nn.Conv{way}{n}d" for way in ("", "Transpose") for n in (1, 2, 3)),
}


def ptflops(seen: Seen) -> int:
    """MACs and biases of PyTorch's own classes, norms, and much that is done per element."""
    if seen.callee in PTFLOPS_BIASED:
        return seen.macs + (seen.output.elements if seen.learned("bias") else 0)
    if seen.callee == "nn.LocalResponseNorm":
        return response_norm(seen.inputs[0], seen.arguments["size"])
    if seen.op.interpolation(*seen.inputs):
        return interpolation(seen)
    times = PTFLOPS.get(seen.callee, 0)
    return (min(times, 1) if seen.called else times) * seen.inputs[0].elements


def response_norm(shape: Shape, size: int) -> int:
    """Three products and sums of all elements, and a mean over zero-padded channels."""
    return 3 * shape.elements + (shape.channels + size - 1) * prod(shape.spatial)


def interpolation(seen: Seen) -> int:
    """What leaves, and for a module the same again from its factor, which need not be whole."""
    if not seen.callee:
        return seen.output.elements
    factor = float(seen.arguments["scale_factor"])
    return seen.output.elements + int(seen.inputs[0].elements * factor**seen.output.rank)


# ---- torchinfo: summary(model, ...).total_mult_adds -----------------------------------------


def torchinfo(seen: Seen) -> int:
    """Each learned number once, or once a position where the class's name holds `Conv`."""
    positions = prod(seen.output.spatial) if "Conv" in seen.callee else 1
    return seen.learned("weight", "bias") * positions


CONVENTIONS = {
    "macs": Convention("MACs", lambda seen: seen.macs, watches=False),
    "fvcore": Convention("fvcore flops", fvcore),
    "ptflops": Convention("ptflops MACs", ptflops),
    "torchinfo": Convention("torchinfo mult-adds", torchinfo),
}
