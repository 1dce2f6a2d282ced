"""Shapes of tensors, per sample and channels first, and the arithmetic that operators share.

The window formulas are PyTorch's: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
and .../torch.nn.MaxPool2d.html; `same_tf` is TensorFlow's SAME
(https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod


class Misfit(Exception):
    """A shape that an operator cannot take: one plain clause, and a fix where there is one."""

    def __init__(self, clause: str, fix: str | None = None) -> None:
        super().__init__(clause)
        self.clause = clause
        self.fix = fix


class Shape(tuple[int, ...]):
    """Channels, then the spatial axes; the batch axis is never part of it."""

    __slots__ = ()

    @property
    def channels(self) -> int:
        """Number of channels (or of features, where there are no spatial axes)."""
        return self[0]

    @property
    def spatial(self) -> tuple[int, ...]:
        """Extents of the spatial axes."""
        return tuple(self[1:])

    @property
    def rank(self) -> int:
        """Number of spatial axes, 0 to 3."""
        return len(self) - 1

    @property
    def elements(self) -> int:
        """Number of elements per sample."""
        return prod(self)

    @property
    def laid_out(self) -> tuple[int, ...]:
        """The axes in PyTorch's order, without the batch."""
        return tuple(self)

    def like(self, axes: Iterable[int]) -> Shape:
        """Other channels and extents in the same layout."""
        return type(self)(axes)

    def __str__(self) -> str:
        return "x".join(map(str, self))


class ChannelsLast(Shape):
    """A map whose channels are PyTorch's last axis; it is told and written channels first, too."""

    __slots__ = ()

    @property
    def laid_out(self) -> tuple[int, ...]:
        return (*self.spatial, self.channels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChannelsLast) and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.laid_out)


def extents(values: tuple[int, ...]) -> str:
    """`7x7` for (7, 7)."""
    return "x".join(map(str, values))


def window_span(kernel: int, dilation: int = 1) -> int:
    """How many input positions a dilated window covers."""
    return dilation * (kernel - 1) + 1


def same_tf(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """TensorFlow's SAME padding of one axis, the smaller half first."""
    total = (-(-size // stride) - 1) * stride + window_span(kernel, dilation) - size
    total = max(total, 0)
    return total // 2, total - total // 2


def convolved(size: int, kernel: int, stride: int, pads: tuple[int, int], dilation: int = 1) -> int:
    """Output extent of a convolution along one axis."""
    return (size + sum(pads) - window_span(kernel, dilation)) // stride + 1


def pooled(size: int, kernel: int, stride: int, pad: int, ceil: bool) -> int:
    """Output extent of a pool; with `ceil`, a last window within the right padding is dropped."""
    span = size + 2 * pad - kernel
    count = (-(-span // stride) if ceil else span // stride) + 1
    if ceil and (count - 1) * stride >= size + pad:
        count -= 1
    return count


def transposed(
    size: int, kernel: int, stride: int, pads: tuple[int, int], dilation: int = 1, extra: int = 0
) -> int:
    """Output extent of a transposed convolution along one axis."""
    return (size - 1) * stride - sum(pads) + window_span(kernel, dilation) + extra
