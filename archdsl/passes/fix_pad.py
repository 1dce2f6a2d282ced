"""Padding that a module works out anew in every call is set in numbers where it is always the same.

TensorFlow's SAME padding depends on the map's extents, but not at stride 1 with an odd window, and
a 1x1 window never needs any.
"""

from __future__ import annotations

from archdsl.passes.draft import Draft


def fix_pad(draft: Draft) -> tuple[int, ...]:
    """Set padding in numbers; answers of how many layers."""
    count = 0
    for node in draft.walk():
        if len(node.inputs) == 1 and (op := node.op.steady(*draft.input_shapes(node))) is not None:
            draft.become(node, op)
            count += 1
    return (count,)
