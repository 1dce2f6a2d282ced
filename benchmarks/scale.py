"""Large networks: time and memory per operator, from a thousand operators to a hundred thousand."""

from __future__ import annotations

import gc
import tracemalloc
from time import process_time

from timing import table

from archdsl import pipeline
from archdsl.ops import apply

RUNS = 3
SIZES = (1_000, 10_000, 99_990)
UNIT = "block unit = [ (conv 3x3 8 > bn > relu > conv 3x3 8 > bn) + identity ] > relu\n"
KINDS = {
    "chain": lambda n: f"network big\n  input 8x8x8\n  conv 3x3 8 x({n})\n",
    "residual": lambda n: f"{UNIT}network big\n  input 8x8x8\n  unit x({n // 7})\n",
    "dense": lambda n: (
        f"network big\n  input 8x8x8\n  layer x({n // 2})\n"
        "block layer = [ identity | conv 3x3 1 ]\n"
    ),
}


def worked(kind: str, size: int) -> int:
    """Everything but the parsing of a spec whose size is a number; answers with the operators."""
    declared = pipeline.declared_in(KINDS[kind](size))
    network = pipeline.asserted(declared)
    pipeline.report(network)
    pipeline.warnings(declared.module, {declared: network})
    pipeline.generated(declared, network, {}, None)
    return len(network.nodes)


def bytes_each(kind: str, size: int) -> float:
    """What a network holds in memory per operator."""
    declared = pipeline.declared_in(KINDS[kind](size))
    tracemalloc.start()
    network = pipeline.expanded(declared)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / len(network.nodes)


def microseconds(kind: str, size: int) -> float:
    """Time per operator, of one run that knows no operator from the run before."""
    apply.cache_clear()
    start = process_time()
    count = worked(kind, size)
    found = 1e6 * (process_time() - start) / count
    gc.collect()
    return found


def main() -> None:
    """Print the section."""
    gc.disable()  # as the command line does
    rows = []
    for kind in KINDS:
        worked(kind, SIZES[0])
        each = [min(microseconds(kind, size) for _ in range(RUNS)) for size in SIZES]
        held = bytes_each(kind, SIZES[1])
        times = (f"{time:.0f}" for time in each)
        rows.append((kind, *times, f"{each[-1] / each[0]:.2f}", f"{held:,.0f}"))
    table(
        "Scale",
        f"Expanded, measured, checked and generated: processor time per operator in us, fastest of "
        f"{RUNS}, without Python's search for garbage as on the command line; then the ratio of "
        "largest to smallest (target: under 1.5), and the bytes that a network holds per operator "
        "(target: under 3,000).",
        ["network", *(f"{size:,}" for size in SIZES), "ratio", "bytes each"],
        rows,
    )


if __name__ == "__main__":
    main()
