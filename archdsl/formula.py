"""Extents as exact functions of the input's extent along the same axis.

Operators work on each spatial axis alone, and regularly: a map that is a multiple of the stride
longer comes out longer by a constant. So do chains and joins of them, once the map is large enough
for what depends on more (a window that has to fit, two branches of which one grows faster). A
table of the first values and of one period behind them is therefore the whole function; equal
functions have equal tables, and a text is right where it is right for the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import gcd, lcm

from archdsl.records import dataclass

LONGEST = 40_000  # values in a table


class Irregular(Exception):
    """A function whose table would be too long."""


@dataclass(frozen=True)
class Formula:
    """The extent at 1, 2, ... of the input's extent n; None where the network does not take n.

    The last `period` values go on for ever: f(n + period) = f(n) + gain.
    """

    values: tuple[int | None, ...]
    period: int = 1
    gain: int = 0

    @property
    def start(self) -> int:
        """The n from which it is regular."""
        return len(self.values) - self.period + 1

    def __call__(self, n: int) -> int | None:
        """The extent at n."""
        times = max(0, -((len(self.values) - n) // self.period))
        value = self.values[n - 1 - times * self.period]
        return None if value is None else value + times * self.gain

    def whole(self, pace: int) -> int:
        """The shortest period over which it gets a multiple of a pace longer."""
        return self.period * (pace // gcd(self.gain, pace))

    def over(self, period: int) -> int:
        """The gain over several periods."""
        return self.gain * period // self.period


SAME = Formula((1,), 1, 1)  # the input's own extent


def constant(extent: int) -> Formula:
    """The same extent, whatever the input's."""
    return Formula((extent,))


def composed(
    rule: Callable[[tuple[int, ...]], int | None], parts: Sequence[Formula], pace: int
) -> Formula:
    """What an operator's rule makes of the extents that come in.

    `pace` is the stride by which the rule is regular. It may refuse what is too small, and compare
    what comes in with each other and with 1: from where none of these answers changes any more,
    the outcome at n + period follows from that at n.
    """
    period = lcm(*(part.whole(pace) for part in parts))
    gains = [part.over(period) for part in parts]
    start = max(part.start for part in parts)
    values: list[int | None] = []
    while True:
        if start + 2 * period > LONGEST:
            raise Irregular
        for n in range(len(values) + 1, start + 2 * period):
            found = known([part(n) for part in parts])
            values.append(None if found is None else rule(found))
        window = range(start, start + period)
        if all(settled([part(n) for part in parts], gains, values[n - 1]) for n in window):
            break
        start += max(period, start)
    grown = [
        b - a
        for a, b in zip(values[start - 1 :], values[start - 1 + period :], strict=False)
        if a is not None and b is not None
    ]
    gain = grown[0] if grown else 0
    assert set(grown) <= {gain}, "an operator is not as regular as its pace says"
    return Formula(*shortest(values[: start + period - 1], period, gain))


def known(extents: list[int | None]) -> tuple[int, ...] | None:
    """The extents, where there are all of them."""
    found = tuple(extent for extent in extents if extent is not None)
    return found if len(found) == len(extents) else None


def settled(extents: list[int | None], gains: list[int], out: int | None) -> bool:
    """Whether what a rule made of extents is what it makes of them with their gains added."""
    found = known(extents)
    if found is None or not any(gains):
        return True
    if len(found) == 1:
        return out is not None
    pairs = [*zip(found, gains, strict=True), (1, 0)]
    return all(a > b for a, more in pairs for b, less in pairs if more > less)


def shortest(
    values: Sequence[int | None], period: int, gain: int
) -> tuple[tuple[int | None, ...], int, int]:
    """The shortest table that says the same."""
    whole = Formula(tuple(values), period, gain)

    def repeats(n: int, step: int) -> bool:
        a, b = whole(n), whole(n + step)
        return a == b if a is None or b is None else b - a == gain * step // period

    window = range(whole.start, whole.start + period)
    steps = (d for d in range(1, period + 1) if period % d == 0 and gain * d % period == 0)
    step = next(d for d in steps if all(repeats(n, d) for n in window))
    start = whole.start
    while start > 1 and repeats(start - 1, step):
        start -= 1
    more = 0 if all(value is None for value in values[start - 1 :]) else gain * step // period
    return whole.values[: start + step - 1], step, more


# ---- texts ---------------------------------------------------------------------------------

Term = tuple[Formula, str]  # a text that is known to be right
Points = Sequence[tuple[int, int]]  # each extent of a term with the extent wanted


def text(formula: Formula, terms: Sequence[Term], accepted: Sequence[int]) -> tuple[str, Term]:
    """The simplest text that is right at all accepted n, and the term that it is over.

    The first term is the input's own extent. The accepted n are to reach one period of formula,
    terms and accepted n beyond the start of each. Python reads the text, unless it ends in the n
    from which on it is right.
    """
    for term in terms:
        if found := fitted(formula, term, accepted):
            return found, term
    regular = [n for n in accepted if n >= formula.start]
    found = fitted(formula, terms[0], regular) or tabled(formula, terms[0][1])
    if len(regular) < len(accepted):
        found += f" from {terms[0][1]} = {formula.start}"
    return found, terms[0]


def fitted(formula: Formula, over: Term, accepted: Sequence[int]) -> str:
    """A multiple of a rounded quotient, and a rest, that is right at all n; or nothing."""
    term, name = over
    extents = [(term(n), formula(n)) for n in accepted]
    points = [(a, b) for a, b in extents if a is not None and b is not None]
    if len({value for _, value in points}) <= 1:
        return str(points[0][1]) if points else "none"
    period = lcm(formula.period, term.period)
    gain, parts = formula.over(period), term.over(period)
    for factor in (d for d in range(1, gain + 1) if gain % d == 0 and parts):
        rest = points[0][1] % factor
        if all(value % factor == rest for _, value in points):
            reduced = [(n, value // factor) for n, value in points]
            if found := rounded(gain // factor, parts, enclosed(name), reduced):
                return offset(f"{factor}*{found}", rest) if factor > 1 else found
    return ""


def rounded(times: int, parts: int, name: str, points: Points) -> str:
    """`floor((3*H + 1)/4)`, with the number added that makes it right at all points; or nothing."""
    times, parts = times // gcd(times, parts), parts // gcd(times, parts)
    needs = [parts * value - times * n for n, value in points]
    least, most = max(needs), min(needs) + parts - 1
    if least > most:
        return ""
    if min(needs) == max(needs):
        return quotient(times, needs[0], parts, name)
    if least <= 0 <= most:
        return f"floor({quotient(times, 0, parts, name)})"
    if least <= parts - 1 <= most:
        return f"ceil({quotient(times, 0, parts, name)})"
    added = least if least > 0 else most
    return f"floor(({offset(multiple(times, name), added)})/{parts})"


def quotient(times: int, added: int, parts: int, name: str) -> str:
    """`(3*H + 1)/4`; what is added stands behind where it divides."""
    term = multiple(times, name)
    if parts == 1:
        return offset(term, added)
    if added % parts == 0:
        return offset(f"{term}/{parts}", added // parts)
    return f"({offset(term, added)})/{parts}"


def multiple(times: int, name: str) -> str:
    """`3*H`, `H`."""
    return name if times == 1 else f"{times}*{name}"


def offset(term: str, added: int) -> str:
    """`H + 3`, `H - 3`, `H`."""
    return f"{term} {'+' if added > 0 else '-'} {abs(added)}" if added else term


def enclosed(text: str) -> str:
    """A text in parentheses where it is a sum."""
    depth = 0
    for char in text:
        depth += (char in "([") - (char in ")]")
        if char == " " and depth == 0:
            return f"({text})"
    return text


def tabled(formula: Formula, name: str) -> str:
    """What no single quotient says: the values of one period by the remainder."""
    period, gain = formula.period, formula.gain
    first = -(-formula.start // period) * period
    rests = [
        0 if (value := formula(first + i)) is None else value - gain * first // period
        for i in range(period)
    ]
    grown = f"{gain}*floor({name}/{period}) + " if gain else ""
    return f"{grown}{rests}[{name} % {period}]"
