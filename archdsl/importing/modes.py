"""Training and evaluation: they may differ in heads that exist in training only."""

from __future__ import annotations

from itertools import zip_longest

from archdsl.importing.parts import Node, Whole, refuse


def agree(training: Whole, evaluation: Whole) -> None:
    """Refuse a module that does something else in training than in evaluation."""
    if len(evaluation.outputs) != 1:
        root = evaluation.root
        refuse(root.kind, root.path, f"returns {len(evaluation.outputs)} tensors, not one")
    pairs = zip_longest(steps(training), steps(evaluation))
    for (one, node), (other, instead) in ((a or (None, None), b or (None, None)) for a, b in pairs):
        part = (node or instead or training.entry).part
        if one != other:
            refuse(part.kind, part.path, "does something else in training than in evaluation")


def steps(whole: Whole) -> list[tuple[object, Node]]:
    """What leads to the first output: each operator with its module and what comes in."""
    needed = {whole.outputs[0]}
    for node in reversed([*whole.root.nodes()]):
        if node in needed:
            needed.update(node.inputs)
    nodes = [whole.entry, *(node for node in whole.root.nodes() if node in needed)]
    order = {node: i for i, node in enumerate(nodes)}
    return [((node.op, node.path, *(order[i] for i in node.inputs)), node) for node in nodes]
