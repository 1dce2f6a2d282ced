"""A network timed against what else its users would run, on the same weights and inputs.

Each contestant is built and run once, its outputs are held against the baseline's, and then all are
timed in turn (`timing`). `contestants` says who takes part, `engines` what runs a network.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from archdsl.diagnostics import known
from archdsl.graph import Network
from archdsl.records import dataclass
from archdsl.runtime.bench.contestants import (
    Conditions,
    Contestant,
    Sides,
    for_inference,
    for_training,
)
from archdsl.runtime.bench.engines import ENGINES, compiling_anew
from archdsl.runtime.bench.timing import Run, in_turn, peak, timed, waiting
from archdsl.runtime.models import ran
from archdsl.runtime.trace import NOTHING, distance
from archdsl.runtime.verify import images, place
from archdsl.timings import Contest, Timing

SECONDS = 3.0  # of timing for each contestant at each work
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 5e-2, torch.float16: 1e-2}


def bench(
    network: Network,
    source: str,
    rewritten: str,
    for_engines: str,
    purpose: str = "inference",
    against: str | None = None,
    *,
    batch: int = 1,
    size: int | None = None,
    device: str | None = None,
    dtype: str = "float32",
    compile: bool = False,
    engines: Sequence[str] = (),
    threads: int | None = None,
    rounds: int | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> Contest:
    """Time a network's code for training or for inference, beside another model if one is named.

    `source` is its code for training, `rewritten` that for inference, and `for_engines` that for
    what runs it as a whole. `told` hears how far it is. Raises ArchError.
    """
    for engine in engines:
        known("engine", "engine", engine, ENGINES)
    there = place(device)
    number = getattr(torch, dtype)
    drawn = images(network, size, there, batch, torch.float32)
    inputs = [x.to(number) for x in drawn] if purpose == "inference" else drawn
    conditions = Conditions(there, number, inputs)
    sides = Sides(network, source, rewritten, for_engines, against, conditions)
    anew = compiling_anew(there) if compile else nullcontext()
    with threaded(threads), anew:
        if purpose == "inference":
            contestants = list(for_inference(sides, compile, engines))
        else:
            contestants = list(for_training(sides, compile))
        timings = tuple(contest(contestants, sides, rounds, told))
        setting = described(conditions)
    return Contest(network.name, setting, timings, tolerance(conditions))


def tolerance(conditions: Conditions) -> float:
    """How far outputs may lie apart: on a GPU cuDNN cuts float32 to float16's digits (TF32)."""
    on_gpu = conditions.device.type == "cuda"
    cut = on_gpu and conditions.dtype == torch.float32 and torch.backends.cudnn.allow_tf32
    return TOLERANCE[torch.float16 if cut else conditions.dtype]


@contextmanager
def threaded(threads: int | None) -> Iterator[None]:
    """A while in which PyTorch takes so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def described(conditions: Conditions) -> str:
    """Where and on what a contest takes place, in words."""
    device, number = conditions.device, str(conditions.dtype).removeprefix("torch.")
    shapes = ", ".join("x".join(map(str, x.shape)) for x in conditions.inputs)
    threads = torch.get_num_threads()
    where = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{device} with {threads} thread{'s' if threads > 1 else ''}"
    )
    return f"{shapes}, {number}, {where}"


@dataclass
class Entry:
    """A contestant that has been built and has run once at each work."""

    contestant: Contestant
    runs: Mapping[str, Run]
    firsts: Mapping[str, float]  # by work: the time from the weights to the first result
    outputs: Sequence[Tensor]

    def off(self, other: Entry) -> float:
        """How far its outputs lie from another's, as a part of the largest value."""
        pairs = zip_longest(self.outputs, other.outputs, fillvalue=NOTHING)
        return max(distance(ours.float(), theirs.float()) for ours, theirs in pairs)


def entered(contestant: Contestant, device: torch.device) -> Entry:
    """Build a contestant, and run it once at each work."""
    wait = waiting(device)
    runs: dict[str, Run] = {}
    firsts: dict[str, float] = {}
    results: list[Any] = []
    outputs: list[Tensor] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what engines will no longer take one day
        built = timed(lambda: runs.update(contestant.build()), wait)
        for work, run in runs.items():
            firsts[work] = built + timed(lambda run=run: results.append(run()), wait)  # type: ignore[misc]
            if len(results) == 1:  # now, since graphs on a GPU write over them in the next run
                outputs = [output.cpu() for output in results[0]]
    return Entry(contestant, runs, firsts, outputs)


def contest(
    contestants: Sequence[Contestant],
    sides: Sides,
    rounds: int | None,
    told: Callable[[str], None],
) -> Iterator[Timing]:
    """The timings, work by work; the first contestant is the baseline."""
    device = sides.conditions.device

    def enter(each: Contestant) -> Entry:
        told(f"building {each.name}")
        entry = ran(f"{each.name} does not run", partial(entered, each, device))
        gc.collect()  # what compilers and exporters made on the way holds weights in cycles
        return entry

    enter(contestants[0])  # it waits for what all of them need to be loaded, and is let go
    entries = [enter(each) for each in contestants]
    baseline = entries[0]
    for work in baseline.runs:
        told(f"timing {work}")
        runs = {entry.contestant.name: entry.runs[work] for entry in entries}
        times = in_turn(runs, rounds, SECONDS * len(runs), waiting(device))
        for entry in entries:
            name = entry.contestant.name
            alike = sides.alike or entry.contestant.own == baseline.contestant.own
            yield Timing(
                work,
                name,
                times[name],
                entry.firsts[work],
                peak(entry.runs[work], device) if entry.contestant.allocates else None,
                entry.off(baseline) if alike else None,
            )
