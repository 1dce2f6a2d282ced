"""Long networks wrap: where a single tensor leads on, a figure can go on in a new column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt

from archdsl.draw.boxes import Box, Edge, Frame, Item, View

ASPECT = 1.15  # height over width that a figure aims at
LINE, GAP, TITLE, LETTER = 12, 26, 20, 5.6  # points, as the layout comes out


@dataclass(frozen=True)
class Column:
    """A stretch of the items, and the edge that leads on to the next column."""

    items: Sequence[Item]
    onward: Edge | None = None


def columns(view: View) -> list[Column]:
    """A view in columns that make a figure about as wide as it is high."""
    place = {box: k for k, item in enumerate(view.items) for box in item.boxes()}
    bottoms = depths(view)
    ends = list(accumulate((max(bottoms[b] for b in i.boxes()) for i in view.items), max))
    cuts = passages(view, place)
    wanted = sqrt(ends[-1] / (ASPECT * max(map(width, view.items))))
    count = min(max(1, round(wanted)), len(cuts) + 1)
    chosen = sorted({nearest(cuts, ends, ends[-1] * k / count) for k in range(1, count)})
    starts = [0, *(k + 1 for k in chosen)]
    stops = [*(k + 1 for k in chosen), len(view.items)]
    onward = [*(cuts[k] for k in chosen), None]
    return [
        Column(view.items[a:b], edge) for a, b, edge in zip(starts, stops, onward, strict=True)
    ]


def nearest(cuts: dict[int, Edge], ends: Sequence[float], height: float) -> int:
    """The item behind which to cut so that the column is about so high."""
    return min(cuts, key=lambda k: abs(ends[k] - height))


def passages(view: View, place: dict[Box, int]) -> dict[int, Edge]:
    """The items behind which one edge alone leads on, with that edge."""
    crossing = [0] * (len(view.items) + 1)
    last: dict[int, Edge] = {}
    for edge in view.edges:
        source, target = place[edge.source], place[edge.target]
        if source < target:
            crossing[source] += 1
            crossing[target] -= 1
            last[target - 1] = edge
    counts = list(accumulate(crossing))
    return {k: last[k] for k in last if counts[k] == 1 and not last[k].dashed}


def depths(view: View) -> dict[Box, float]:
    """How far down each box ends, in points."""
    before: dict[Box, list[Box]] = {}
    for edge in view.edges:
        before.setdefault(edge.target, []).append(edge.source)
    bottoms: dict[Box, float] = {}
    for box in view.boxes():
        above = max((bottoms.get(b, 0) for b in before.get(box, [])), default=0)
        bottoms[box] = above + height(box)
    return bottoms


def height(box: Box) -> float:
    """About how high a box is, with the gap above it."""
    return LINE * (1 + bool(box.detail) + bool(box.place)) + GAP


def width(item: Item) -> float:
    """About how wide an item is, with its edges' labels; branches in a frame stand side by side."""
    if isinstance(item, Frame):
        return TITLE + max(map(width, item.items)) * (1 + any_branches(item))
    longest = max(map(len, (item.title, " ".join(item.detail), item.place)))
    return max(longest * LETTER + TITLE, 90) + 30 * (item.repeat > 1)


def any_branches(frame: Frame) -> bool:
    """Whether joints stand in a frame, so that it is wider than its widest box."""
    return any(box.kind == "joint" for box in frame.boxes())
