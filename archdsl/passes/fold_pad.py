"""Zeros around a map become the padding of the convolution that follows."""

from __future__ import annotations

from archdsl.passes.draft import Draft


def fold_pad(draft: Draft) -> tuple[int, ...]:
    """Fold paddings; answers how many. What a convolution cannot say stays."""
    count = 0
    for node in draft.walk():
        if len(node.inputs) != 1:
            continue
        (shape,) = draft.input_shapes(node)
        zeros, layer = node.op.zeros(shape), draft.only_reader(node)
        if zeros is None or layer is None:
            continue
        padded = layer.op.with_zeros(zeros, shape)
        if padded is not None:
            symbols = {name: s for name, s in layer.symbols.items() if name != "pad"}
            draft.put(layer, padded, draft.weights[layer.index], symbols)
            draft.drop(node)
            count += 1
    return (count,)
