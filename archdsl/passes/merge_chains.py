"""Two layers with nothing between them are one, where that does not cost more."""

from __future__ import annotations

from archdsl.passes.draft import Draft


def merge_chains(draft: Draft) -> tuple[int, ...]:
    """Merge layers with the one behind them; answers how many have gone."""
    count = 0
    for first in draft.walk():
        second = draft.only_reader(first) if first.op.biased() else None
        if second is None:
            continue
        before, behind = draft.weights[first.index], draft.weights[second.index]
        (shape,) = draft.input_shapes(first)
        merged = second.op.behind(first.op, shape)
        if merged is None or len(before) > 1 or len(behind) > 1:
            continue
        if merged.macs(shape) <= first.op.macs(shape) + second.op.macs(first.shape):
            symbols = {**first.symbols, **second.symbols}
            draft.put(second, merged, ((*before[0], *behind[0]),), symbols)
            draft.drop(first)
            count += 1
    return (count,)
