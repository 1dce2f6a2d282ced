"""Pools, maximum and average, global and adaptive."""

from __future__ import annotations

from collections.abc import Sequence
from operator import gt
from typing import ClassVar

from archdsl.ops.base import (
    Argument,
    Buffer,
    Construct,
    Family,
    Op,
    Saved,
    Sizes,
    Window,
    arg,
    needs_map,
    scalar,
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
from archdsl.shapes import Misfit, Shape, convolved, pooled, same_tf


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
            return tuple(map(same_tf, shape.spatial, size, self.step))
        each = resolve(self.pad, size)
        return tuple([(p, p) for p in each])

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
        for size, k, step, sides in zip(shape.spatial, self.size, self.step, pads, strict=True):
            if self.pad == "same_tf":
                out.append(convolved(size, k, step, sides))
            else:
                out.append(pooled(size, k, step, sides[0], self.ceil))
        if min(out) < 1:
            raise too_large(self.name, self.size, self.size, shape, padded(shape, pads))
        return Shape((shape.channels, *out))

    def windows(self, *inputs: Shape) -> tuple[Window, ...] | None:
        if self.globally:
            return None
        pads = self.pads(inputs[0])
        size = self.size or ()
        return tuple(Window(size[i], self.step[i], pads[i][0]) for i in range(inputs[0].rank))

    def pace(self, axis: int) -> int:
        return self.step[axis] if self.size else 1

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

    def leads(self, before: Op, shape: Shape) -> bool:
        return before.monotone

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        own = self.scratch(*inputs)
        return Saved((0,) if len(own) == 1 else (), own=own)

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        """Where each maximum was found, in inference too; and the input's padded copy."""
        indices = Buffer(self.shape(*inputs).elements, "indices")
        if self.globally or self.pad != "same_tf":
            return (indices,)
        return (indices, padded_copy(inputs[0], self.pads(inputs[0])))

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

    def leads(self, before: Op, shape: Shape) -> bool:
        """A mean of sums is the sum of means, where no zeros of the padding count."""
        if not before.local(shape):
            return False
        return self.size is None or not self.padcount or not any(map(any, self.pads(shape)))

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        """Its input, which only the mean of a whole map does not read again."""
        whole = self.globally or (self.out is not None and set(self.out) == {1})
        return Saved() if whole else Saved((0,))

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
