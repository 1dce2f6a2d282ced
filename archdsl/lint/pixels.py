"""Pixels that no reader of a map sees: a stride steps over them, or the last window ends early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archdsl.diagnostics import Diagnostic
from archdsl.graph import Network, Node
from archdsl.lint.reading import Reading, told
from archdsl.measure import carried
from archdsl.ops import Op, Window
from archdsl.shapes import Misfit, Shape, extents

AXES = {1: ("positions",), 2: ("rows", "columns"), 3: ("frames", "rows", "columns")}
MAX_PIXELS = 10**6  # along an axis: a longer one would take more time than it is worth


def dropped_pixels(reading: Reading) -> Iterator[Diagnostic]:
    """Maps of which the readers leave out the same pixels, some convolution or pool among them."""
    for node, readers in reading.makers():
        if node.index in reading.returned or not node.shape.rank:
            continue
        looking = [r for r in readers if looks_at(reading, r, node)]
        sliding = [r for r in looking if r.op.family in ("conv", "pool")]
        counts = [
            unseen(node.shape.spatial[axis], [slide(reading.network, r, axis) for r in looking])
            for axis in range(node.shape.rank)
        ]
        if sliding and any(counts):
            yield told(
                "dropped-pixels",
                f"{clause(node.shape, counts)} never seen",
                sliding[0],
                label=f"{node.shape} comes in",
                notes=[(other, "this does not see them either") for other in looking[1:]],
                help=fix(node.shape, sliding[0], counts),
            )


def looks_at(reading: Reading, reader: Node, node: Node) -> bool:
    """Whether a reader takes values of a map, and not only its extents."""
    return any(reading.origins[i] == node.index for i in carried(reading.network, reader))


Slide = tuple[int, Window] | None  # how many windows along an axis; None where all is seen


def slide(network: Network, reader: Node, axis: int) -> Slide:
    """The windows of a reader along an axis."""
    windows = reader.op.windows(*network.input_shapes(reader))
    return (reader.shape.spatial[axis], windows[axis]) if windows else None


def unseen(extent: int, slides: list[Slide]) -> int:
    """How many pixels along an axis lie in no window of any reader."""
    seen = [marks(extent, found) for found in dict.fromkeys(slides)]
    masks = [mask for mask in seen if mask is not None]
    if len(masks) < len(seen):
        return 0
    return sum(not any(pixel) for pixel in zip(*masks, strict=True))


def marks(extent: int, found: Slide) -> bytearray | None:
    """A mark for each pixel that lies in a window; None where all do."""
    if found is None or found[1].adaptive or found[1].finer != 1:
        return None
    count, window = found
    start, reach = -window.before, (count - 1) * window.stride + 1
    last = start + reach + window.dilation * (window.kernel - 1)
    if dense(window, count):
        if start <= 0 and last >= extent:
            return None
        steps = [range(start, last)]
    else:
        taps = range(start, last - reach + 1, window.dilation)
        if len(taps) * count > MAX_PIXELS:
            return None
        steps = [range(tap, tap + reach, window.stride) for tap in taps]
    return marked(extent, steps) if extent <= MAX_PIXELS else None


def marked(extent: int, steps: list[range]) -> bytearray:
    """A mark for each pixel in some ranges, which may begin before the first and end behind."""
    mask = bytearray(extent)
    for each in steps:
        first = each.start if each.start >= 0 else each.start % each.step
        pixels = range(first, min(each.stop, extent), each.step)
        mask[pixels.start : pixels.stop : pixels.step] = b"\1" * len(pixels)
    return mask


def dense(window: Window, count: int) -> bool:
    """Whether windows leave nothing out between them."""
    if window.dilation == 1:
        return window.stride <= window.kernel
    return window.stride == 1 and count >= window.dilation


# ---- what is said of it ----------------------------------------------------------------------


def clause(shape: Shape, counts: list[int]) -> str:
    """`28 of 56 rows and 28 of 56 columns are`."""
    axes = zip(counts, shape.spatial, AXES[shape.rank], strict=True)
    parts = [f"{count} of {extent} {axis}" for count, extent, axis in axes if count]
    return " and ".join(parts) + (
        " is" if parts[0].startswith("1 of") and len(parts) == 1 else " are"
    )


def fix(shape: Shape, reader: Node, counts: list[int]) -> str:
    """A flag of the reader that lets it see all, or what else an author can do."""
    for field, value in reader.op.words.values():
        trial = replace(reader.op, **{field: value})
        if sees_all(trial, shape):
            return f"write {trial.name} {trial.describe()}, which sees all of it"
    windows = reader.op.windows(shape) or ()
    gaps = [w for w, n in zip(windows, reader.shape.spatial, strict=True) if not dense(w, n)]
    if any(window.stride <= window.kernel for window in gaps):
        return "stride and dilation step over the same pixels: change one of them"
    if gaps:
        least = extents(tuple(window.stride for window in windows))
        return f"put the stride on a kernel of {least} or more, which steps over nothing"
    return "pad the map, or choose an extent in which the last window ends"


def sees_all(op: Op, shape: Shape) -> bool:
    """Whether an operator would look at every pixel of a map."""
    try:
        slides = zip(op.shape(shape).spatial, op.windows(shape) or (), strict=True)
    except Misfit:
        return False
    pairs = zip(shape.spatial, slides, strict=True)
    return not any(unseen(extent, [found]) for extent, found in pairs)
