"""How long a summary takes in process: `python benchmarks/summaries.py`, medians of nine, in ms."""

from __future__ import annotations

from statistics import median
from time import perf_counter

from archdsl import pipeline

RUNS = 9
NAMES = ("alexnet", "googlenet", "resnet50", "resnet152")


def milliseconds(name: str) -> tuple[int, float]:
    """Operators of a network, and the median time of its summary."""
    network = pipeline.network(name)
    times = []
    for _ in range(RUNS):
        start = perf_counter()
        pipeline.summary(network)
        times.append(perf_counter() - start)
    return len(network.nodes), 1000 * median(times)


def main() -> None:
    """Print a row for each network."""
    print(f"{'network':<12} {'operators':>9} {'ms':>7} {'us each':>8}")
    for name in NAMES:
        operators, time = milliseconds(name)
        print(f"{name:<12} {operators:>9} {time:>7.1f} {1000 * time / operators:>8.1f}")


if __name__ == "__main__":
    main()
