"""Convolutions, pools and what else slides a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from operator import gt
from typing import ClassVar

from archdsl.ops.base import (
    Argument,
    Construct,
    Family,
    Op,
    Sizes,
    Tensor,
    Window,
    arg,
    needs_map,
    scalar,
    split_evenly,
    too_large,
)
from archdsl.shapes import Misfit, Shape, convolved, pooled, same_tf, transposed, window_span

Padding = str | Sizes
Pads = tuple[tuple[int, int], ...]
PADDING_WORDS = {word: ("pad", word) for word in ("same", "valid", "same_tf")}


def resolve(pad: Padding, rank: int, same: Callable[[int], int]) -> Sizes:
    """Symmetric padding per axis; `same` is k//2 with the dilation counted."""
    if pad == "valid":
        return (0,) * rank
    if isinstance(pad, str):
        return tuple(same(axis) for axis in range(rank))
    return pad


def padding_source(pad: Padding, size: Sizes, dilation: Sizes = (1,)) -> str:
    """The formula of a padding argument, where one number says it."""
    if isinstance(pad, tuple):
        return "pad"
    plain = pad == "same" and len(set(size)) == 1 and set(dilation) == {1}
    return "{kernel_size} // 2" if plain else ""


def padded(shape: Shape, pads: Pads) -> Sizes:
    """The extents of a map with its padding."""
    return tuple(size + sum(sides) for size, sides in zip(shape.spatial, pads, strict=True))


def refuse_same_tf(op: str, pad: Padding) -> None:
    """Refuse TensorFlow's padding where PyTorch's operator has no like."""
    if pad == "same_tf":
        raise Misfit(f"{op} has no 'same_tf' padding", "use 'same', or numbers as in pad=1")


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
        axes = range(shape.rank)
        if self.pad == "same_tf":
            return tuple(
                same_tf(shape.spatial[i], self.size[i], self.stride[i], self.dilation[i])
                for i in axes
            )
        each = resolve(
            self.pad, shape.rank, lambda i: window_span(self.size[i], self.dilation[i]) // 2
        )
        return tuple((p, p) for p in each)

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        needs_map(self, shape)
        split_evenly(shape.channels, self.groups, "input channels", self.channels)
        split_evenly(self.channels, self.groups, "output channels", shape.channels)
        self.links(shape)
        pads = self.pads(shape)
        out = [
            convolved(shape.spatial[i], self.size[i], self.stride[i], pads[i], self.dilation[i])
            for i in range(shape.rank)
        ]
        if min(out) < 1:
            spans = tuple(map(window_span, self.size, self.dilation))
            raise too_large(self.name, self.size, spans, shape, padded(shape, pads))
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
        padding = scalar(tuple(before for before, _ in self.pads(shape)))
        source = padding_source(self.pad, self.size, self.dilation)
        return Argument("padding", padding, 0, source=source)


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
        return resolve(
            self.pad, shape.rank, lambda i: window_span(self.size[i], self.dilation[i]) // 2
        )

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
        spans = [window_span(k, d) for k, d in zip(self.size, self.dilation, strict=True)]
        return tuple(
            Window(span, 1, span - 1 - pads[i], finer=self.stride[i])
            for i, span in enumerate(spans)
        )

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


@dataclass(frozen=True)
class Pool(Op):
    """What the two pools share: windows, `global`, `ceil`."""

    family: ClassVar[Family] = "pool"
    positional: ClassVar[tuple[str, ...]] = ("size",)

    size: Sizes | None = arg("size", None)
    stride: Sizes | None = arg("size", None)
    pad: Padding = arg("padding", "valid")
    ceil: bool = arg("flag", False)
    globally: bool = arg("flag", False, key="global")

    @property
    def step(self) -> Sizes:
        """The stride, which is the window's size unless given."""
        return self.stride or self.size or ()

    def pads(self, shape: Shape) -> Pads:
        """Padding before and after, per spatial axis."""
        size = self.size or ()
        if self.pad == "same_tf":
            return tuple(
                same_tf(shape.spatial[i], size[i], self.step[i]) for i in range(shape.rank)
            )
        return tuple((p, p) for p in resolve(self.pad, shape.rank, lambda i: size[i] // 2))

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        needs_map(self, shape)
        if self.globally:
            if self.size is not None:
                raise Misfit(f"{self.name} takes a size or 'global', not both")
            return Shape((shape.channels, *(1 for _ in shape.spatial)))
        if self.size is None:
            raise Misfit(f"{self.name} needs a size, or 'global'", f"{self.name} 2x2")
        pads = self.pads(shape)
        for (before, _), k in zip(pads, self.size, strict=True):
            if self.pad != "same_tf" and before > k // 2:
                raise Misfit(
                    f"padding {before} is more than half of a window of {k}",
                    f"pad at most {k // 2}, or a larger window",
                )
        out = []
        for i, size in enumerate(shape.spatial):
            before, after = pads[i]
            if self.pad == "same_tf":
                out.append(convolved(size, self.size[i], self.step[i], (before, after)))
            else:
                out.append(pooled(size, self.size[i], self.step[i], before, self.ceil))
        if min(out) < 1:
            raise too_large(self.name, self.size, self.size, shape, padded(shape, pads))
        return Shape((shape.channels, *out))

    def windows(self, *inputs: Shape) -> tuple[Window, ...] | None:
        if self.globally:
            return None
        pads = self.pads(inputs[0])
        size = self.size or ()
        return tuple(Window(size[i], self.step[i], pads[i][0]) for i in range(inputs[0].rank))

    def window_args(self, shape: Shape) -> tuple[Argument, ...]:
        """The arguments that both pools have, in PyTorch's order."""
        size = self.size or ()
        args = [
            Argument("kernel_size", scalar(size), positional=True, source="size"),
            Argument("stride", scalar(self.step), scalar(size), positional=True, source="stride"),
        ]
        if self.pad == "same_tf":  # its windows end with the map: nothing for ceil to add
            return tuple(args)
        padding = scalar(tuple(before for before, _ in self.pads(shape)))
        source = padding_source(self.pad, size)
        return (
            *args,
            Argument("padding", padding, 0, source=source),
            Argument("ceil_mode", self.ceil, False),
        )


@dataclass(frozen=True)
class MaxPool(Pool):
    """Maximum over windows."""

    name: ClassVar[str] = "maxpool"
    alias: ClassVar[str] = "pool"
    words = {"ceil": ("ceil", True), "global": ("globally", True), **PADDING_WORDS}

    def module(self, *inputs: Shape) -> Construct:
        (shape,) = inputs
        if self.globally:
            return Construct(
                f"nn.AdaptiveMaxPool{shape.rank}d", (Argument("output_size", 1, positional=True),)
            )
        if self.pad == "same_tf":
            return Construct(f"SameMaxPool{shape.rank}d", self.window_args(shape))
        return Construct(f"nn.MaxPool{shape.rank}d", self.window_args(shape))


@dataclass(frozen=True)
class AvgPool(Pool):
    """Average over windows; `out=7x7` adapts the windows to give that many positions."""

    name: ClassVar[str] = "avgpool"
    words = {
        "ceil": ("ceil", True),
        "global": ("globally", True),
        "nopadcount": ("padcount", False),
        "same": ("pad", "same"),
        "valid": ("pad", "valid"),
    }

    padcount: bool = arg("flag", True)
    out: Sizes | None = arg("size", None)

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        refuse_same_tf(self.name, self.pad)
        if self.out is None:
            out = super().shape(shape)
            size = self.size or ()
            if shape.rank == 3 and any(map(gt, size, shape.spatial)):  # it looks at the bare map
                raise too_large(self.name, size, size, shape, shape.spatial)
            return out
        needs_map(self, shape)
        if self.globally or self.size is not None:
            raise Misfit("avgpool takes one of a size, 'global' and out=")
        return Shape((shape.channels, *self.out))

    def windows(self, *inputs: Shape) -> tuple[Window, ...] | None:
        (shape,) = inputs
        if self.out is None:
            return super().windows(shape)
        if set(self.out) == {1}:
            return None
        # Adaptive windows are uniform only where the extents divide; at most they span this.
        return tuple(
            Window(
                -(-(size + out - 1) // out) if size % out else size // out,
                max(1, size // out),
                0,
                adaptive=True,
            )
            for size, out in zip(shape.spatial, self.out, strict=True)
        )

    def module(self, *inputs: Shape) -> Construct:
        (shape,) = inputs
        if self.globally or self.out is not None:
            out = 1 if self.out is None else scalar(self.out)
            return Construct(
                f"nn.AdaptiveAvgPool{shape.rank}d",
                (Argument("output_size", out, positional=True, source="out"),),
            )
        count = Argument("count_include_pad", self.padcount, True)
        args = self.window_args(shape)
        padded = any(before for before, _ in self.pads(shape))
        return Construct(f"nn.AvgPool{shape.rank}d", (*args, *((count,) if padded else ())))
