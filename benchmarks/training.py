"""Code for training beside torchvision's own: made, run, and run backward.

All networks, or those named:

python benchmarks/training.py resnet50 googlenet
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import torchvision
from networks import SPECS, THREADS, asked, contest, contestant, milliseconds
from timing import table

import archdsl
from archdsl.runtime.bench.timing import in_turn
from archdsl.timings import Timing

BATCH = 4
ROUNDS = 7
SIDES = ("torchvision", "archdsl")


def made(name: str) -> list[Timing]:
    """How long it takes to make each module, with its first weights."""
    warnings.simplefilter("ignore")  # torchvision's, that its first weights will be others one day
    builder = getattr(torchvision.models, name)
    builders: dict[str, Callable[[], object]] = {
        "torchvision": partial(builder, weights=None),
        "archdsl": archdsl.load(SPECS[name]).module,
    }
    times = in_turn(builders, ROUNDS, 0, lambda: None)
    return [Timing("construction", side, times[side], first=0) for side in SIDES]


def main() -> None:
    """Print the section."""
    found: dict[str, dict[tuple[str, str], Timing]] = {}
    for name in asked():
        timings = [*made(name), *contest(name, "training", batch=BATCH, rounds=ROUNDS).timings]
        found[name] = {(timing.work, contestant(timing)): timing for timing in timings}
    works = dict.fromkeys(work for work, _ in next(iter(found.values())))
    rows: list[tuple[str, ...]] = []
    for work in works:
        for side in SIDES:
            rows.append((f"{work}, {side}", *(milliseconds(f[work, side]) for f in found.values())))
        theirs, own = ([f[work, side] for f in found.values()] for side in SIDES)
        ratios = (f"{t.median / o.median:.2f}x" for t, o in zip(theirs, own, strict=True))
        rows.append((f"**{work}**, faster by", *ratios))
    step = [*works][-1]
    for side in SIDES:
        memory = (f"{(f[step, side].memory or 0) / 1e6:,.0f}" for f in found.values())
        rows.append((f"MB, {step}, {side}", *memory))
    table(
        f"Training, batch {BATCH}",
        f"Medians of {ROUNDS} (quartiles) in ms, {THREADS} threads, eager mode, float32; modules "
        "are made with their first weights. Then the memory in use at the peak, beside weights and "
        "inputs.",
        ["", *found],
        rows,
    )


if __name__ == "__main__":
    main()
