"""Padding: what its words mean, and maps with it."""

from __future__ import annotations

from math import prod

from archdsl.ops.base import Buffer, Sizes
from archdsl.shapes import Misfit, Shape

Padding = str | Sizes
Pads = tuple[tuple[int, int], ...]
PADDING_WORDS = {word: ("pad", word) for word in ("same", "valid", "same_tf")}


def resolve(pad: Padding, spans: Sizes) -> Sizes:
    """Symmetric padding per axis; `same` is half of what the window spans, dilation counted."""
    if pad == "valid":
        return (0,) * len(spans)
    if isinstance(pad, str):
        return tuple([span // 2 for span in spans])
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


def padded_copy(shape: Shape, pads: Pads) -> Buffer:
    """The copy of a map with its padding, which modules make whose padding is not PyTorch's."""
    return Buffer(shape.channels * prod(padded(shape, pads)))
