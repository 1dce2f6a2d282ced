"""Linear layers, and operators that select, rearrange or resize."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import ClassVar

from archdsl.ops.base import (
    Argument,
    Buffer,
    Construct,
    Family,
    Op,
    Pointwise,
    Saved,
    Sizes,
    Tensor,
    Window,
    arg,
    nearest_multiples,
    needs_map,
    scalar,
    split_evenly,
)
from archdsl.pytext import Py, call, flat
from archdsl.records import dataclass
from archdsl.shapes import ChannelsLast, Misfit, Shape


def flat_first(call: str) -> str:
    """The ways from a map to what works on features."""
    return f"write flatten > {call}, or avgpool global > flatten > {call}"


@dataclass(frozen=True)
class Fc(Op):
    """A fully connected layer over features, or over the channels at each position."""

    name: ClassVar[str] = "fc"
    family: ClassVar[Family] = "linear"
    any_layout: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("channels",)
    words = {"nobias": ("bias", False)}

    channels: int = arg("count")
    bias: bool = arg("flag", True)

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if shape.rank and not isinstance(shape, ChannelsLast):
            raise Misfit(
                f"fc works on features, and {shape} is a map", flat_first(f"fc {self.channels}")
            )
        return shape.like((self.channels, *shape.spatial))

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        weight = Tensor("weight", (self.channels, inputs[0].channels))
        return (weight, *((Tensor("bias", (self.channels,)),) if self.bias else ()))

    def macs(self, *inputs: Shape) -> int:
        return inputs[0].elements * self.channels

    def windows(self, *inputs: Shape) -> tuple[Window, ...] | None:
        return super().windows(*inputs) if inputs[0].rank else None

    def biased(self) -> Fc:
        return replace(self, bias=True)

    def even(self, shape: Shape) -> bool:
        return True

    def beside(self, other: Op, shape: Shape) -> Fc | None:
        if not isinstance(other, Fc):
            return None
        return Fc(self.channels + other.channels, self.bias or other.bias)

    def behind(self, first: Op, shape: Shape) -> Fc | None:
        return Fc(self.channels, self.bias or first.bias) if isinstance(first, Fc) else None

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            "nn.Linear",
            (
                Argument("in_features", inputs[0].channels, source="in.c", positional=True),
                Argument("out_features", self.channels, source="channels", positional=True),
                Argument("bias", self.bias, True, source="bias"),
            ),
        )


@dataclass(frozen=True)
class Rbf(Op):
    """Squared distances to fixed codes of +-1 (LeNet-5's output, 1998, section II.C)."""

    name: ClassVar[str] = "rbf"
    family: ClassVar[Family] = "linear"
    positional: ClassVar[tuple[str, ...]] = ("channels",)

    channels: int = arg("count")

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if shape.rank:
            raise Misfit(
                f"rbf works on features, and {shape} is a map", flat_first(f"rbf {self.channels}")
            )
        return Shape((self.channels,))

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        return (Tensor("codes", (self.channels, inputs[0].channels), "fixed"),)

    def windows(self, *inputs: Shape) -> None:
        return None

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved(own=(Buffer(self.channels * inputs[0].channels),))  # the differences

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        differences = self.channels * inputs[0].channels
        return (Buffer(2 * differences - self.channels),)  # and their squares, before the sum

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            "RBF",
            (
                Argument("in_features", inputs[0].channels, source="in.c", positional=True),
                Argument("classes", self.channels, source="channels", positional=True),
            ),
        )


@dataclass(frozen=True)
class Flatten(Op):
    """All axes into one, channels first."""

    name: ClassVar[str] = "flatten"
    family: ClassVar[Family] = "shape"
    keeps_output: ClassVar[bool] = True

    def shape(self, *inputs: Shape) -> Shape:
        return Shape((inputs[0].elements,))

    def windows(self, *inputs: Shape) -> None:
        return None

    def shares_memory(self, training: bool) -> bool:
        return True

    def idle(self, *inputs: Shape) -> bool:
        return not inputs[0].rank

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def module(self, *inputs: Shape) -> Construct:
        return Construct("nn.Flatten")

    def expression(self, values: Sequence[Py]) -> Py:
        return call("torch.flatten", [*values, "1"])


@dataclass(frozen=True)
class Identity(Pointwise):
    """Passes its input through."""

    name: ClassVar[str] = "identity"
    family: ClassVar[Family] = "shape"
    any_layout: ClassVar[bool] = True
    keeps_output: ClassVar[bool] = True

    def shares_memory(self, training: bool) -> bool:
        return True

    def idle(self, *inputs: Shape) -> bool:
        return True

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def module(self, *inputs: Shape) -> Construct:
        return Construct("nn.Identity")


@dataclass(frozen=True)
class Permute(Op):
    """Puts the channels last, as layers over the last axis need them, or first again."""

    name: ClassVar[str] = "permute"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("to",)
    keeps_output: ClassVar[bool] = True
    any_layout: ClassVar[bool] = True

    to: str = arg("text")

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        needs_map(self, shape)
        if self.to not in ("first", "last"):
            raise Misfit("permute puts the channels first or last", "permute last")
        if isinstance(shape, ChannelsLast) == (self.to == "last"):
            raise Misfit(f"the channels of {shape} are {self.to} already")
        return ChannelsLast(shape) if self.to == "last" else Shape(shape)

    def order(self, rank: int) -> tuple[int, ...]:
        """The axes that come in, the batch included, in the order in which they go out."""
        spatial = range(2, rank + 2) if self.to == "last" else range(1, rank + 1)
        return (0, *spatial, 1) if self.to == "last" else (0, rank + 1, *spatial)

    def shares_memory(self, training: bool) -> bool:
        return True

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def module(self, *inputs: Shape) -> Construct:
        order = self.order(inputs[0].rank)
        return Construct("Permute", (Argument("order", order, positional=True),))


@dataclass(frozen=True)
class Shuffle(Pointwise):
    """Interleaves groups of channels (ShuffleNet, Zhang et al., 2018)."""

    name: ClassVar[str] = "shuffle"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("groups",)
    keeps_output: ClassVar[bool] = True  # of one group it is a view on a GPU

    groups: int = arg("count")

    def shape(self, *inputs: Shape) -> Shape:
        needs_map(self, inputs[0])
        split_evenly(inputs[0].channels, self.groups, "channels")
        return inputs[0]

    def idle(self, *inputs: Shape) -> bool:
        return self.groups == 1

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            "nn.ChannelShuffle",
            (Argument("groups", self.groups, source="groups", positional=True),),
        )


@dataclass(frozen=True)
class Slice(Op):
    """Channels from `start` to `stop` (exclusive)."""

    name: ClassVar[str] = "slice"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("start", "stop")
    keeps_output: ClassVar[bool] = True

    start: float = arg("number")
    stop: float = arg("number")

    def bounds(self) -> tuple[int, int]:
        """First channel and the one behind the last."""
        if self.start != int(self.start) or self.stop != int(self.stop):
            raise Misfit("slice takes whole channels")
        return int(self.start), int(self.stop)

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        start, stop = self.bounds()
        if not 0 <= start < stop <= shape.channels:
            raise Misfit(
                f"channels {start} to {stop} do not lie within {shape.channels}",
                f"a slice begins at 0 or later and ends at {shape.channels} or before",
            )
        return Shape((stop - start, *shape.spatial))

    def shares_memory(self, training: bool) -> bool:
        return True

    def idle(self, *inputs: Shape) -> bool:
        return self.bounds() == (0, inputs[0].channels)

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def module(self, *inputs: Shape) -> Construct:
        start, stop = self.bounds()
        return Construct(
            "ChannelSlice",
            (
                Argument("start", start, source="start", positional=True),
                Argument("stop", stop, source="stop", positional=True),
            ),
        )


@dataclass(frozen=True)
class Pad(Op):
    """Zeros around a map; `channels` pads channels at the end, `subsample` keeps every n-th pixel.

    Both together are the parameter-free shortcut of He et al. (2016), option A.
    """

    name: ClassVar[str] = "pad"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("sides",)

    sides: tuple[int, ...] | None = arg("padding", None)
    channels: int | None = arg("count", None)
    subsample: Sizes = arg("size", 1)

    def around(self, rank: int) -> tuple[tuple[int, int], ...]:
        """Zeros before and after, per spatial axis."""
        sides = self.sides or (0,)
        if len(sides) == 1:
            return ((sides[0], sides[0]),) * rank
        if len(sides) == rank:
            return tuple((side, side) for side in sides)
        if len(sides) == 2 * rank:
            return tuple((sides[2 * i], sides[2 * i + 1]) for i in range(rank))
        raise Misfit(
            f"pad takes 1, {rank} or {2 * rank} sides here, not {len(sides)}",
            "pad 1, or one number an axis, or before and after of each axis",
        )

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        needs_map(self, shape)
        channels = self.channels or shape.channels
        if channels < shape.channels:
            raise Misfit(f"pad cannot take {shape.channels} channels down to {channels}")
        around = self.around(shape.rank)
        if self.is_shortcut and any(side for pair in around for side in pair):
            raise Misfit("pad takes either sides, or channels and subsample")
        if len(set(self.subsample)) > 1:
            raise Misfit("pad keeps the same pixels along each axis", "subsample=2")
        kept = [ceil(size / step) for size, step in zip(shape.spatial, self.subsample, strict=True)]
        if any(size + min(b, 0) + min(a, 0) < 1 for size, (b, a) in zip(kept, around, strict=True)):
            raise Misfit(f"these sides leave nothing of {shape}")
        out = [size + sum(sides) for size, sides in zip(kept, around, strict=True)]
        return Shape((channels, *out))

    @property
    def is_shortcut(self) -> bool:
        """Whether it pads channels or subsamples, and no sides."""
        return self.channels is not None or set(self.subsample) != {1}

    def windows(self, *inputs: Shape) -> tuple[Window, ...]:
        around = self.around(inputs[0].rank)
        return tuple(
            Window(1, step, before * step)
            for step, (before, _) in zip(self.subsample, around, strict=True)
        )

    def pace(self, axis: int) -> int:
        return self.subsample[axis]

    def zeros(self, shape: Shape) -> tuple[tuple[int, int], ...] | None:
        around = self.around(shape.rank)
        return None if self.is_shortcut or any(min(pair) < 0 for pair in around) else around

    def idle(self, *inputs: Shape) -> bool:
        same = self.channels in (None, inputs[0].channels) and set(self.subsample) == {1}
        return same and not any(map(any, self.around(inputs[0].rank)))

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def module(self, *inputs: Shape) -> Construct:
        (shape,) = inputs
        around = self.around(shape.rank)
        if not self.is_shortcut:
            sides = tuple(side for pair in reversed(around) for side in pair)
            return Construct(
                f"nn.ZeroPad{shape.rank}d", (Argument("padding", scalar(sides), positional=True),)
            )
        more = (self.channels or shape.channels) - shape.channels
        return Construct(
            "ZeroPadShortcut",
            (
                Argument(
                    "channels", more, source="{out_channels} - {in_channels}", positional=True
                ),
                Argument("stride", scalar(self.subsample), 1, source="subsample"),
            ),
        )


@dataclass(frozen=True)
class Upsample(Op):
    """Enlarges a map by a factor, or to the extents of another tensor (`to=@name`)."""

    name: ClassVar[str] = "upsample"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("factor",)
    inputs: ClassVar[int | None] = None

    factor: float | None = arg("number", None)
    mode: str = arg("text", "nearest")
    to: str | None = arg("tensor", None)

    MODES: ClassVar[dict[str, dict[int, str]]] = {
        "nearest": {1: "nearest", 2: "nearest", 3: "nearest"},
        "linear": {1: "linear", 2: "bilinear", 3: "trilinear"},
        "bilinear": {2: "bilinear"},
        "trilinear": {3: "trilinear"},
        "bicubic": {2: "bicubic"},
    }

    def torch_mode(self, rank: int) -> str:
        """PyTorch's name of the mode at this rank."""
        if rank not in self.MODES.get(self.mode, {}):
            raise Misfit(
                f"upsample has no mode '{self.mode}' for {rank} axes", "mode=nearest or mode=linear"
            )
        return self.MODES[self.mode][rank]

    def shape(self, *inputs: Shape) -> Shape:
        shape = inputs[0]
        needs_map(self, shape)
        self.torch_mode(shape.rank)
        if len(inputs) == 2:
            if inputs[1].rank != shape.rank:
                raise Misfit(f"upsample cannot take {shape} to the extents of {inputs[1]}")
            if self.mode == "linear" and shape.rank != 2:
                raise Misfit("upsample to=@name is linear over two axes only", "mode=nearest")
            return Shape((shape.channels, *inputs[1].spatial))
        if self.factor is None or self.factor <= 0:
            raise Misfit("upsample needs a factor, or to=@name", "upsample 2")
        out = tuple(floor(size * self.factor) for size in shape.spatial)
        if min(out) < 1:
            raise Misfit(f"upsample {self.factor} leaves nothing of {shape}")
        return Shape((shape.channels, *out))

    def windows(self, *inputs: Shape) -> tuple[Window, ...]:
        taps = 1 if self.mode == "nearest" else 2 if self.mode != "bicubic" else 4
        windows = []
        for size, target in zip(inputs[0].spatial, self.shape(*inputs).spatial, strict=True):
            # Where a factor is given, PyTorch steps by it even if the extent was rounded down.
            finer = Fraction(str(self.factor)) if len(inputs) == 1 else Fraction(target, size)
            span = max(1, ceil(taps * finer))
            windows.append(Window(span, 1, span - 1 - (span - ceil(finer)) // 2, finer=finer))
        return tuple(windows)

    def interpolation(self, *inputs: Shape) -> str:
        return self.torch_mode(inputs[0].rank)

    def pace(self, axis: int) -> int:
        return 1 if self.factor is None else Fraction(self.factor).denominator

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def module(self, *inputs: Shape) -> Construct | None:
        if len(inputs) == 2:
            return None
        mode = self.torch_mode(inputs[0].rank)
        return Construct(
            "nn.Upsample",
            (
                Argument("scale_factor", self.factor, source="factor"),
                Argument("mode", mode, "nearest"),
            ),
        )

    def expression(self, values: Sequence[Py]) -> Py | None:
        if len(values) < 2:
            return None
        like = f"{flat(values[1])}.shape[2:]"
        mode = {"linear": "bilinear"}.get(self.mode, self.mode)
        return call("nn.functional.interpolate", [values[0], like, f'mode="{mode}"'])


@dataclass(frozen=True)
class PixelShuffle(Op):
    """Depth to space (Shi et al., 2016)."""

    name: ClassVar[str] = "pixelshuffle"
    family: ClassVar[Family] = "shape"
    positional: ClassVar[tuple[str, ...]] = ("factor",)

    factor: int = arg("count")

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if shape.rank != 2:
            raise Misfit(
                f"pixelshuffle works on a map with two axes, not on {shape}",
                "put it before 'flatten'" if shape.rank == 0 else None,
            )
        if shape.channels % self.factor**2:
            raise Misfit(
                f"pixelshuffle {self.factor} takes {self.factor**2} channels for each that it "
                f"makes, and {shape.channels} do not divide",
                f"{nearest_multiples(shape.channels, self.factor**2)} channels do",
            )
        return Shape(
            (shape.channels // self.factor**2, *(size * self.factor for size in shape.spatial))
        )

    def windows(self, *inputs: Shape) -> tuple[Window, ...]:
        return (Window(self.factor, 1, self.factor - 1, finer=self.factor),) * inputs[0].rank

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            "nn.PixelShuffle",
            (Argument("upscale_factor", self.factor, source="factor", positional=True),),
        )
