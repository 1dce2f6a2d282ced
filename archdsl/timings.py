"""How long contestants take at some work, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles

from archdsl.records import dataclass


@dataclass(frozen=True)
class Timing:
    """A contestant at a work.

    `times` are those of its runs, in seconds; `first` is the time from the weights to the first
    result, with all that is built, compiled or laid out for it. `memory` are the bytes in use at
    the peak of a run beside weights and inputs, where that can be known. `off` is how far the
    outputs lie from the baseline's at most, as a part of the largest value; None where weights or
    architecture are others.
    """

    work: str
    contestant: str
    times: tuple[float, ...]
    first: float
    memory: int | None = None
    off: float | None = None

    @property
    def median(self) -> float:
        """The time that half of the runs stay under."""
        return median(self.times)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The times that a quarter and three quarters of the runs stay under."""
        if len(self.times) < 2:
            return self.times[0], self.times[0]
        lower, _, upper = quantiles(self.times, n=4, method="inclusive")
        return lower, upper


@dataclass(frozen=True)
class Contest:
    """What was timed and where, in words; the first contestant of each work is its baseline."""

    network: str
    setting: str
    timings: tuple[Timing, ...]
    tolerance: float  # of `off`: what rounding explains

    def works(self) -> tuple[str, ...]:
        """The works, in order."""
        return tuple(dict.fromkeys(timing.work for timing in self.timings))

    def of(self, work: str) -> Sequence[Timing]:
        """The contestants at a work, the baseline first."""
        return [timing for timing in self.timings if timing.work == work]

    def speedup(self, timing: Timing) -> float:
        """How many times as fast as its baseline a contestant is."""
        return self.of(timing.work)[0].median / timing.median

    def agrees(self, timing: Timing) -> bool:
        """Whether rounding explains by how much a contestant's outputs are others."""
        return timing.off is None or timing.off <= self.tolerance
