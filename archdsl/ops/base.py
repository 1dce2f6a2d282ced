"""What every operator answers, and how its fields say what it can be given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from dataclasses import field as dataclass_field
from fractions import Fraction
from functools import cache
from math import gcd, isqrt
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from archdsl.pytext import Py
from archdsl.records import dataclass
from archdsl.shapes import Misfit, Shape, extents

Kind = Literal["size", "count", "number", "flag", "text", "padding", "tensor"]
Family = Literal[
    "input",
    "conv",
    "linear",
    "norm",
    "activation",
    "pool",
    "join",
    "shape",
    "regularisation",
    "unclear",
]
Role = Literal["trainable", "fixed", "buffer"]
Sizes = tuple[int, ...]
REQUIRED: Any = object()
NOTHING_SAID: Mapping[str, str] = {}


@dataclass(frozen=True)
class Tensor:
    """A tensor of the state_dict: a trained parameter, a fixed constant or a running statistic."""

    name: str
    shape: tuple[int, ...]
    role: Role = "trainable"


@dataclass(frozen=True)
class Argument:
    """An argument of a PyTorch constructor.

    `source` says where the value comes from, so that generated code can keep the author's
    expression: a field of the operator, `in.c`, or a formula of other arguments such as
    `{kernel_size} // 2`. What equals `default` is left out. `form` is what stands around it.
    """

    name: str
    value: Any
    default: Any = REQUIRED
    source: str = ""
    positional: bool = False
    form: str = ""


@dataclass(frozen=True)
class Construct:
    """A PyTorch module: `nn.Name`, or a class that the generated file brings along itself.

    Or no module but a parameter by which what comes in is multiplied: the ones that the callee
    makes, `times` a number.
    """

    callee: str
    args: tuple[Argument, ...] = ()
    times: Argument | None = None


@dataclass(frozen=True)
class Window:
    """What one output position sees along one axis.

    Where an operator makes the map finer, all counts are of positions that many times as fine.
    `adaptive` windows differ in size and distance so that together they see the whole axis.
    """

    kernel: int
    stride: int
    before: int
    dilation: int = 1
    finer: int | Fraction = 1
    adaptive: bool = False


POINT = Window(1, 1, 0)

Content = Literal["values", "statistics", "indices"]


@dataclass(frozen=True)
class Buffer:
    """A tensor that an operator makes beside its output: so many elements per sample.

    Values have the activations' type, statistics at least four bytes, indices eight. What is
    `shared` by the samples is there once, whatever the batch.
    """

    elements: int
    content: Content = "values"
    shared: bool = False


@dataclass(frozen=True)
class Saved:
    """What an operator's backward pass reads: some of its inputs, its output, tensors of its own.

    What PyTorch keeps in eager mode on a CPU; parameters and running statistics are kept anyway.
    """

    inputs: tuple[int, ...] = ()
    output: bool = False
    own: tuple[Buffer, ...] = ()


def arg(kind: Kind, default: Any = MISSING, *, key: str | None = None) -> Any:
    """A field of an operator: what kind of value it takes and by which name."""
    return dataclass_field(default=default, metadata={"kind": kind, "key": key})


def least(field: Field[Any]) -> int:
    """The smallest extent that a field of sizes takes: 0 where that is its default, else 1."""
    return 0 if field.default == 0 else 1


@dataclass(frozen=True)
class Op:
    """An operator of the language with its arguments; frozen, and free of any place or path."""

    name: ClassVar[str]
    alias: ClassVar[str] = ""  # a second name that papers use
    family: ClassVar[Family]
    positional: ClassVar[tuple[str, ...]] = ()
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {}
    inputs: ClassVar[int | None] = 1  # how many tensors come in; None: any number
    function: ClassVar[str] = ""  # PyTorch's function that does the same as its module
    in_place: ClassVar[bool] = False  # its PyTorch module can overwrite its input
    keeps_output: ClassVar[bool] = False  # its backward pass reads its output, or shares its memory
    normalises: ClassVar[bool] = False  # it sets the scale of its values, whatever came in
    probabilities: ClassVar[bool] = False  # its channels sum to 1
    any_layout: ClassVar[bool] = False  # it takes maps whose channels are the last axis, too
    affine: ClassVar[bool] = False  # inference scales each channel and adds to it, and no more
    monotone: ClassVar[bool] = False  # a function of each value that never decreases

    @classmethod
    @cache
    def arguments(cls) -> Mapping[str, Field[Any]]:
        """The fields by the name an author writes."""
        found = {f.metadata.get("key") or f.name: f for f in fields(cls) if f.metadata}
        return MappingProxyType(found)

    def shape(self, *inputs: Shape) -> Shape:
        """Shape that comes out; raises Misfit."""
        raise NotImplementedError

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """Its state_dict entries in PyTorch's order."""
        return ()

    def macs(self, *inputs: Shape) -> int:
        """Multiply-accumulates per sample: convolutions and linear layers, no bias, no norm."""
        return 0

    def module(self, *inputs: Shape) -> Construct | None:
        """The module in generated code; None where only an expression says it."""
        return None

    def expression(self, values: Sequence[Py]) -> Py | None:
        """The Python expression where that reads better than a module and nothing is stateful."""
        return None

    def windows(self, *inputs: Shape) -> tuple[Window, ...] | None:
        """Per spatial axis what an output sees; None where position does not matter (all)."""
        return (POINT,) * inputs[0].rank

    def pace(self, axis: int) -> int:
        """How much longer a map has to be for what comes out to be longer by a constant.

        Along a spatial axis; a stride, as a rule. A map that it takes, it takes longer too.
        """
        return 1

    def centres(self, *inputs: Shape) -> bool:
        """Whether it takes each channel's mean out, and what was added to the channel with it."""
        return False

    def interpolation(self, *inputs: Shape) -> str:
        """PyTorch's mode where it enlarges a map by interpolating; empty otherwise."""
        return ""

    def shares_memory(self, training: bool) -> bool:
        """Whether its output is its input's memory: a view, or the input itself."""
        return False

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        """What training keeps for its backward pass; its inputs, unless it says otherwise.

        `needs` tells which inputs need a gradient.
        """
        return Saved(inputs=tuple(range(len(inputs))))

    def saved_in_place(self, *inputs: Shape) -> Saved:
        """The same where it has overwritten its input: a copy of what it would have read."""
        saved = self.saved((True,), *inputs)
        copies = tuple(Buffer(inputs[slot].elements) for slot in saved.inputs)
        return Saved((), saved.output, (*copies, *saved.own))

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        """What inference holds while it works, beside what comes in and goes out.

        Tensors of PyTorch's; what a kernel takes for itself (a convolution's workspace) is not
        seen and not counted.
        """
        return ()

    def describe(self, said: Mapping[str, str] = NOTHING_SAID) -> str:
        """A short text for figures and tables: the arguments as an author would write them.

        `said` has words for some of them that go before their values.
        """
        return " ".join(described(self, said))

    # ---- what rewriting for inference asks ----

    def idle(self, *inputs: Shape) -> bool:
        """Whether inference hands its input on as it is, whatever its extents."""
        return False

    @property
    def note(self) -> str:
        """What its weights do not tell of how it computes, `eps=0.001`."""
        return ""

    def biased(self) -> Op | None:
        """The same with a bias, where it is a sum of weights times inputs; else None."""
        return None

    def local(self, shape: Shape) -> bool:
        """Whether it is such a sum, a bias added or not, at each position for itself."""
        return self.affine

    def even(self, shape: Shape) -> bool:
        """Whether it is such a sum, and the same numbers are summed at every position."""
        return False

    def steady(self, shape: Shape) -> Op | None:
        """The same with padding in numbers, where its own varies and comes to that for all maps."""
        return None

    def zeros(self, shape: Shape) -> tuple[tuple[int, int], ...] | None:
        """The zeros that it puts around a map, where it does nothing else."""
        return None

    def with_zeros(self, zeros: tuple[tuple[int, int], ...], shape: Shape) -> Op | None:
        """The same on a map that lacks these zeros around it; None where it cannot add them."""
        return None

    def leads(self, before: Op, shape: Shape) -> bool:
        """Whether it may go ahead of the operator before it, which takes this shape."""
        return False

    def beside(self, other: Op, shape: Shape) -> Op | None:
        """The operator that gives its channels and then the other's, of the same input."""
        return None

    def behind(self, first: Op, shape: Shape) -> Op | None:
        """The operator that does what another and then this one do to this shape."""
        return None


def described(op: Op, said: Mapping[str, str]) -> Iterator[str]:
    """The arguments that differ from their defaults, in the language's notation."""
    words = {(f, v): word for word, (f, v) in op.words.items()}
    for name, f in op.arguments().items():
        value = getattr(op, f.name)
        if f.name in said:
            yield said[f.name]
        elif f.name == "stride" or value is None or is_default(value, f.default):
            continue
        elif (f.name, value) in words:
            yield words[f.name, value]
        elif f.name == "size":
            yield spelt(f.name, value) + described_stride(op)
        else:
            text = spelt(f.name, value)
            yield text if f.name in op.positional else f"{name}={text}"


def described_stride(op: Op) -> str:
    """The stride that a size carries, `/2`."""
    field = op.arguments().get("stride")
    stride = getattr(op, "stride", None)
    if field is None or stride is None or is_default(stride, field.default):
        return ""
    return f"/{notation(stride)}"


def is_default(value: Any, default: Any) -> bool:
    """Whether a value goes without saying; a size's default is one number for all axes."""
    return bool(value == default or (isinstance(value, tuple) and set(value) == {default}))


def spelt(field: str, value: Any) -> str:
    """The value of a field as an author would write it: of a size each axis."""
    return extents(value) if field == "size" else notation(value)


def notation(value: Any) -> str:
    """A value as an author would write it."""
    if isinstance(value, tuple):
        return str(value[0]) if len(set(value)) == 1 else extents(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and not value.isidentifier():
        return f'"{value}"'
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Pointwise(Op):
    """An operator that changes values and no shape."""

    def shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


def needs_map(op: Op, shape: Shape) -> None:
    """Refuse features without spatial axes."""
    if shape.rank == 0:
        raise Misfit(
            f"{op.name} works on a map, and {shape} has no spatial axes",
            "put it before 'flatten'",
        )


def scalar(values: Sizes) -> int | Sizes:
    """One number where all axes agree, as people write PyTorch."""
    return values[0] if len(set(values)) == 1 else tuple(values)


def split_evenly(channels: int, groups: int, what: str, other: int | None = None) -> None:
    """Refuse channels that groups do not divide; the groups have to divide `other` as well."""
    if channels % groups:
        near = f"{nearest_multiples(channels, groups)} channels do"
        divisors = nearest_divisors(gcd(channels, other or channels), groups)
        raise Misfit(
            f"{channels} {what} do not divide into {groups} groups",
            f"{near}, or groups={divisors}",
        )


def nearest_multiples(channels: int, groups: int) -> str:
    """The numbers of channels around one that groups do not divide."""
    down = channels - channels % groups
    return f"{down} or {down + groups}" if down else str(groups)


def nearest_divisors(channels: int, groups: int) -> str:
    """The numbers of groups around one that does not divide the channels."""
    small = [n for n in range(1, min(isqrt(channels), 1000) + 1) if channels % n == 0]
    divisors = {*small, *(channels // n for n in small)}
    below = max(n for n in divisors if n <= groups)
    above = min((n for n in divisors if groups < n <= 2 * groups), default=0)
    return f"{below} or {above}" if above else str(below)


def too_large(op: str, size: Sizes, spans: Sizes, shape: Shape, padded: Sizes) -> Misfit:
    """The mistake of a window that spans more than the padded map does."""
    window = extents(size) + ("" if spans == size else f" (dilated: {extents(spans)})")
    beyond = "" if padded == shape.spatial else f", which is {extents(padded)} with its padding"
    return Misfit(
        f"the {window} window of {op} does not fit {shape}{beyond}",
        f"the map is down to {extents(padded)}: downsample less before"
        if max(padded) == 1
        else f"up to {extents(padded)} fits; or pad the map ('same'), or downsample less before",
    )
