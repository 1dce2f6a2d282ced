"""How long contestants take, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.summary.columns import byte_text
from archdsl.summary.table import Table
from archdsl.timings import Contest, Timing

HEADINGS = (
    ("contestant", False),
    ("ms", True),
    ("quartiles", True),
    ("speed-up", True),
    ("first result", True),
    ("memory", True),
    ("outputs", True),
)


def timings(contest: Contest, *, color: bool = False, width: int | None = None) -> str:
    """A row for each contestant, by work; the first of each work is what the others are held to."""
    parts = [f"{contest.network}: {contest.setting}"]
    for work in contest.works():
        made = Table(HEADINGS)
        for timing in contest.of(work):
            style = "" if contest.agrees(timing) else "red"
            made.add_row(*cells(contest, timing), style=style)
        rounds = len(contest.of(work)[0].times)
        parts += [f"\n{work}, medians of {rounds} rounds", made.drawn(color, width)]
    return "\n".join(parts)


def cells(contest: Contest, timing: Timing) -> Iterator[str]:
    """What is told of a contestant."""
    lower, upper = timing.quartiles
    yield timing.contestant
    yield f"{1000 * timing.median:.2f}"
    yield f"{1000 * lower:.2f} to {1000 * upper:.2f}"
    yield f"{contest.speedup(timing):.2f}x"
    yield f"{timing.first:.2f} s"
    yield "" if timing.memory is None else byte_text(timing.memory)
    yield outputs(contest, timing)


def outputs(contest: Contest, timing: Timing) -> str:
    """How far a contestant's outputs lie from the baseline's."""
    if timing.off is None:
        return "of another network"
    if timing is contest.of(timing.work)[0]:
        return ""
    verdict = "" if contest.agrees(timing) else "differ: "
    return f"{verdict}{timing.off:.1g} off" if timing.off else "the same"
