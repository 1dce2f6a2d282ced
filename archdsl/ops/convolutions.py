"""Convolutions, plain, depthwise and transposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import ClassVar

from archdsl.ops.base import (
    Argument,
    Buffer,
    Construct,
    Family,
    Op,
    Saved,
    Sizes,
    Tensor,
    Window,
    arg,
    needs_map,
    scalar,
    split_evenly,
    too_large,
)
from archdsl.ops.padding import (
    PADDING_WORDS,
    Padding,
    Pads,
    padded,
    padded_copy,
    padding_source,
    refuse_same_tf,
    resolve,
)
from archdsl.records import dataclass
from archdsl.shapes import Misfit, Shape, convolved, same_tf, transposed, window_span


@dataclass(frozen=True)
class Conv(Op):
    """Convolution; with a bias and without an activation."""

    name: ClassVar[str] = "conv"
    family: ClassVar[Family] = "conv"
    positional: ClassVar[tuple[str, ...]] = ("size", "channels")
    words = {"nobias": ("bias", False), **PADDING_WORDS}

    size: Sizes = arg("size")
    channels: int = arg("count")
    stride: Sizes = arg("size", 1)
    groups: int = arg("count", 1)
    dilation: Sizes = arg("size", 1)
    pad: Padding = arg("padding", "same")
    bias: bool = arg("flag", True)
    connect: str | None = arg("text", None)

    def pads(self, shape: Shape) -> Pads:
        """Padding before and after, per spatial axis."""
        if self.pad == "same_tf":
            return tuple(map(same_tf, shape.spatial, self.size, self.stride, self.dilation))
        each = resolve(self.pad, spans(self.size, self.dilation))
        return tuple([(p, p) for p in each])

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        needs_map(self, shape)
        split_evenly(shape.channels, self.groups, "input channels", self.channels)
        split_evenly(self.channels, self.groups, "output channels", shape.channels)
        self.links(shape)
        pads = self.pads(shape)
        axes = zip(shape.spatial, self.size, self.stride, pads, self.dilation, strict=True)
        out = [convolved(*axis) for axis in axes]
        if min(out) < 1:
            window = spans(self.size, self.dilation)
            raise too_large(self.name, self.size, window, shape, padded(shape, pads))
        return Shape((self.channels, *out))

    def links(self, shape: Shape) -> int:
        """How many input maps feed output maps, summed over the output maps."""
        if self.connect is None:
            return self.channels * (shape.channels // self.groups)
        plain = self.groups == 1 and set(self.dilation) == {1} and self.bias
        if shape.rank != 2 or not plain or self.pad == "same_tf":
            raise Misfit(
                "a connection table is for two axes and a bias, without groups, dilation or same_tf"
            )
        rows = connection_table(self.connect)
        if len(rows) != self.channels or max(map(max, rows)) >= shape.channels:
            raise Misfit(
                f"the connection table has {len(rows)} rows over {max(map(max, rows)) + 1} maps, "
                f"and the convolution makes {self.channels} maps from {shape.channels}",
                f"write {self.channels} rows of maps from 0 to {shape.channels - 1}",
            )
        return sum(map(len, rows))

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        (shape,) = inputs
        if self.connect is not None:
            weight = Tensor("weight", (self.links(shape), *self.size))
        else:
            weight = Tensor("weight", (self.channels, shape.channels // self.groups, *self.size))
        bias = (Tensor("bias", (self.channels,)),) if self.bias else ()
        return (weight, *bias)

    def macs(self, *inputs: Shape) -> int:
        return prod(self.shape(*inputs).spatial) * self.links(inputs[0]) * prod(self.size)

    def windows(self, *inputs: Shape) -> tuple[Window, ...]:
        pads = self.pads(inputs[0])
        return tuple(
            Window(self.size[i], self.stride[i], pads[i][0], self.dilation[i])
            for i in range(inputs[0].rank)
        )

    def pace(self, axis: int) -> int:
        return self.stride[axis]

    def copies(self, shape: Shape) -> tuple[Buffer, ...]:
        """What the convolution is given in place of its input, where that is a copy."""
        if self.connect is not None:
            return (Buffer(prod(shape.spatial) * self.links(shape)),)
        return (padded_copy(shape, self.pads(shape)),) if self.pad == "same_tf" else ()

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        own = self.copies(inputs[0])
        return Saved(() if own else (0,), own=own)

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        if self.connect is None:
            return self.copies(inputs[0])
        # The links' maps are made of the copies, then summed, stacked, and given their bias.
        out = self.shape(*inputs)
        (copies,) = self.copies(inputs[0])
        links = self.links(inputs[0]) * prod(out.spatial)
        return (Buffer(links + max(copies.elements - out.elements, 2 * out.elements)),)

    def module(self, *inputs: Shape) -> Construct:
        (shape,) = inputs
        if self.connect is not None:
            rows = connection_table(self.connect)
            return Construct(
                "PartialConv2d",
                (
                    Argument("in_channels", shape.channels, positional=True, source="in.c"),
                    Argument("table", rows, positional=True),
                    Argument("kernel_size", scalar(self.size), positional=True, source="size"),
                    Argument("stride", scalar(self.stride), 1, positional=True, source="stride"),
                    self.padding_arg(shape),
                ),
            )
        return Construct(self.callee(shape), self.module_args(shape))

    @property
    def plain(self) -> bool:
        """Whether all input maps feed all output maps."""
        return self.groups == 1 and self.connect is None

    def biased(self) -> Conv | None:
        return replace(self, bias=True) if self.connect is None else None

    def even(self, shape: Shape) -> bool:
        return (
            self.connect is None and self.pad != "same_tf" and not any(map(any, self.pads(shape)))
        )

    def local(self, shape: Shape) -> bool:
        return self.even(shape) and {*self.size, *self.stride} == {1}

    def with_zeros(self, zeros: Pads, shape: Shape) -> Conv | None:
        symmetric = all(before == after for before, after in zeros)
        if self.pad == "same_tf" or not symmetric:
            return None
        pads = zip(self.pads(shape), zeros, strict=True)
        return replace(self, pad=tuple(own + more for (own, _), (more, _) in pads))

    def steady(self, shape: Shape) -> Conv | None:
        if self.pad != "same_tf":
            return None
        sums = [d * (k - 1) for k, d in zip(self.size, self.dilation, strict=True)]
        for total, stride in zip(sums, self.stride, strict=True):
            if total and (total % 2 or stride > 1):
                return None
        return replace(self, pad=tuple(total // 2 for total in sums))

    def beside(self, other: Op, shape: Shape) -> Conv | None:
        if not isinstance(other, Conv) or not (self.plain and other.plain):
            return None
        if "same_tf" in (self.pad, other.pad) and self.pad != other.pad:
            return None
        channels, bias = self.channels + other.channels, self.bias or other.bias
        alike = replace(other, channels=self.channels, bias=self.bias, pad=self.pad) == self
        if not alike or self.pads(shape) != other.pads(shape):
            return None
        return replace(self, channels=channels, bias=bias)

    def behind(self, first: Op, shape: Shape) -> Conv | None:
        if not isinstance(first, Conv) or not (self.plain and first.plain):
            return None
        between, bias = first.shape(shape), self.bias or first.bias
        if first.local(shape) and (self.even(between) or not first.bias):
            return replace(self, bias=bias)
        if self.local(between):
            return replace(first, channels=self.channels, bias=bias)
        return None

    def callee(self, shape: Shape) -> str:
        """The class in generated code."""
        if self.pad == "same_tf":
            return f"SameConv{shape.rank}d"
        return f"nn.Conv{shape.rank}d"

    def module_args(self, shape: Shape) -> tuple[Argument, ...]:
        """The constructor's arguments, in PyTorch's order."""
        args = [
            Argument("in_channels", shape.channels, positional=True, source="in.c"),
            Argument("out_channels", self.channels, positional=True, source="channels"),
            Argument("kernel_size", scalar(self.size), positional=True, source="size"),
            Argument("stride", scalar(self.stride), 1, positional=True, source="stride"),
        ]
        if self.pad != "same_tf":
            args.append(self.padding_arg(shape))
        return (
            *args,
            Argument("dilation", scalar(self.dilation), 1, source="dilation"),
            Argument("groups", self.groups, 1, source="groups"),
            Argument("bias", self.bias, True, source="bias"),
        )

    def padding_arg(self, shape: Shape) -> Argument:
        """The constructor's symmetric padding."""
        padding = scalar(tuple([before for before, _ in self.pads(shape)]))
        source = padding_source(self.pad, self.size, self.dilation)
        return Argument("padding", padding, 0, source=source)


def spans(size: Sizes, dilation: Sizes) -> Sizes:
    """How many input positions a window covers along each axis."""
    return tuple(map(window_span, size, dilation))


def connection_table(text: str) -> tuple[tuple[int, ...], ...]:
    """`0,1,2 1,2,3`: for each output map the input maps that feed it."""
    try:
        rows = tuple(tuple(int(i) for i in row.split(",")) for row in text.split())
    except ValueError:
        rows = ()
    if not rows or any(len(set(row)) != len(row) or min(row) < 0 for row in rows):
        raise Misfit(
            "the connection table cannot be read",
            'write the input maps of each output map, connect="0,1,2 1,2,3"',
        )
    return rows


@dataclass(frozen=True)
class DepthwiseConv(Op):
    """A convolution of each channel on its own; `mult` outputs per input channel."""

    name: ClassVar[str] = "dwconv"
    family: ClassVar[Family] = "conv"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    words = Conv.words

    size: Sizes = arg("size")
    stride: Sizes = arg("size", 1)
    dilation: Sizes = arg("size", 1)
    pad: Padding = arg("padding", "same")
    bias: bool = arg("flag", True)
    mult: int = arg("count", 1)

    def conv(self, shape: Shape) -> Conv:
        """The grouped convolution that it is."""
        channels = shape.channels
        return Conv(
            self.size,
            channels * self.mult,
            self.stride,
            channels,
            self.dilation,
            self.pad,
            self.bias,
        )

    def shape(self, *inputs: Shape) -> Shape:
        needs_map(self, inputs[0])
        return self.conv(inputs[0]).shape(*inputs)

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        return self.conv(inputs[0]).tensors(*inputs)

    def macs(self, *inputs: Shape) -> int:
        return self.conv(inputs[0]).macs(*inputs)

    def windows(self, *inputs: Shape) -> tuple[Window, ...]:
        return self.conv(inputs[0]).windows(*inputs)

    def pace(self, axis: int) -> int:
        return self.stride[axis]

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return self.conv(inputs[0]).saved(needs, *inputs)

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        return self.conv(inputs[0]).scratch(*inputs)

    def biased(self) -> DepthwiseConv:
        return replace(self, bias=True)

    def even(self, shape: Shape) -> bool:
        return self.conv(shape).even(shape)

    def local(self, shape: Shape) -> bool:
        return self.conv(shape).local(shape)

    def steady(self, shape: Shape) -> DepthwiseConv | None:
        steady = self.conv(shape).steady(shape)
        return None if steady is None else replace(self, pad=steady.pad)

    def with_zeros(self, zeros: Pads, shape: Shape) -> DepthwiseConv | None:
        padded = self.conv(shape).with_zeros(zeros, shape)
        return None if padded is None else replace(self, pad=padded.pad)

    def module(self, *inputs: Shape) -> Construct:
        construct = self.conv(inputs[0]).module(*inputs)
        wide = "{in_channels}" if self.mult == 1 else f"{self.mult} * {{in_channels}}"
        formulas = {"out_channels": wide, "groups": "{in_channels}"}
        return Construct(
            construct.callee,
            tuple(
                Argument(a.name, a.value, a.default, formulas.get(a.name, a.source), a.positional)
                for a in construct.args
            ),
        )


@dataclass(frozen=True)
class TransposedConv(Op):
    """Transposed convolution; `same` pads k//2, `extra` (output_padding) adds to the far side."""

    name: ClassVar[str] = "convt"
    family: ClassVar[Family] = "conv"
    positional: ClassVar[tuple[str, ...]] = ("size", "channels")
    words = {"nobias": ("bias", False), "same": ("pad", "same"), "valid": ("pad", "valid")}

    size: Sizes = arg("size")
    channels: int = arg("count")
    stride: Sizes = arg("size", 1)
    groups: int = arg("count", 1)
    dilation: Sizes = arg("size", 1)
    pad: Padding = arg("padding", "valid")
    bias: bool = arg("flag", True)
    extra: Sizes = arg("size", 0)

    def pads(self, shape: Shape) -> Sizes:
        """Padding of each axis, the same before and after."""
        return resolve(self.pad, spans(self.size, self.dilation))

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        needs_map(self, shape)
        refuse_same_tf(self.name, self.pad)
        split_evenly(shape.channels, self.groups, "input channels", self.channels)
        split_evenly(self.channels, self.groups, "output channels", shape.channels)
        for i in range(shape.rank):
            if self.extra[i] >= max(self.stride[i], self.dilation[i]):
                raise Misfit(
                    f"extra={self.extra[i]} is not smaller than the stride or the dilation",
                    f"extra={max(self.stride[i], self.dilation[i]) - 1} is the most here",
                )
        out = [
            transposed(
                shape.spatial[i],
                self.size[i],
                self.stride[i],
                (self.pads(shape)[i],) * 2,
                self.dilation[i],
                self.extra[i],
            )
            for i in range(shape.rank)
        ]
        if min(out) < 1:
            raise Misfit(f"its padding leaves nothing of {shape}", "use 'valid', or pad less")
        return Shape((self.channels, *out))

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        (shape,) = inputs
        weight = Tensor("weight", (shape.channels, self.channels // self.groups, *self.size))
        return (weight, *((Tensor("bias", (self.channels,)),) if self.bias else ()))

    def macs(self, *inputs: Shape) -> int:
        (shape,) = inputs
        return shape.elements * (self.channels // self.groups) * prod(self.size)

    def windows(self, *inputs: Shape) -> tuple[Window, ...]:
        pads = self.pads(inputs[0])
        return tuple(
            Window(span, 1, span - 1 - pads[i], finer=self.stride[i])
            for i, span in enumerate(spans(self.size, self.dilation))
        )

    def biased(self) -> TransposedConv:
        return replace(self, bias=True)

    def module(self, *inputs: Shape) -> Construct:
        (shape,) = inputs
        formula = padding_source(self.pad, self.size, self.dilation)
        return Construct(
            f"nn.ConvTranspose{shape.rank}d",
            (
                Argument("in_channels", shape.channels, positional=True, source="in.c"),
                Argument("out_channels", self.channels, positional=True, source="channels"),
                Argument("kernel_size", scalar(self.size), positional=True, source="size"),
                Argument("stride", scalar(self.stride), 1, positional=True, source="stride"),
                Argument("padding", scalar(self.pads(shape)), 0, source=formula),
                Argument("output_padding", scalar(self.extra), 0, source="extra"),
                Argument("groups", self.groups, 1, source="groups"),
                Argument("bias", self.bias, True, source="bias"),
                Argument("dilation", scalar(self.dilation), 1, source="dilation"),
            ),
        )
