"""The input of a network, where branches meet, and what stands for the unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from archdsl.ops.base import POINT, Buffer, Family, Op, Saved, Window, arg
from archdsl.pytext import Py, call, flat, listing
from archdsl.records import dataclass
from archdsl.shapes import Misfit, Shape, extents


@dataclass(frozen=True)
class Input(Op):
    """A tensor that comes into the network."""

    name: ClassVar[str] = "input"
    family: ClassVar[Family] = "input"
    inputs: ClassVar[int | None] = 0

    of: Shape

    def shape(self, *inputs: Shape) -> Shape:
        return self.of

    def windows(self, *inputs: Shape) -> tuple[Window, ...]:
        return (POINT,) * self.of.rank


@dataclass(frozen=True)
class Joint(Op):
    """Several tensors into one."""

    family: ClassVar[Family] = "join"
    inputs: ClassVar[int | None] = None
    sign: ClassVar[str]

    def fits(self, left: Shape, right: Shape) -> bool:
        """Whether two branches can be joined."""
        return left == right


def axes(shape: Shape) -> str:
    """How many spatial axes there are."""
    return f"{shape.rank or 'no'} spatial {'axis' if shape.rank == 1 else 'axes'}"


def alike(inputs: Sequence[Shape], fix: str) -> str:
    """The fix where all branches have the same axes; else one is flattened too soon."""
    return fix if len({shape.rank for shape in inputs}) == 1 else "put 'flatten' behind the join"


def difference(inputs: Sequence[Shape], *, channels: bool = True) -> str:
    """In what the first branch that is unlike branch 1 differs from it."""
    first = inputs[0]
    for number, other in enumerate(inputs[1:], 2):
        if other.rank != first.rank:
            return f"branch {number} has {axes(other)}, and branch 1 has {axes(first)}"
        found = []
        if channels and other.channels != first.channels:
            found.append(f"channels ({other.channels}, not {first.channels})")
        if other.spatial != first.spatial:
            found.append(f"extents ({extents(other.spatial)}, not {extents(first.spatial)})")
        if found:
            return f"branch {number} differs from branch 1 in {' and '.join(found)}"
    raise AssertionError("the branches are alike")


@dataclass(frozen=True)
class Concat(Joint):
    """Channels one behind the other."""

    name: ClassVar[str] = "concat"
    sign: ClassVar[str] = "|"

    def fits(self, left: Shape, right: Shape) -> bool:
        return left.spatial == right.spatial

    def shape(self, *inputs: Shape) -> Shape:
        if len({shape.spatial for shape in inputs}) > 1:
            raise Misfit(
                "branches that are concatenated agree in all but their channels, and these are "
                + " | ".join(map(str, inputs))
                + f": {difference(inputs, channels=False)}",
                alike(inputs, "give them the same strides and padding, as in maxpool 3x3/1 same"),
            )
        return Shape((sum(shape.channels for shape in inputs), *inputs[0].spatial))

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def expression(self, values: Sequence[Py]) -> Py:
        return call("torch.cat", [listing(values), "1"])


@dataclass(frozen=True)
class Add(Joint):
    """The sum of tensors of one shape."""

    name: ClassVar[str] = "add"
    sign: ClassVar[str] = "+"

    def shape(self, *inputs: Shape) -> Shape:
        if len(set(inputs)) > 1:
            raise Misfit(
                "branches that are added have one shape, and these are "
                + " + ".join(map(str, inputs))
                + f": {difference(inputs)}",
                alike(inputs, self.fix(inputs)),
            )
        return inputs[0]

    def fix(self, inputs: Sequence[Shape]) -> str:
        """How branches of other shapes are made alike."""
        if len({shape.spatial for shape in inputs}) == 1:
            return "let one branch take the channels of the other, as conv 1x1 _ does"
        return (
            "give the branches the same strides and padding, "
            "or end one in conv 1x1/_ _, which takes the stride and channels of the other"
        )

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        return Saved()

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        return (Buffer(inputs[0].elements),) if len(inputs) > 2 else ()  # the sum so far

    def expression(self, values: Sequence[Py]) -> Py:
        return " + ".join(map(flat, values))


@dataclass(frozen=True)
class Multiply(Joint):
    """The product of tensors; an axis of 1 is broadcast, as a gate per channel is."""

    name: ClassVar[str] = "multiply"
    sign: ClassVar[str] = "*"

    def fits(self, left: Shape, right: Shape) -> bool:
        return left.rank == right.rank and all(
            a == b or 1 in (a, b) for a, b in zip(left, right, strict=True)
        )

    def shape(self, *inputs: Shape) -> Shape:
        first = inputs[0]
        for other in inputs[1:]:
            if not self.fits(first, other):
                raise Misfit(
                    "branches that are multiplied agree in each axis, or have 1 there, "
                    "and these are " + " * ".join(map(str, inputs)) + f": {difference(inputs)}",
                    f"end a gate in the channels that it gates, conv 1x1 {inputs[0].channels}"
                    if inputs[0].channels != other.channels
                    else "give the branches the same strides, or let a gate be 'avgpool global'",
                )
            first = Shape(max(a, b) for a, b in zip(first, other, strict=True))
        return first

    def saved(self, needs: Sequence[bool], *inputs: Shape) -> Saved:
        """Each factor where another needs a gradient; `a * b * c` keeps the product `a * b` too."""
        slots = range(len(inputs))
        kept = [slot for slot in slots if any(needs[:slot] if slot else needs[1:2])]
        products = [self.shape(*inputs[:slot]) for slot in slots[2:] if needs[slot]]
        return Saved(tuple(kept), own=tuple(Buffer(product.elements) for product in products))

    def scratch(self, *inputs: Shape) -> tuple[Buffer, ...]:
        if len(inputs) < 3:
            return ()
        return (Buffer(self.shape(*inputs[:-1]).elements),)  # the product so far

    def expression(self, values: Sequence[Py]) -> Py:
        return " * ".join(map(flat, values))


@dataclass(frozen=True)
class Unclear(Op):
    """What could not be understood, in its author's words: no author can call it."""

    name: ClassVar[str] = "?"
    family: ClassVar[Family] = "unclear"
    positional: ClassVar[tuple[str, ...]] = ("text",)
    inputs: ClassVar[int | None] = None

    text: str = arg("text")
