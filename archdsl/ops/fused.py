"""A convolution that adds a tensor to what it makes, or applies an activation, in one step.

Passes make it, no author does: processors have kernels that read and write a map only once for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from archdsl.ops.base import NOTHING_SAID, Argument, Construct, Family, Op, Tensor, Window
from archdsl.ops.convolutions import Conv, DepthwiseConv
from archdsl.ops.pointwise import Activation
from archdsl.records import dataclass
from archdsl.shapes import Shape


@dataclass(frozen=True)
class FusedConv(Op):
    """`activation(conv(x) + other)`; the other tensor, of the output's shape, where it `adds`."""

    name: ClassVar[str] = "fused"
    family: ClassVar[Family] = "conv"
    inputs: ClassVar[int | None] = None

    conv: Conv | DepthwiseConv
    adds: bool = False
    activation: Activation | None = None

    def shape(self, *inputs: Shape) -> Shape:
        return self.conv.shape(inputs[0])

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        return self.conv.tensors(inputs[0])

    def macs(self, *inputs: Shape) -> int:
        return self.conv.macs(inputs[0])

    def windows(self, *inputs: Shape) -> tuple[Window, ...]:
        return self.conv.windows(inputs[0])

    def pace(self, axis: int) -> int:
        return self.conv.pace(axis)

    def describe(self, said: Mapping[str, str] = NOTHING_SAID) -> str:
        parts = [self.conv.name, self.conv.describe(said)]
        parts += ["+ @other"] if self.adds else []
        parts += [f"> {self.activation.name}"] if self.activation else []
        return " ".join(parts)

    def module(self, *inputs: Shape) -> Construct:
        activation = self.activation.name if self.activation else ""
        args = self.conv.module(inputs[0]).args
        return Construct("FusedConv2d", (*args, Argument("activation", activation, "")))


def fusable(op: Op) -> FusedConv | None:
    """A convolution of images that can take on more, as one that has not done so yet."""
    if isinstance(op, FusedConv):
        return op
    if not isinstance(op, Conv | DepthwiseConv) or op.biased() is None:
        return None
    return FusedConv(op) if len(op.size) == 2 and op.pad != "same_tf" else None


def summed(op: Op) -> FusedConv | None:
    """A convolution that also adds a tensor; None where it can be no such."""
    fused = fusable(op)
    return None if fused is None or fused != FusedConv(fused.conv) else replace(fused, adds=True)


def activated(op: Op, activation: Op) -> FusedConv | None:
    """A convolution that also applies an activation; None where it can be no such."""
    fused = fusable(op)
    if fused is None or fused.activation or not isinstance(activation, Activation):
        return None
    fuses = activation.fuses == "sum" or (activation.fuses == "conv" and not fused.adds)
    return replace(fused, activation=activation) if fuses else None
