"""In which branch of a join each item of a scope stands, as the wires tell it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import reduce

from archdsl.outline import Part

NOWHERE = -1  # in no branch, and before all items


def branches(parts: Sequence[Part]) -> list[int]:
    """Of each part the number of its branch, counted in the innermost join; NOWHERE in none.

    What a join takes starts where all its inputs last were one tensor. From there its branches
    stand behind each other, as the text has them, and each ends with one of the inputs.
    """
    place = {i: k for k, part in enumerate(parts) for i in part.entry.indices}
    found = [NOWHERE] * len(parts)
    above: list[int] = []  # of each part the last one that all its inputs come through
    stem: list[int] = []  # the parts that no join has claimed yet
    for k, part in enumerate(parts):
        feeds = sorted({place.get(i, NOWHERE) for i in part.takes} or {NOWHERE})
        fork = reduce(lambda one, other: meeting(one, other, above), feeds)
        above.append(fork)
        first = bisect_left(stem, fork) + 1 if fork != NOWHERE else 0
        if len(feeds) > 1 and (first == 0 or stem[first - 1 : first] == [fork]):
            ends = feeds[bisect_left(feeds, fork + 1) :]
            for inner in stem[first:]:
                found[inner] = min(bisect_left(ends, inner), len(ends) - 1)
            del stem[first:]
        stem.append(k)
    return found


def meeting(one: int, other: int, above: Sequence[int]) -> int:
    """The last part that all ways to two parts come through."""
    while one != other:
        if one > other:
            one = above[one]
        else:
            other = above[other]
    return one
