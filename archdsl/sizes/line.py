"""The sizes along a line: some axes alike and running, the others as in the spec."""

from __future__ import annotations

from itertools import product
from math import lcm, prod

from archdsl.formula import LONGEST, Irregular
from archdsl.graph import Node
from archdsl.lengths import Lengths, common, lengths
from archdsl.records import dataclass
from archdsl.shapes import Misfit, Shape
from archdsl.sizes.refusal import Refusal, Size
from archdsl.sizes.survey import Survey

LOOKED = 500  # sizes looked at where there is no proof
MOST = 100_000  # sizes tried for the smallest extent of an axis


@dataclass(frozen=True)
class Line:
    """The extents that some axes can have together; `name` is `H` or `H=W`.

    `below` is where the next smaller size than the first of them breaks, `above` where the first
    larger one that is refused does. Without `proved`, what is beyond some hundreds is a guess.
    """

    name: str
    accepted: Lengths
    below: Refusal | None
    above: Refusal | None
    proved: bool


def line(survey: Survey, name: str, axes: tuple[int, ...]) -> Line:
    """The extents that some axes can have together, the others as they are."""

    def size(n: int) -> Size:
        return tuple(n if i in axes else own for i, own in enumerate(survey.own))

    allowed = common(survey.domains[axis] for axis in axes)
    period, start = rhythm(survey, axes)
    growing = [n for n in survey.flattened if any(survey.formulas[n.index][i].gain for i in axes)]
    limited = any(node.index in survey.limits for node in growing)
    proved = limited or not growing or not any(map(compares, survey.features))

    def settled(n: int) -> bool:
        """Whether what holds at n, behind the start, holds at n + period too.

        A flattened map stays as it is, or grows for ever: until it is more than its weights take,
        and then for ever more. Without weights behind it, it is taken once it is large enough.
        """
        if n not in allowed or not growing or survey.spent(size(n)):
            return True
        return not limited and survey.accepts(size(n))

    if not proved:  # what grows is held against something else that does
        start += LOOKED
    while proved and not all(map(settled, range(start, start + period))):
        start += period
        if start > LONGEST:
            raise Irregular
    flags = [n in allowed and survey.accepts(size(n)) for n in range(1, start + period)]
    accepted = lengths(flags, period)
    first, gap = accepted.first, accepted.gap
    below = survey.refusal(size(first - 1)) if first and first > 1 else None
    above = survey.refusal(size(gap)) if first and gap else None
    return Line(name, accepted, below, above, proved)


def rhythm(survey: Survey, axes: tuple[int, ...]) -> tuple[int, int]:
    """The period in which all that is allowed and flattened goes on, and where it begins."""
    allowed = [survey.domains[axis] for axis in axes]
    parts = [survey.formulas[node.index][axis] for node in survey.flattened for axis in axes]
    period = lcm(*(each.period for each in allowed), *(part.period for part in parts))
    return period, max([*(each.start for each in allowed), *(part.start for part in parts)])


def compares(node: Node) -> bool:
    """Whether an operator takes several features, and no different numbers of them."""
    try:
        node.op.shape(*(Shape((2 + i,)) for i in range(len(node.inputs))))
    except Misfit:
        return len(node.inputs) > 1
    return False


# ---- the smallest extent of an axis, whatever the others --------------------------------------


def least(survey: Survey, axis: int) -> int | None:
    """The smallest extent of an axis, whatever the others; None where it was not found."""
    candidates = [within_reach(survey, i) for i in range(len(survey.own))]
    if prod(map(len, candidates)) > MOST:
        return None
    before, own, behind = candidates[:axis], candidates[axis], candidates[axis + 1 :]
    for n in own:
        for rest in product(*before, *behind):
            if survey.accepts((*rest[:axis], n, *rest[axis:])):
                return n
    return None


def within_reach(survey: Survey, axis: int) -> list[int]:
    """Allowed extents of an axis, the first for each of the flattened maps that they give.

    Up to where these are more than their weights take, however small the other axes are; none
    where that is too far.
    """
    period, start = rhythm(survey, (axis,))
    last = start + period
    for node in survey.flattened:
        part = survey.formulas[node.index][axis]
        limit = survey.limits.get(node.index, 0) // node.shape.channels
        if part.gain:
            last = max(last, part.start + part.period * (1 + limit // part.gain))
    found: dict[Size, int] = {}
    for n in survey.domains[axis].up_to(last) if last <= LONGEST else ():
        maps = (survey.formulas[node.index][axis](n) or 0 for node in survey.flattened)
        found.setdefault(tuple(maps), n)
    return list(found.values())
