"""Contestants timed in turn: one run of each, then the next round.

What slows the machine for a while then slows all of them, and ratios of their medians stay fair.
Threads that have worked look for more work for a while; at each turn they are given time to give
up, and a run that does not count wakes those of the contestant whose turn it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from time import perf_counter, sleep

import torch
from torch.profiler import ProfilerActivity, profile

Run = Callable[[], object]
LEAST = 5  # rounds, however long they take
PAUSE = 0.01  # seconds between turns


def in_turn(
    runs: Mapping[str, Run],
    rounds: int | None,
    budget: float,
    wait: Callable[[], None],
    clock: Callable[[], float] = perf_counter,
) -> dict[str, tuple[float, ...]]:
    """The times of some runs in seconds, over so many rounds, or all that begin within a budget.

    `wait` returns when all that a device was given to do is done.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    start = clock()
    for done in count():
        if done >= rounds if rounds else done >= LEAST and clock() - start > budget:
            break
        for name in [*runs][:: -1 if done % 2 else 1]:  # nobody always follows the same one
            run = runs[name]
            sleep(PAUSE)
            run()
            times[name].append(timed(run, wait, clock))
    return {name: tuple(found) for name, found in times.items()}


def timed(run: Run, wait: Callable[[], None], clock: Callable[[], float] = perf_counter) -> float:
    """How long a run takes, with nothing else under way."""
    wait()
    start = clock()
    run()
    wait()
    return clock() - start


def waiting(device: torch.device) -> Callable[[], None]:
    """What returns when a device is done."""
    if device.type == "cuda":
        return lambda: torch.cuda.synchronize(device)
    return lambda: None


def peak(run: Run, device: torch.device) -> int:
    """The bytes that PyTorch has in use at the peak of a run, more than before it."""
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        run()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        run()
    assert recorded.profiler is not None
    assert recorded.profiler.kineto_results is not None
    in_use = highest = 0
    for event in recorded.profiler.kineto_results.events():
        if event.name() == "[memory]":
            in_use += event.nbytes()  # below zero where memory is given back
            highest = max(highest, in_use)
    return highest
