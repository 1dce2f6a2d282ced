"""Norms, activations, and what drops or scales values: the shape stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import ClassVar, Literal

from archdsl.ops.base import (
    Argument,
    Buffer,
    Construct,
    Family,
    Pointwise,
    Saved,
    Tensor,
    arg,
    needs_map,
    split_evenly,
)
from archdsl.records import dataclass
from archdsl.shapes import ChannelsLast, Misfit, Shape


@dataclass(frozen=True)
class Norm(Pointwise):
    """A normalisation with a learned scale and offset per channel."""

    family: ClassVar[Family] = "norm"
    normalises: ClassVar[bool] = True

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        channels = (inputs[0].channels,)
        return (Tensor("weight", channels), Tensor("bias", channels))


@dataclass(frozen=True)
class BatchNorm(Norm):
    """Batch normalisation (Ioffe and Szegedy, 2015)."""

    name: ClassVar[str] = "bn"
    affine: ClassVar[bool] = True

    eps: float = arg("number", 1e-5)
    momentum: float = arg("number", 0.1)

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        channels = (inputs[0].channels,)
        running = (
            Tensor("running_mean", channels, "buffer"),
            Tensor("running_var", channels, "buffer"),
            Tensor("num_batches_tracked", (), "buffer"),
        )
        return (*super().tensors(*inputs), *running)

    def centres(self, *inputs: Shape) -> bool:
        return True

    @property
    def note(self) -> str:
        return f"eps={self.eps}" if self.eps != 1e-5 else ""

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        """The batch's mean and deviation of each channel."""
        return Saved((0,), own=(Buffer(2 * inputs[0].channels, "statistics", shared=True),))

    def module(self, *inputs: Shape) -> Construct:
        (shape,) = inputs
        return Construct(
            f"nn.BatchNorm{max(1, shape.rank)}d",
            (
                Argument("num_features", shape.channels, positional=True, source="in.c"),
                Argument("eps", self.eps, 1e-5, source="eps"),
                Argument("momentum", self.momentum, 0.1, source="momentum"),
            ),
        )


@dataclass(frozen=True)
class LayerNorm(Norm):
    """Layer normalisation over the channels at each position (as ConvNeXt has it)."""

    name: ClassVar[str] = "ln"
    any_layout: ClassVar[bool] = True

    eps: float = arg("number", 1e-6)

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved((0,), own=self.scratch(*inputs))

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        """Mean and deviation at each position."""
        return (Buffer(2 * prod(inputs[0].spatial), "statistics"),)

    def module(self, *inputs: Shape) -> Construct:
        (shape,) = inputs
        return Construct(
            "nn.LayerNorm" if isinstance(shape, ChannelsLast) or not shape.rank else "ChannelNorm",
            (
                Argument("channels", shape.channels, positional=True, source="in.c"),
                Argument("eps", self.eps, source="eps"),
            ),
        )


@dataclass(frozen=True)
class GroupNorm(Norm):
    """Group normalisation (Wu and He, 2018)."""

    name: ClassVar[str] = "gn"
    positional: ClassVar[tuple[str, ...]] = ("groups",)

    groups: int = arg("count")
    eps: float = arg("number", 1e-5)

    def shape(self, *inputs: Shape) -> Shape:
        split_evenly(inputs[0].channels, self.groups, "channels")
        return inputs[0]

    def centres(self, *inputs: Shape) -> bool:
        return self.groups == inputs[0].channels  # else channels share their group's mean

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved((0,), own=self.scratch(*inputs))

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        """Mean and deviation of each group."""
        return (Buffer(2 * self.groups, "statistics"),)

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            "nn.GroupNorm",
            (
                Argument("num_groups", self.groups, positional=True, source="groups"),
                Argument("num_channels", inputs[0].channels, positional=True, source="in.c"),
                Argument("eps", self.eps, 1e-5, source="eps"),
            ),
        )


@dataclass(frozen=True)
class LocalResponseNorm(Pointwise):
    """Local response normalisation across channels (AlexNet, section 3.3); alpha is over n."""

    name: ClassVar[str] = "lrn"
    family: ClassVar[Family] = "norm"
    normalises: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("n",)

    n: int = arg("count")
    alpha: float = arg("number", 1e-4)
    beta: float = arg("number", 0.75)
    k: float = arg("number", 1)

    def shape(self, *inputs: Shape) -> Shape:
        needs_map(self, inputs[0])
        return inputs[0]

    def padded(self, shape: Shape) -> int:
        """Elements of the squares with zero channels around them."""
        return (shape.channels + self.n - 1) * prod(shape.spatial)

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        """The padded squares, and the sums over channels before and after they are raised."""
        (shape,) = inputs
        return Saved((0,), own=(Buffer(self.padded(shape)), Buffer(2 * shape.elements)))

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        """At its most the squares and their padded copy, or three steps of one formula."""
        (shape,) = inputs
        return (Buffer(max(self.padded(shape), 2 * shape.elements)),)

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            "nn.LocalResponseNorm",
            (
                Argument("size", self.n, positional=True, source="n"),
                Argument("alpha", self.alpha, 1e-4, source="alpha"),
                Argument("beta", self.beta, 0.75, source="beta"),
                Argument("k", self.k, 1.0, source="k"),
            ),
        )


@dataclass(frozen=True)
class Activation(Pointwise):
    """A function of each value; subclasses name PyTorch's class for it."""

    family: ClassVar[Family] = "activation"
    any_layout: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    keeps_output: ClassVar[bool] = True
    torch_name: ClassVar[str]
    backward: ClassVar[Literal["input", "output", "either"]] = "input"  # what it is computed from
    fuses: ClassVar[Literal["", "conv", "sum"]] = ""  # to what a CPU's kernels can apply it at once

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved(output=True) if self.backward == "output" else Saved((0,))

    def saved_in_place(self, *inputs: Shape) -> Saved:
        return super().saved_in_place(*inputs) if self.backward == "input" else Saved(output=True)

    def module(self, *inputs: Shape) -> Construct:
        return Construct(f"nn.{self.torch_name}")


def activation(
    name: str,
    torch_name: str,
    backward: str = "input",
    *,
    in_place: bool = True,
    monotone: bool = False,
    fuses: str = "",
) -> type[Activation]:
    """An activation without parameters."""
    function = f"nn.functional.{name}" if in_place else f"torch.{name}"
    namespace = {
        "name": name,
        "torch_name": torch_name,
        "in_place": in_place,
        "backward": backward,
        "monotone": monotone,
        "fuses": fuses,
        "function": function,
        "__doc__": f"PyTorch's {torch_name}.",
    }
    return dataclass(frozen=True)(type(torch_name, (Activation,), namespace))


Relu = activation("relu", "ReLU", "output", monotone=True, fuses="sum")
Relu6 = activation("relu6", "ReLU6", monotone=True, fuses="conv")
Selu = activation("selu", "SELU", "either", monotone=True)
Silu = activation("silu", "SiLU", fuses="conv")
Mish = activation("mish", "Mish")
Sigmoid = activation("sigmoid", "Sigmoid", "output", in_place=False, monotone=True)
Hardswish = activation("hardswish", "Hardswish", fuses="conv")
Hardsigmoid = activation("hardsigmoid", "Hardsigmoid", monotone=True)


@dataclass(frozen=True)
class Leaky(Activation):
    """Leaky ReLU."""

    name: ClassVar[str] = "leaky"
    backward: ClassVar[Literal["input", "output", "either"]] = "either"
    positional: ClassVar[tuple[str, ...]] = ("slope",)

    slope: float = arg("number", 0.01)

    @property
    def in_place(self) -> bool:  # type: ignore[override]
        """The backward pass from its output needs to know the input's sign."""
        return self.slope >= 0

    @property
    def monotone(self) -> bool:  # type: ignore[override]
        return self.slope >= 0

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            "nn.LeakyReLU",
            (Argument("negative_slope", self.slope, 0.01, source="slope", positional=True),),
        )


@dataclass(frozen=True)
class Elu(Activation):
    """Exponential linear unit."""

    name: ClassVar[str] = "elu"
    backward: ClassVar[Literal["input", "output", "either"]] = "either"
    positional: ClassVar[tuple[str, ...]] = ("alpha",)

    alpha: float = arg("number", 1)

    @property
    def in_place(self) -> bool:  # type: ignore[override]
        """The backward pass from its output needs to know the input's sign."""
        return self.alpha >= 0

    @property
    def monotone(self) -> bool:  # type: ignore[override]
        return self.alpha >= 0

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            "nn.ELU", (Argument("alpha", self.alpha, 1.0, source="alpha", positional=True),)
        )


@dataclass(frozen=True)
class Prelu(Activation):
    """ReLU with a learned slope per channel (He et al., 2015); `shared` learns a single one."""

    name: ClassVar[str] = "prelu"
    any_layout: ClassVar[bool] = False
    in_place: ClassVar[bool] = False
    words = {"shared": ("shared", True)}

    init: float = arg("number", 0.25)
    shared: bool = arg("flag", False)

    def slopes(self, shape: Shape) -> int:
        """How many slopes it learns."""
        return 1 if self.shared else shape.channels

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        return (Tensor("weight", (self.slopes(inputs[0]),)),)

    def module(self, *inputs: Shape) -> Construct:
        source = "" if self.shared else "in.c"
        return Construct(
            "nn.PReLU",
            (
                Argument("num_parameters", self.slopes(inputs[0]), 1, source, positional=True),
                Argument("init", self.init, 0.25, source="init"),
            ),
        )


@dataclass(frozen=True)
class Gelu(Activation):
    """Gaussian error linear unit; `tanh` is its usual approximation."""

    name: ClassVar[str] = "gelu"
    in_place: ClassVar[bool] = False
    words = {"tanh": ("approximate", "tanh")}

    approximate: str = arg("text", "none")

    def shape(self, *inputs: Shape) -> Shape:
        if self.approximate not in ("none", "tanh"):
            raise Misfit(f"gelu has no approximation '{self.approximate}'", "gelu tanh")
        return inputs[0]

    def module(self, *inputs: Shape) -> Construct:
        return Construct("nn.GELU", (Argument("approximate", self.approximate, "none"),))


@dataclass(frozen=True)
class Tanh(Activation):
    """a * tanh(b * x); LeNet-5's squashing function has a=1.7159 and b=2/3."""

    name: ClassVar[str] = "tanh"
    backward: ClassVar[Literal["input", "output", "either"]] = "output"
    in_place: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("a", "b")

    a: float = arg("number", 1)
    b: float = arg("number", 1)

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        own = self.scratch(*inputs)
        return Saved(own=own) if own else Saved(output=True)

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        """The tangent before it is scaled."""
        return () if (self.a, self.b) == (1, 1) else (Buffer(inputs[0].elements),)

    @property
    def monotone(self) -> bool:  # type: ignore[override]
        return self.a * self.b >= 0

    def module(self, *inputs: Shape) -> Construct:
        if self.a == 1 and self.b == 1:
            return Construct("nn.Tanh")
        return Construct(
            "ScaledTanh",
            (
                Argument("a", self.a, source="a", positional=True),
                Argument("b", self.b, source="b", positional=True),
            ),
        )


@dataclass(frozen=True)
class Softmax(Activation):
    """Softmax over the channels."""

    name: ClassVar[str] = "softmax"
    any_layout: ClassVar[bool] = False
    backward: ClassVar[Literal["input", "output", "either"]] = "output"
    in_place: ClassVar[bool] = False
    probabilities: ClassVar[bool] = True

    def module(self, *inputs: Shape) -> Construct:
        return Construct("nn.Softmax", (Argument("dim", 1),))


@dataclass(frozen=True)
class Softplus(Activation):
    """log(1 + exp(beta * x)) / beta."""

    name: ClassVar[str] = "softplus"
    in_place: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("beta",)

    beta: float = arg("number", 1)

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            "nn.Softplus", (Argument("beta", self.beta, 1.0, source="beta", positional=True),)
        )


@dataclass(frozen=True)
class Dropout(Pointwise):
    """Sets values to zero during training, each with probability p."""

    name: ClassVar[str] = "dropout"
    family: ClassVar[Family] = "regularisation"
    any_layout: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("p",)
    keeps_output: ClassVar[bool] = True  # in evaluation it hands its input on
    torch_name: ClassVar[str] = "nn.Dropout"

    p: float = arg("number", 0.5)

    def shape(self, *inputs: Shape) -> Shape:
        if not 0 <= self.p <= 1:
            raise Misfit(f"a probability lies between 0 and 1, not at {self.p}", f"{self.name} 0.2")
        return inputs[0]

    def shares_memory(self, training: bool) -> bool:
        return not training or self.p == 0

    def idle(self, *inputs: Shape) -> bool:
        return True

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        """Its mask, of the values' type; on a GPU PyTorch's takes a byte an element instead."""
        if self.p == 0:
            return Saved()
        return Saved(own=(Buffer(1, shared=True) if self.p == 1 else self.mask(inputs[0]),))

    def mask(self, shape: Shape) -> Buffer:
        """What was drawn, for each value."""
        return Buffer(shape.elements)

    def module(self, *inputs: Shape) -> Construct:
        return Construct(self.torch_name, (Argument("p", self.p, source="p", positional=True),))


@dataclass(frozen=True)
class Dropout2d(Dropout):
    """Drops whole channels of a map."""

    name: ClassVar[str] = "dropout2d"
    any_layout: ClassVar[bool] = False

    def shape(self, *inputs: Shape) -> Shape:
        needs_map(self, inputs[0])
        return super().shape(*inputs)

    def mask(self, shape: Shape) -> Buffer:
        return Buffer(shape.channels)

    def module(self, *inputs: Shape) -> Construct:
        return Construct(
            f"nn.Dropout{inputs[0].rank}d", (Argument("p", self.p, source="p", positional=True),)
        )


@dataclass(frozen=True)
class DropPath(Dropout):
    """Stochastic depth (Huang et al., 2016): drops a residual branch, per sample."""

    name: ClassVar[str] = "droppath"
    torch_name: ClassVar[str] = "StochasticDepth"

    def shares_memory(self, training: bool) -> bool:
        return not training

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved(own=(Buffer(1),))


@dataclass(frozen=True)
class Scale(Pointwise):
    """A learned factor per channel; `bias` adds a learned offset, `fixed` makes it a constant.

    The factor alone is no module: it is a parameter that bears the label itself.
    """

    name: ClassVar[str] = "scale"
    family: ClassVar[Family] = "norm"
    positional: ClassVar[tuple[str, ...]] = ("init",)
    words = {"bias": ("bias", True)}

    affine: ClassVar[bool] = True

    init: float = arg("number", 1)
    bias: bool = arg("flag", False)
    fixed: float | None = arg("number", None)

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        (shape,) = inputs
        if self.fixed is not None:
            return ()
        each = (shape.channels, *(1 for _ in shape.spatial))
        return (Tensor("weight", each), Tensor("bias", each)) if self.bias else (Tensor("", each),)

    def idle(self, *inputs: Shape) -> bool:
        return self.fixed == 1

    @property
    def note(self) -> str:
        return "scale" if self.fixed is None else f"factor={self.fixed}"

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved((0,)) if self.fixed is None else Saved()

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        return (Buffer(inputs[0].elements),) if self.bias and self.fixed is None else ()

    def module(self, *inputs: Shape) -> Construct:
        (shape,) = inputs
        if self.fixed is not None:
            return Construct(
                "ConstantScale", (Argument("factor", self.fixed, source="fixed", positional=True),)
            )
        channels = Argument("channels", shape.channels, source="in.c", positional=True)
        if self.bias:
            axes = Argument("axes", shape.rank, 2)
            return Construct(
                "ChannelScale", (channels, axes, Argument("init", self.init, 1.0, source="init"))
            )
        each = replace(channels, form=", ".join(["{}", *["1"] * shape.rank]))
        return Construct("torch.ones", (each,), Argument("init", self.init, 1.0, source="init"))
