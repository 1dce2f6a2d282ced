"""Kernels that look like numbers of channels."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.diagnostics import Diagnostic
from archdsl.graph import Node
from archdsl.lint.reading import Reading, once, told
from archdsl.shapes import extents

LARGE = 16  # the extent from which a kernel is taken for a number of channels


def swapped(reading: Reading) -> Iterator[Diagnostic]:
    """A large kernel and few channels: as if the channels had been written first."""
    kernels = ((node, kernel(node)) for node in reading.network.nodes if node.op.family == "conv")
    found = (
        (node, size) for node, size in kernels if size and min(size) >= 2 * node.shape.channels
    )
    for node, size in once(found):
        channels = node.shape.channels
        yield told(
            "swapped",
            f"a kernel of {extents(size)} makes {channels} channel{'s' if channels > 1 else ''}",
            node,
            help=f"the kernel goes first: {node.op.name} {channels}x{channels} {size[0]}",
        )


def kernel(node: Node) -> tuple[int, ...]:
    """The extents of a convolution's large kernel on a map of rows and columns; none of others.

    Signals and volumes, and what makes a map finer, do with few channels and large kernels.
    """
    windows = node.applied.windows or ()
    large = [each.kernel for each in windows if each.kernel >= LARGE and each.finer == 1]
    return tuple(large) if len(large) == len(windows) == 2 else ()
