"""Networks that go down and up again: skips that nest, as U-Net's do, bend a figure into a U."""

from __future__ import annotations

from itertools import accumulate, pairwise

from archdsl.draw.boxes import Box, Edge, View
from archdsl.records import dataclass

FEWEST = 3  # nested skips; two are also a gate within a residual


@dataclass(frozen=True)
class Bend:
    """The skips, which lie flat, and what stands on the way up."""

    skips: tuple[Edge, ...]
    rising: frozenset[Box]


def bend(view: View) -> Bend | None:
    """How a view bends; None where its skips do not nest around most of it."""
    boxes = view.boxes()
    place = {box: k for k, box in enumerate(boxes)}
    spans = [(place[edge.source], place[edge.target]) for edge in view.edges]
    deepest = busiest(spans, len(boxes))
    skips = sorted((a, b) for a, b in spans if a < deepest < b)
    if len(skips) < FEWEST or 2 * (skips[0][1] - skips[0][0]) < len(boxes):
        return None
    if not all(a < c and d < b for (a, b), (c, d) in pairwise(skips)):
        return None
    bottom = (skips[-1][0] + skips[-1][1]) // 2
    flat = (edge for edge, (a, b) in zip(view.edges, spans, strict=True) if a < deepest < b)
    return Bend(tuple(flat), frozenset(boxes[bottom:]))


def busiest(spans: list[tuple[int, int]], count: int) -> int:
    """The first of the boxes that most edges pass."""
    passing = [0] * (count + 2)
    for a, b in spans:
        passing[a + 1] += 1
        passing[max(a + 1, b)] -= 1
    passed = list(accumulate(passing))
    return passed.index(max(passed))
