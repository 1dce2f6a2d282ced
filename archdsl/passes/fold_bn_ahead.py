"""Batch norms and learned scales with no layer before them are folded into the one behind.

Only where that layer pads nothing: a padding of zeros comes behind the norm, and is not shifted.
"""

from __future__ import annotations

from archdsl.passes.draft import Draft
from archdsl.passes.fold_bn import shifts


def fold_bn_ahead(draft: Draft) -> tuple[int, ...]:
    """Fold what scales and shifts channels into the layer behind; answers how many."""
    count = 0
    for node in draft.walk():
        layer = draft.only_reader(node) if node.op.affine else None
        if layer is None:
            continue
        made = draft.weights[layer.index]
        biased = layer.op.biased()
        if biased is None or len(made) > 1 or not layer.op.even(node.shape):
            continue
        op = biased if shifts(draft, node) else layer.op
        draft.put(layer, op, ((*draft.weights[node.index][0], *made[0]),))
        draft.drop(node)
        count += 1
    return (count,)
