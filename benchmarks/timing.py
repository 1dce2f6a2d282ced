"""What the benchmarks share: works timed in turn, and Markdown tables of medians with their spread.

Times are processor time, in milliseconds, so that other work on the machine counts little.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import process_time

from archdsl.runtime.bench import timing

Times = list[float]


def in_turn(works: Mapping[str, Callable[[], object]], runs: int) -> dict[str, Times]:
    """The times of some works, taken as `archdsl bench` takes them."""
    times = timing.in_turn(works, runs, 0, lambda: None, spent)
    return {name: [1000 * seconds for seconds in found] for name, found in times.items()}


def spent() -> float:
    """Processor time so far, in seconds: of this process and of those it has waited for."""
    children = getrusage(RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def python(*arguments: str, cache: str = os.devnull) -> Callable[[], object]:
    """The work of a Python that is started and ends; `cache` is where the tool may keep things."""
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users have compiled modules
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, env=environment, check=True, capture_output=True)


def archdsl(*arguments: str, cache: str) -> Callable[[], object]:
    """The work of a command line, started as its console script is."""
    return python("-c", "from archdsl.cli import main; main()", *arguments, cache=cache)


def spread(times: Times) -> str:
    """`12.3 (11.9 to 14.0)`: the median, and the fastest and slowest run."""
    return f"{median(times):.1f} ({min(times):.1f} to {max(times):.1f})"


def times_as(times: Times, other: Times) -> str:
    """`2.4x`: the ratio of two medians."""
    return f"{median(times) / median(other):.2f}x"


def table(title: str, note: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a section of Markdown."""
    print(f"## {title}\n\n{note}\n")
    print(f"| {' | '.join(head)} |")
    print(f"| --- |{' ---: |' * (len(head) - 1)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print()
