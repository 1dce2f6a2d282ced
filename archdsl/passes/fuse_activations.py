"""An activation becomes the last step of the convolution before it."""

from __future__ import annotations

from archdsl.graph import Node
from archdsl.ops import activated
from archdsl.passes.draft import Draft


def fuse_activations(draft: Draft) -> tuple[int, ...]:
    """Let convolutions apply the activations behind them; answers how many."""
    count = 0
    for activation in draft.walk():
        if len(activation.inputs) != 1:
            continue
        layer = draft.input(activation)
        op = activated(layer.op, activation.op)
        if op is None or draft.only_reader(layer) is not activation:
            continue
        if decided_alike(draft, layer, activation):
            draft.become(layer, op)
            draft.drop(activation)
            count += 1
    return (count,)


def decided_alike(draft: Draft, layer: Node, activation: Node) -> bool:
    """Whether both are there whenever one of them is, as far as decisions go."""
    one, other = draft.parents[layer.index], draft.parents[activation.index]
    return one is other or "choice" not in (one.kind, other.kind)
