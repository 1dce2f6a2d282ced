"""Where a network ends: what it returns, and what is computed and not returned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archdsl.diagnostics import Diagnostic
from archdsl.graph import Node
from archdsl.lint.reading import Reading, told
from archdsl.measure import count


def softmax_output(reading: Reading) -> Iterator[Diagnostic]:
    """An output, or a head for training, that consists of probabilities."""
    for node, readers in reading.makers():
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
    nodes = reading.network.nodes
    alive = leading_to(reading, reading.returned)
    for node, readers in reading.makers():
        if readers or node.index in reading.returned:
            continue
        if not node.inputs:
            yield told("dead-end", "nothing reads this input", node, help="read it, or remove it")
            continue
        wasted = [nodes[i] for i in sorted(leading_to(reading, [node.index]) - alive)]
        params, macs = map(sum, zip(*(cost(reading, n) for n in wasted), strict=True))
        if params or macs:
            yield told(
                "dead-end",
                f"nothing reads what is computed here: {params:,} parameters and "
                f"{macs:,} multiply-accumulates for nothing",
                node,
                notes=[(wasted[0], "it begins here")],
                help="read it, as in '[ ... | @label ]', return it with 'output', or remove it",
            )


def cost(reading: Reading, node: Node) -> tuple[int, int]:
    """Parameters and multiply-accumulates of a node."""
    network = reading.network
    params = count(network.tensors(node), "trainable")
    return params, node.op.macs(*network.input_shapes(node))


def leading_to(reading: Reading, ends: Iterable[int]) -> set[int]:
    """Some nodes, and those that they depend on."""
    found = {*ends}
    for node in reversed(reading.network.nodes):
        if node.index in found:
            found.update(node.inputs)
    return found
