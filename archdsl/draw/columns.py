"""Long networks wrap: where a single tensor leads on, a figure can go on in a new column.

In a figure that runs to the right the columns lie down: they are rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise

from archdsl.draw.boxes import Box, Edge, Frame, Item, View
from archdsl.records import dataclass

ASPECT = {"down": 1.15, "right": 1.7}  # length over breadth that a figure aims at
SHORT = {"down": 350, "right": 1000}  # points; what is no longer needs no break
BREAK = 0.2  # how much shorter a figure has to become for each break
MOST_COLUMNS = 16
LINE, GAP, FRAME, TITLE, LETTER = 14, 24, 20, 20, 5.6  # points, as the layout comes out
SAID = 70  # the gap that a shape needs which stands in the line
GUTTER = 45  # between rows; between columns lie the labels of edges, which `width` counts


@dataclass(frozen=True)
class Column:
    """A stretch of the items, and the edges that lead on to the next column, all from one box."""

    items: Sequence[Item]
    onward: tuple[Edge, ...] = ()


@dataclass(frozen=True)
class Unit:
    """An item that stays in one piece, and the frames around it that need not."""

    item: Item
    around: tuple[Frame, ...]


def columns(view: View, direction: str = "down") -> list[Column]:
    """A view in columns that make a figure about as wide as it is high."""
    parts = list(units(view.items))
    bottoms = depths(view, direction)
    ends = list(accumulate((max(bottoms[b] for b in p.item.boxes()) for p in parts), max))
    alive, cuts = passages(view, parts)
    across = width if direction == "down" else thickness
    breadth = max(across(part.item) * max(1, n - 1) for part, n in zip(parts, alive, strict=True))
    chosen = best(cuts, ends, ASPECT[direction] * breadth) if ends[-1] > SHORT[direction] else []
    starts = [0, *(k + 1 for k in chosen)]
    stops = [*(k + 1 for k in chosen), len(parts)]
    onward = [*(cuts[k] for k in chosen), ()]
    return [
        Column(framed(parts[a:b]), edges) for a, b, edges in zip(starts, stops, onward, strict=True)
    ]


def units(items: Iterable[Item], around: tuple[Frame, ...] = ()) -> Iterable[Unit]:
    """The items between which a column may end; a stage's frame can go on in the next."""
    for item in items:
        if isinstance(item, Frame) and item.divisible:
            yield from units(item.items, (*around, item))
        else:
            yield Unit(item, around)


def framed(parts: Iterable[Unit], depth: int = 0) -> list[Item]:
    """The items of units, with the frames around them."""
    found: list[Item] = []
    for frame, run in groupby(parts, key=lambda unit: (*unit.around[depth:], None)[0]):
        if frame is None:
            found += (unit.item for unit in run)
        else:
            found.append(replace(frame, items=framed(run, depth + 1)))
    return found


def best(cuts: Iterable[int], ends: Sequence[float], breadth: float) -> list[int]:
    """Where to cut, so that the figure's longer side is short; a column counts its breadth."""
    plans: dict[float, list[int]] = {}
    for count in range(1, MOST_COLUMNS + 1):
        plan = sorted({nearest(cuts, ends, ends[-1] * k / count) for k in range(1, count) if cuts})
        edges = [0, *(ends[k] for k in plan), ends[-1]]
        high = max(b - a for a, b in pairwise(edges))
        cost = max(high, breadth * count) * (1 + BREAK * len(plan))
        plans.setdefault(cost, plan)
    return plans[min(plans)]


def nearest(cuts: Iterable[int], ends: Sequence[float], height: float) -> int:
    """The item behind which to cut so that the column is about so high."""
    return min(cuts, key=lambda k: abs(ends[k] - height))


def passages(view: View, parts: Sequence[Unit]) -> tuple[list[int], dict[int, tuple[Edge, ...]]]:
    """How many tensors lead on behind each unit; where it is a single one, its edges."""
    place = {box: k for k, part in enumerate(parts) for box in part.item.boxes()}
    leaving: dict[Box, list[Edge]] = {}
    for edge in view.edges:
        leaving.setdefault(edge.source, []).append(edge)
    sources = list(leaving)
    count, which = [0] * (len(parts) + 1), [0] * (len(parts) + 1)
    for number, source in enumerate(sources):
        reach = max(place[edge.target] for edge in leaving[source])
        for sums, step in ((count, 1), (which, number)):
            sums[place[source]] += step
            sums[reach] -= step
    found = {}
    alive = list(accumulate(count))
    for k, (several, number) in enumerate(zip(alive, accumulate(which), strict=True)):
        if several == 1:  # so that the sum of the sources' numbers is the only one's
            onward = tuple(e for e in leaving[sources[number]] if place[e.target] > k)
            if not any(edge.dashed or edge.change for edge in onward):
                found[k] = onward
    return alive[:-1], found


def depths(view: View, direction: str) -> dict[Box, float]:
    """How far along each box ends, in points."""
    length = height if direction == "down" else reach
    before: dict[Box, list[Box]] = {}
    for edge in view.edges:
        before.setdefault(edge.target, []).append(edge.source)
    extra = Counter(first for item in view.items for first in openings(item))
    bottoms: dict[Box, float] = {}
    for box in view.boxes():
        above = max((bottoms.get(b, 0) for b in before.get(box, [])), default=0)
        bottoms[box] = above + length(box) + FRAME * extra[box]
    return bottoms


def openings(item: Item) -> Iterator[Box]:
    """The first box of each frame, which stands below the frame's caption."""
    if isinstance(item, Frame):
        yield next(item.boxes())
        for inner in item.items:
            yield from openings(inner)


def height(box: Box) -> float:
    """About how high a box is, with the gap above it."""
    return LINE * (1 + bool(box.detail) + bool(box.place) + bool(box.costs)) + GAP


def reach(box: Box) -> float:
    """About how wide a box is, with the gap before it in which a shape may stand."""
    return width(box) + SAID


def thickness(item: Item) -> float:
    """About how high an item is in a row."""
    if isinstance(item, Frame):
        return TITLE + max(map(thickness, item.items)) * (1 + any_branches(item))
    return height(item) + GUTTER


def width(item: Item) -> float:
    """About how wide an item is, with its edges' labels; branches in a frame stand side by side."""
    if isinstance(item, Frame):
        return TITLE + max(map(width, item.items)) * (1 + any_branches(item))
    lines = item.title, " ".join(item.detail), item.place, " · ".join(item.costs)
    longest = max(map(len, lines))
    return max(longest * LETTER + TITLE, 90) + 30 * (item.repeat > 1)


def any_branches(frame: Frame) -> bool:
    """Whether joints stand in a frame, so that it is wider than its widest box."""
    return any(box.kind == "joint" for box in frame.boxes())
