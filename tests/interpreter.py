"""Networks run node by node with PyTorch's functions: what generated code has to equal.

It shares nothing with the generator: no classes, no modules, no variables that are used again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from archdsl.graph import Network, Node
from archdsl.shapes import ChannelsLast, Shape

State = Mapping[str, Tensor]
Rule = Callable[[Any, list[Tensor], State, Shape], Tensor]
RULES: dict[str, Rule] = {}


def run(network: Network, state: State, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The tensor of every node, in evaluation mode."""
    waiting = iter(inputs)
    made: list[Tensor] = []
    for node in network.nodes:
        if node.op.inputs == 0:
            made.append(next(waiting))
            continue
        came = [made[i] for i in node.inputs]
        shape = network.nodes[node.inputs[0]].shape
        made.append(RULES[node.op.name](node.op, came, own(node, state), shape))
    return made


def own(node: Node, state: State) -> State:
    """A node's part of the state."""
    prefix = f"{node.path}."
    names = (key for key in state if f"{key}.".startswith(prefix))
    return {key.removeprefix(prefix.rstrip(".")).lstrip("."): state[key] for key in names}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Enters a function as the rule of operators."""

    def enter(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return enter


def of_rank(name: str, rank: int) -> Callable[..., Tensor]:
    """`conv2d` for conv at two axes."""
    function: Callable[..., Tensor] = getattr(F, f"{name}{rank}d")
    return function


def sided(pads: Sequence[tuple[int, int]]) -> list[int]:
    """Padding as `F.pad` takes it: the last axis first."""
    return [side for pair in reversed(pads) for side in pair]


# ---- weights ----


@rule("conv")
def conv(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    weight, bias = state["weight"], state.get("bias")
    if op.connect is not None:
        weight = connected(op.connect, weight, shape.channels)
    value, pads = x[0], op.pads(shape)
    if op.pad == "same_tf":
        value, pads = F.pad(value, sided(pads)), ((0, 0),) * shape.rank
    padding = tuple(before for before, _ in pads)
    function = of_rank("conv", shape.rank)
    return function(value, weight, bias, op.stride, padding, op.dilation, op.groups)


def connected(table: str, links: Tensor, channels: int) -> Tensor:
    """A partial convolution's weights among zeros."""
    rows = [[int(i) for i in row.split(",")] for row in table.split()]
    full = links.new_zeros(len(rows), channels, *links.shape[1:])
    places = [(out, source) for out, row in enumerate(rows) for source in row]
    for (out, source), link in zip(places, links, strict=True):
        full[out, source] = link
    return full


@rule("dwconv")
def dwconv(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    return conv(op.conv(shape), x, state, shape)


@rule("convt")
def convt(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    function = of_rank("conv_transpose", shape.rank)
    return function(
        x[0],
        state["weight"],
        state.get("bias"),
        stride=op.stride,
        padding=op.pads(shape),
        output_padding=op.extra,
        groups=op.groups,
        dilation=op.dilation,
    )


@rule("fc")
def fc(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    return F.linear(x[0], state["weight"], state.get("bias"))


@rule("rbf")
def rbf(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    difference: Tensor = x[0][:, None] - state["codes"]
    return difference.square().sum(2)


@rule("bn")
def bn(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    statistics = state["running_mean"], state["running_var"]
    return F.batch_norm(x[0], *statistics, state["weight"], state["bias"], eps=op.eps)


@rule("ln")
def ln(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    if isinstance(shape, ChannelsLast):
        return F.layer_norm(x[0], x[0].shape[-1:], state["weight"], state["bias"], op.eps)
    last = x[0].movedim(1, -1)
    normed = F.layer_norm(last, last.shape[-1:], state["weight"], state["bias"], op.eps)
    return normed.movedim(-1, 1)


@rule("gn")
def gn(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    return F.group_norm(x[0], op.groups, state["weight"], state["bias"], op.eps)


@rule("lrn")
def lrn(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    return F.local_response_norm(x[0], op.n, op.alpha, op.beta, op.k)


@rule("scale")
def scale(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    if op.fixed is not None:
        return torch.mul(x[0], op.fixed)
    return x[0] * state["weight"] + state["bias"] if op.bias else x[0] * state[""]


# ---- activations ----

for name in ("relu", "relu6", "selu", "silu", "mish", "hardswish", "hardsigmoid"):
    RULES[name] = lambda op, x, *_, name=name: getattr(F, name)(x[0])
RULES["sigmoid"] = lambda op, x, *_: torch.sigmoid(x[0])
RULES["leaky"] = lambda op, x, *_: F.leaky_relu(x[0], op.slope)
RULES["elu"] = lambda op, x, *_: F.elu(x[0], op.alpha)
RULES["gelu"] = lambda op, x, *_: F.gelu(x[0], approximate=op.approximate)
RULES["softmax"] = lambda op, x, *_: F.softmax(x[0], 1)
RULES["softplus"] = lambda op, x, *_: F.softplus(x[0], op.beta)
RULES["prelu"] = lambda op, x, state, _: F.prelu(x[0], state["weight"])
for name in ("dropout", "dropout2d", "droppath", "identity"):
    RULES[name] = lambda op, x, *_: x[0]


@rule("tanh")
def tanh(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    if (op.a, op.b) == (1, 1):
        return torch.tanh(x[0])
    squashed: Tensor = op.a * torch.tanh(op.b * x[0])
    return squashed


# ---- pools ----


@rule("maxpool")
def maxpool(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    if op.globally:
        return of_rank("adaptive_max_pool", shape.rank)(x[0], 1)
    value, pads = x[0], op.pads(shape)
    if op.pad == "same_tf":
        value, pads = F.pad(value, sided(pads), value=-torch.inf), ((0, 0),) * shape.rank
    padding = tuple(before for before, _ in pads)
    function = of_rank("max_pool", shape.rank)
    return function(value, op.size, op.step, padding, ceil_mode=op.ceil)


@rule("avgpool")
def avgpool(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    if op.globally or op.out is not None:
        return of_rank("adaptive_avg_pool", shape.rank)(x[0], op.out or 1)
    padding = tuple(before for before, _ in op.pads(shape))
    function = of_rank("avg_pool", shape.rank)
    return function(x[0], op.size, op.step, padding, op.ceil, op.padcount)


# ---- shapes ----

RULES["flatten"] = lambda op, x, *_: x[0].flatten(1)
RULES["permute"] = lambda op, x, *_: x[0].movedim(1, -1) if op.to == "last" else x[0].movedim(-1, 1)
RULES["slice"] = lambda op, x, *_: x[0][:, int(op.start) : int(op.stop)]
RULES["pixelshuffle"] = lambda op, x, *_: F.pixel_shuffle(x[0], op.factor)


@rule("shuffle")
def shuffle(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    return F.channel_shuffle(x[0], op.groups)


@rule("pad")
def pad(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    if not op.is_shortcut:
        return F.pad(x[0], sided(op.around(shape.rank)))
    kept = x[0][(slice(None), slice(None), *(slice(None, None, s) for s in op.subsample))]
    more = (op.channels or shape.channels) - shape.channels
    return F.pad(kept, (0, 0) * shape.rank + (0, more))


@rule("upsample")
def upsample(op: Any, x: list[Tensor], state: State, shape: Shape) -> Tensor:
    mode = op.torch_mode(shape.rank)
    if len(x) == 2:
        return F.interpolate(x[0], x[1].shape[2:], mode=mode)
    return F.interpolate(x[0], scale_factor=op.factor, mode=mode)


# ---- joins ----

RULES["concat"] = lambda op, x, *_: torch.cat(x, 1)
RULES["add"] = lambda op, x, *_: reduce(torch.add, x)
RULES["multiply"] = lambda op, x, *_: reduce(torch.mul, x)
