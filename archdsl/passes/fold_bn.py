"""Batch norms and learned scales are folded into the layer before them.

In inference, `g * (x - mean) / sqrt(var + eps) + b` is a factor and an offset per channel, which
the layer's weights and bias can take on (Jacob et al., CVPR 2018, section 3.2).
"""

from __future__ import annotations

from archdsl.graph import Node
from archdsl.passes.draft import Draft


def fold_bn(draft: Draft) -> tuple[int, ...]:
    """Fold what scales and shifts channels into the layer before; answers how many."""
    count = 0
    for node in draft.walk():
        if not node.op.affine:
            continue
        layer = draft.input(node)
        made = draft.weights[layer.index]
        biased = layer.op.biased()
        if biased is None or len(made) > 1 or draft.only_reader(layer) is not node:
            continue
        op = biased if shifts(draft, node) else layer.op
        draft.put(layer, op, ((*made[0], *draft.weights[node.index][0]),))
        draft.drop(node)
        count += 1
    return (count,)


def shifts(draft: Draft, node: Node) -> bool:
    """Whether an operator has an offset to add."""
    return any(tensor.name == "bias" for tensor in node.op.tensors(*draft.input_shapes(node)))
