"""Where a network ends: what it returns, and what is computed and not returned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archdsl.diagnostics import Diagnostic
from archdsl.lint.reading import Reading, told


def softmax_output(reading: Reading) -> Iterator[Diagnostic]:
    """An output, or a head for training, that consists of probabilities."""
    for node, readers in reading.makers:
        if node.index in reading.returned and node.op.probabilities and not readers:
            what = "a head for training" if node.training_only else "the network"
            yield told(
                "softmax-output",
                f"{what} ends in '{node.op.name}', and PyTorch's cross-entropy takes logits",
                node,
                help=f"leave '{node.op.name}' out, and apply it where probabilities are read",
            )


def dead_end(reading: Reading) -> Iterator[Diagnostic]:
    """Parameters and computation that lead to nothing that is returned."""
    seen = leading_to(reading, reading.returned, set())
    for node, readers in reading.makers:
        if readers or node.index in reading.returned:
            continue
        if not node.inputs:
            yield told("dead-end", "nothing reads this input", node, help="read it, or remove it")
            continue
        # What leads to two ends is told of the first.
        wasted = leading_to(reading, [node.index], seen)
        seen |= wasted
        params, macs = cost(reading, wasted)
        if params or macs:
            yield told(
                "dead-end",
                f"nothing reads what is computed here: {params:,} parameters and "
                f"{macs:,} multiply-accumulates for nothing",
                node,
                notes=[(reading.network.nodes[min(wasted)], "it begins here")],
                help="read it, as in '[ ... | @label ]', return it with 'output', or remove it",
            )


def leading_to(reading: Reading, ends: Iterable[int], seen: set[int]) -> set[int]:
    """Some nodes and those that they depend on, without those seen before."""
    found: set[int] = set()
    waiting = [*ends]
    while waiting:
        index = waiting.pop()
        if index not in found and index not in seen:
            found.add(index)
            waiting += reading.network.nodes[index].inputs
    return found


def cost(reading: Reading, indices: Iterable[int]) -> tuple[int, int]:
    """Parameters and multiply-accumulates of some nodes."""
    found = [reading.network.nodes[i].applied for i in indices]
    return sum(each.params for each in found), sum(each.macs for each in found)
