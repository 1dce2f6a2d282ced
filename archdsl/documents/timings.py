"""How long contestants take, as a document."""

from __future__ import annotations

from archdsl.documents.base import Document, Name
from archdsl.timings import Contest


class TimingDocument(Document):
    """A contestant at a work; times in seconds, memory in bytes, `off` relative to the largest."""

    work: str
    contestant: str
    times: tuple[float, ...]
    median: float
    quartiles: tuple[float, float]
    speedup: float
    first: float
    memory: int | None
    off: float | None
    agrees: bool


class ContestDocument(Document):
    """What was timed and where; the first contestant of each work is its baseline."""

    network: Name
    setting: str
    timings: tuple[TimingDocument, ...]


def contest_document(contest: Contest) -> ContestDocument:
    """What was timed of a network."""
    return ContestDocument(
        network=contest.network,
        setting=contest.setting,
        timings=tuple(
            TimingDocument(
                work=timing.work,
                contestant=timing.contestant,
                times=timing.times,
                median=timing.median,
                quartiles=timing.quartiles,
                speedup=contest.speedup(timing),
                first=timing.first,
                memory=timing.memory,
                off=timing.off,
                agrees=contest.agrees(timing),
            )
            for timing in contest.timings
        ),
    )
