"""Sets of extents that a network takes: some at first, then the same again in every period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import lcm

from archdsl.formula import Formula, shortest
from archdsl.records import dataclass


@dataclass(frozen=True)
class Lengths:
    """A set of whole numbers from 1 on.

    `flags` says of 1, 2, ... whether they are in it; the last `period` of them go on for ever.
    """

    flags: tuple[bool, ...]
    period: int = 1

    @property
    def start(self) -> int:
        """The number from which it is regular."""
        return len(self.flags) - self.period + 1

    def __contains__(self, n: int) -> bool:
        times = max(0, -((len(self.flags) - n) // self.period))
        return n > 0 and self.flags[n - 1 - times * self.period]

    @property
    def first(self) -> int | None:
        """The smallest."""
        return next((n for n, flag in enumerate(self.flags, 1) if flag), None)

    @property
    def gap(self) -> int | None:
        """The smallest number behind the first that is not in it."""
        first, last = self.first or 1, len(self.flags) + self.period
        return next((n for n in range(first, last + 1) if n not in self), None)

    @property
    def finite(self) -> bool:
        """Whether it has a largest number."""
        return not any(self.flags[self.start - 1 :])

    def up_to(self, last: int) -> list[int]:
        """Its numbers up to one, included."""
        return [n for n in range(1, last + 1) if n in self]

    def __str__(self) -> str:
        early = self.up_to(self.start - 1)
        late = [n for n in range(self.start, self.start + self.period) if n in self]
        if not late:
            return f"only {ranges(early)}" if early else "none"
        if self.period == 1:
            parts = [*([ranges(early)] if early else []), f"{late[0]} and up"]
        else:
            parts = [*([ranges(early)] if early else []), regular(late, self.period)]
        return ", ".join(parts)


def lengths(flags: Sequence[bool], period: int) -> Lengths:
    """The set of some flags, of which the last period goes on."""
    found, step, _ = shortest([int(flag) for flag in flags], period, 0)
    return Lengths(tuple(map(bool, found)), step)


def domain(formula: Formula) -> Lengths:
    """Where a formula has a value."""
    return lengths([value is not None for value in formula.values], formula.period)


def common(sets: Iterable[Lengths]) -> Lengths:
    """What is in each of some sets."""
    found = dict.fromkeys(sets)
    period = lcm(*(each.period for each in found))
    last = max((each.start for each in found), default=1) + period - 1
    return lengths([all(n in each for each in found) for n in range(1, last + 1)], period)


def ranges(numbers: list[int]) -> str:
    """`3, 5 to 9` for numbers in order."""
    parts: list[list[int]] = []
    for n in numbers:
        if parts and parts[-1][-1] == n - 1:
            parts[-1].append(n)
        else:
            parts.append([n])
    return ", ".join(f"{p[0]} to {p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)


def regular(late: list[int], period: int) -> str:
    """What goes on for ever, given its first period."""
    rests = sorted(n % period for n in late)
    if rests == [0]:
        return f"multiples of {period} from {late[0]}"
    if len(rests) == 1:
        return f"{late[0]} and every {period} more"
    missing = [rest for rest in range(period) if rest not in rests]
    few, word = (missing, "not ") if len(missing) < len(rests) else (rests, "")
    listed = " or ".join(filter(None, [", ".join(map(str, few[:-1])), str(few[-1])]))
    return f"{late[0]} and up where the remainder by {period} is {word}{listed}"
