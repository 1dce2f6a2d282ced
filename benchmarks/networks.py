"""The networks that run in benchmarks, each beside torchvision's model with the same weights."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from archdsl import pipeline
from archdsl.timings import Contest, Timing

SPECS = {
    "googlenet": "googlenet@torchvision",
    "resnet50": "resnet50@torchvision",
    "densenet121": "densenet121",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "vgg16": "vgg16",
    "inception_v3": "inception_v3",
}
THREADS = 2


def asked() -> list[str]:
    """The networks that the command line names; all where it names none."""
    return sys.argv[1:] or [*SPECS]


def contest(name: str, purpose: str, **wishes: Any) -> Contest:
    """A network's code and torchvision's, timed in turn, in a process that gives memory back.

    A contest takes up to 15 GB, and compilers keep what they made of models.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(held, name, purpose, wishes).result()


def held(name: str, purpose: str, wishes: dict[str, Any]) -> Contest:
    """A contest, held in this process; progress goes to the standard error."""

    def told(line: str) -> None:
        print(f"{name}: {line}", file=sys.stderr)

    declared = pipeline.declared(SPECS[name])
    against = f"torchvision:{name}"
    wishes |= {"device": "cpu", "threads": THREADS, "against": against, "told": told}
    return pipeline.bench(declared, purpose=purpose, **wishes)


def contestant(timing: Timing) -> str:
    """`torchvision, compiled` of `torchvision:resnet50, compiled`."""
    who, comma, way = timing.contestant.partition(", ")
    return f"{who.partition(':')[0]}{comma}{way}"


def milliseconds(timing: Timing) -> str:
    """`12.3 (11.9 to 14.0)`: the median, and the quartiles."""
    lower, upper = (1000 * time for time in timing.quartiles)
    return f"{1000 * timing.median:.1f} ({lower:.1f} to {upper:.1f})"
