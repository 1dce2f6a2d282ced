"""What does nothing in inference goes: identities, dropout, slices of all channels."""

from __future__ import annotations

from archdsl.passes.draft import Draft


def drop_idle(draft: Draft) -> tuple[int, ...]:
    """Take idle operators out; answers how many."""
    count = 0
    for node in draft.walk():
        if len(node.inputs) != 1 or draft.input(node).device not in (node.device, None):
            continue
        if node.op.idle(*draft.input_shapes(node)):
            draft.drop(node)
            count += 1
    return (count,)
