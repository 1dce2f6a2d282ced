"""A sum of two becomes a step of the convolution that makes one of them.

The convolution moves to where the sum stood, behind what makes the other tensor.
"""

from __future__ import annotations

from archdsl.graph import Node
from archdsl.ops import summed
from archdsl.ops.joins import Add
from archdsl.passes.draft import Draft


def fuse_sums(draft: Draft) -> tuple[int, ...]:
    """Let convolutions add what is added to them; answers how many."""
    count = 0
    optional = {scope.span for scope in draft.scopes() if scope.joint is not None}
    for add in draft.walk():
        # Where code asks whether to add at all, the sum stays an expression of its own.
        if not isinstance(add.op, Add) or len(add.inputs) != 2 or add.span in optional:
            continue
        slot = next((slot for slot in (0, 1) if takes_on(draft, add, slot)), None)
        if slot is not None:
            fuse(draft, add, slot)
            count += 1
    return (count,)


def takes_on(draft: Draft, add: Node, slot: int) -> bool:
    """Whether what makes a term of a sum can add the other one, and stands beside the sum."""
    layer, other = draft.nodes[add.inputs[slot]], draft.nodes[add.inputs[1 - slot]]
    return (
        len(layer.inputs) == 1
        and summed(layer.op) is not None
        and draft.only_reader(layer) is add
        and draft.parents[layer.index] is draft.parents[add.index]
        and other.device == add.device
    )


def fuse(draft: Draft, add: Node, slot: int) -> None:
    """Put a convolution in the place of the sum of what it makes and another tensor."""
    layer, scope = draft.nodes[add.inputs[slot]], draft.parents[add.index]
    op = summed(layer.op)
    assert op is not None
    scope.items.remove(layer)
    scope.items.insert(scope.items.index(add), layer)
    layer.inputs = (*layer.inputs, add.inputs[1 - slot])
    layer.sources = (*layer.sources, add.sources[1 - slot])
    draft.become(layer, op)
    draft.drop(add, slot)
