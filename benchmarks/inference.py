"""Code for inference beside torchvision's models, and beside what runs those faster.

All networks, or those named:

python benchmarks/inference.py resnet50 googlenet
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from networks import SPECS, THREADS, asked, contest, contestant, milliseconds
from timing import table

from archdsl import pipeline
from archdsl.runtime.bench.engines import ENGINES
from archdsl.runtime.bench.timing import in_turn
from archdsl.timings import Contest

ROUNDS = {1: 15, 8: 5}  # by batch
SIDE = 2048  # of the matrices
KERNELS = 8, 256, 28  # images, channels and extent of the convolution


def peak(dtype: torch.dtype) -> float:
    """The most multiply-accumulates in a second that PyTorch gets out of the machine.

    Of a large product of matrices and a large convolution, the fastest run.
    """
    torch.set_num_threads(THREADS)
    images, channels, extent = KERNELS
    conv = torch.nn.Conv2d(channels, channels, 3, padding=1, bias=False, dtype=dtype)
    conv = conv.to(memory_format=torch.channels_last).requires_grad_(False)
    maps = torch.randn(images, channels, extent, extent, dtype=dtype)
    maps = maps.to(memory_format=torch.channels_last)
    matrix = torch.randn(SIDE, SIDE, dtype=dtype)
    macs = {"matrices": SIDE**3, "conv": images * (channels * extent) ** 2 * 9}
    works = {"matrices": lambda: matrix @ matrix, "conv": lambda: conv(maps)}
    times = in_turn(works, 9, 0, lambda: None)
    return max(macs[work] / min(times[work]) for work in works)


def knows_bfloat16() -> bool:
    """Whether the processor has instructions for products of bfloat16."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)


def rows(contests: Mapping[str, Contest], text: Any) -> Iterator[tuple[str, ...]]:
    """A row for each contestant, and what a text says of it and its contest for each network."""
    found = {
        name: {contestant(timing): text(contest, timing) for timing in contest.timings}
        for name, contest in contests.items()
    }
    for who in dict.fromkeys(who for column in found.values() for who in column):
        yield (who, *(column.get(who, "") for column in found.values()))


def section(batch: int, dtype: str, **wishes: Any) -> None:
    """Print the tables of a batch and a type of numbers."""
    number = getattr(torch, dtype)
    contests: dict[str, Contest] = {}
    peaks = []
    for name in asked():
        peaks.append(peak(number))
        contests[name] = contest(
            name, "inference", batch=batch, dtype=dtype, rounds=ROUNDS[batch], **wishes
        )
    best = max(peaks)
    macs = {name: batch * pipeline.report(pipeline.network(SPECS[name])).macs for name in contests}
    ideal = ("at that rate", *(f"{1000 * macs[name] / best:.1f}" for name in contests))
    times = rows(contests, lambda c, t: f"{milliseconds(t)}, {c.speedup(t):.2f}x")
    table(
        f"Inference, batch {batch}, {dtype}",
        f"Medians of {ROUNDS[batch]} (quartiles) in ms, {THREADS} threads, and the speed-up over "
        "torchvision's model in eager mode. The machine does "
        f"{best / 1e9:.0f} G multiply-accumulates a second in a large product of matrices or "
        "convolution; the last row is how long a network's would take at that rate.",
        ["", *contests],
        [*times, ideal],
    )
    table(
        f"To the first result, batch {batch}, {dtype}",
        "Seconds from weights in memory to the first outputs.",
        ["", *contests],
        rows(contests, lambda c, t: f"{t.first:.2f}"),
    )


def main() -> None:
    """Print the sections."""
    for batch in ROUNDS:
        section(batch, "float32", compile=True, engines=[*ENGINES])
    if knows_bfloat16():
        for batch in ROUNDS:
            section(batch, "bfloat16")


if __name__ == "__main__":
    main()
