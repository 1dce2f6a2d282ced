"""Pixels that no reader of a map sees: a stride steps over them, or the last window ends early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from archdsl.diagnostics import Diagnostic
from archdsl.graph import Node
from archdsl.lint.reading import Reading, once, told
from archdsl.ops import Op, Window
from archdsl.shapes import Misfit, Shape, extents

AXES = {1: ("positions",), 2: ("rows", "columns"), 3: ("frames", "rows", "columns")}
MAX_PIXELS = 2**16  # that are looked at one by one; more would take more time than it is worth


def dropped_pixels(reading: Reading) -> Iterator[Diagnostic]:
    """Maps of which the readers leave out the same pixels, some convolution or pool among them."""
    return (
        told(
            "dropped-pixels",
            f"{clause(node.shape, counts)} never seen",
            reader,
            label=f"{node.shape} comes in",
            notes=[(other, "this does not see them either") for other in others[:3]],
            help=fix(node.shape, reader),
        )
        for reader, (node, others, counts) in once(blind(reading))
    )


def blind(reading: Reading) -> Iterator[tuple[Node, tuple[Node, list[Node], list[int]]]]:
    """A reader that leaves pixels out; the node that makes them, other readers, how many."""
    slid = {
        reading.origins[i] for node in reading.network.nodes if slides(node) for i in node.inputs
    }
    for node, readers in reading.makers:
        if node.index not in slid or node.index in reading.returned or not node.shape.rank:
            continue
        sliding = [reader for reader in readers if slides(reader) and reading.looks(reader, node)]
        if not sliding:
            continue
        looking = [reader for reader in readers if reading.looks(reader, node)]
        if all(windows := list(map(slide, looking))):
            axes = map(frozenset, zip(*windows, strict=True))
            counts = list(map(unseen, node.shape.spatial, axes))
            if any(counts):
                yield sliding[0], (node, [r for r in looking if r is not sliding[0]], counts)


def slides(node: Node) -> bool:
    """Whether windows slide over what an operator reads."""
    return node.op.family in ("conv", "pool")


# How many windows slide along an axis, and which.
Slide = tuple[int, Window]


def slide(reader: Node) -> tuple[Slide, ...]:
    """The windows of a reader along each axis; none where it sees all of a map."""
    windows = reader.applied.windows
    return tuple(zip(reader.shape.spatial, windows, strict=True)) if windows else ()


@lru_cache(maxsize=1024)
def unseen(extent: int, slides: frozenset[Slide]) -> int:
    """How many pixels along an axis lie in no window of any reader."""
    seen: list[range] = []
    for found in slides:
        steps = steps_of(found)
        if steps is None:
            return 0
        seen += steps
    if all(each.step == 1 for each in seen):
        return between(extent, seen)
    return marked(extent, seen).count(0) if extent <= MAX_PIXELS else 0


def steps_of(found: Slide) -> list[range] | None:
    """The pixels that windows see, as ranges; None where they are all, or too many to look at."""
    count, window = found
    if window.adaptive or window.finer != 1:
        return None
    start, reach = -window.before, (count - 1) * window.stride + 1
    if dense(window, count):
        return [range(start, start + reach + window.dilation * (window.kernel - 1))]
    if window.kernel * count > MAX_PIXELS:
        return None
    taps = range(start, start + window.dilation * window.kernel, window.dilation)
    return [range(tap, tap + reach, window.stride) for tap in taps]


def dense(window: Window, count: int) -> bool:
    """Whether windows leave nothing out between them."""
    if window.dilation == 1:
        return window.stride <= window.kernel
    return window.stride == 1 and count >= window.dilation


def between(extent: int, seen: list[range]) -> int:
    """How many pixels lie before, between and behind stretches without gaps."""
    missing = reached = 0
    for each in sorted(seen, key=lambda each: each.start):
        missing += max(0, min(each.start, extent) - reached)
        reached = max(reached, each.stop)
    return missing + max(0, extent - reached)


def marked(extent: int, seen: list[range]) -> bytearray:
    """A mark for each pixel in some ranges, which may begin before the first and end behind."""
    mask = bytearray(extent)
    for each in seen:
        first = each.start if each.start >= 0 else each.start % each.step
        pixels = range(first, min(each.stop, extent), each.step)
        if pixels:  # a stop below zero would count from the end
            mask[pixels.start : pixels.stop : pixels.step] = b"\1" * len(pixels)
    return mask


# ---- what is said of it ----------------------------------------------------------------------


def clause(shape: Shape, counts: list[int]) -> str:
    """`28 of 56 rows and 28 of 56 columns are`."""
    axes = zip(counts, shape.spatial, AXES[shape.rank], strict=True)
    parts = [f"{count} of {extent} {axis}" for count, extent, axis in axes if count]
    verb = "is" if sum(counts) == 1 else "are"
    return f"{' and '.join(parts)} {verb}"


def fix(shape: Shape, reader: Node) -> str:
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
    return not any(unseen(extent, frozenset([found])) for extent, found in pairs)
