"""How long figures take: `python benchmarks/figures.py` prints medians of five, in seconds.

The view and its DOT text are this project's work, the layout is Graphviz's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import TypeVar

from archdsl import pipeline
from archdsl.draw import Figure
from archdsl.draw.dot import dot_text
from archdsl.draw.engine import render
from archdsl.draw.view import view

T = TypeVar("T")
RUNS = 5
CASES = [
    ("resnet34", Figure()),
    ("googlenet", Figure(inset=True)),
    ("googlenet", Figure("layer")),
    ("resnet152", Figure("layer")),
    ("resnet152", Figure("op")),
]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """The median time of some runs, and what the last one gave."""
    times = []
    for _ in range(RUNS):
        start = perf_counter()
        result = work()
        times.append(perf_counter() - start)
    return median(times), result


def main() -> None:
    """Print a row for each case."""
    print(f"{'figure':<18} {'boxes':>5} {'view':>7} {'DOT':>7} {'layout':>7} {'in all':>7}")
    for name, figure in CASES:
        network = pipeline.network(name)
        seeing, shown = timed(partial(view, network, figure))
        writing, text = timed(partial(dot_text, shown, figure))
        drawing, _ = timed(partial(render, text, "svg"))
        figures = (seeing, writing, drawing, seeing + writing + drawing)
        row = " ".join(f"{seconds:7.3f}" for seconds in figures)
        print(f"{name + ' ' + figure.level:<18} {len(shown.boxes()):>5} {row}")


if __name__ == "__main__":
    main()
