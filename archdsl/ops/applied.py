"""An operator on the shapes that come in, with its answers worked out once."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from archdsl.ops.base import Buffer, Construct, Op, Role, Tensor, Window
from archdsl.records import cached_property
from archdsl.shapes import ChannelsLast, Misfit, Shape


@lru_cache(maxsize=8192)
def apply(op: Op, inputs: tuple[Shape, ...]) -> Applied:
    """An operator on some shapes: the same one for all nodes, of all networks, that are alike.

    Networks of one family, and one network before and after a change, have most of them in common.
    """
    return Applied(op, inputs)


class Applied:
    """An operator on some shapes: what it answers for them, worked out once."""

    def __init__(self, op: Op, inputs: tuple[Shape, ...]) -> None:
        self.op = op
        self.inputs = inputs

    @cached_property
    def shape(self) -> Shape:
        """Shape that comes out; raises Misfit, as code that cannot be written does."""
        for shape in self.inputs:
            if isinstance(shape, ChannelsLast) and not self.op.any_layout:
                raise Misfit(
                    f"{self.op.name} works on channels first, and 'permute' has put them last",
                    "write 'permute first' before it",
                )
        found = self.op.shape(*self.inputs)
        _ = self.module
        return found

    @cached_property
    def module(self) -> Construct | None:
        """The module in generated code; None where only an expression says it."""
        return self.op.module(*self.inputs)

    @cached_property
    def expressible(self) -> bool:
        """Whether generated code says it by an expression."""
        return self.op.expression(["x"] * len(self.inputs)) is not None

    @cached_property
    def form(self) -> tuple[object, ...]:
        """What generated code says it by, without the values: alike where only these differ."""
        if self.op.inputs == 0 or self.expressible:
            return self.op.name, len(self.inputs)
        if self.module is None:
            return (self.op.name,)
        return self.module.callee, *[argument.name for argument in self.module.args]

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its state_dict entries in PyTorch's order."""
        return self.op.tensors(*self.inputs)

    @cached_property
    def params(self) -> int:
        """How many numbers training learns."""
        return self.count("trainable")

    @cached_property
    def fixed(self) -> int:
        """How many numbers stay as they are."""
        return self.count("fixed")

    @cached_property
    def buffers(self) -> int:
        """How many numbers are running statistics."""
        return self.count("buffer")

    def count(self, role: Role) -> int:
        """How many numbers the tensors of a role hold."""
        return sum(prod(tensor.shape) for tensor in self.tensors if tensor.role == role)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates per sample."""
        return self.op.macs(*self.inputs)

    @cached_property
    def scratch(self) -> tuple[Buffer, ...]:
        """Tensors that it makes for itself, gone when it is done."""
        return self.op.scratch(*self.inputs)

    @cached_property
    def windows(self) -> tuple[Window, ...] | None:
        """Per spatial axis what an output sees; None where position does not matter."""
        return self.op.windows(*self.inputs)
