"""Heads that exist in training only go."""

from __future__ import annotations

from archdsl.passes.draft import Draft


def drop_heads(draft: Draft) -> tuple[int, ...]:
    """Take the heads out; answers how many there were."""
    count, draft.heads = len(draft.heads), ()
    for node in reversed(draft.walk()):
        if node.training_only and not draft.readers(node):
            draft.detach(node)
    return (count,)
