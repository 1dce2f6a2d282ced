"""A pool goes ahead of an activation or a 1x1 convolution, which then has less to do.

A maximum does not care whether a function that never decreases is applied before or behind it, nor
does a mean of sums care about the order of its terms.
"""

from __future__ import annotations

from archdsl.graph import Node
from archdsl.passes.draft import Draft


def pool_first(draft: Draft) -> tuple[int, ...]:
    """Let pools go ahead as far as they can within their scope; answers how many steps."""
    count = 0
    for pool in draft.walk():
        while goes_ahead(draft, pool):
            swap(draft, draft.input(pool), pool)
            count += 1
    return (count,)


def goes_ahead(draft: Draft, pool: Node) -> bool:
    """Whether a pool stands right behind what it can go ahead of, and makes the map smaller."""
    if len(pool.inputs) != 1:
        return False
    before = draft.input(pool)
    if len(before.inputs) != 1 or draft.only_reader(before) is not pool:
        return False
    scope = draft.parents[pool.index]
    place = scope.items.index(pool)
    if place == 0 or scope.items[place - 1] is not before:
        return False
    smaller = pool.shape.elements < before.shape.elements
    return smaller and pool.op.leads(before.op, *draft.input_shapes(before))


def swap(draft: Draft, before: Node, pool: Node) -> None:
    """Exchange two neighbours."""
    scope = draft.parents[pool.index]
    place = scope.items.index(pool)
    scope.items[place - 1 : place + 1] = [pool, before]
    draft.redirect(pool.index, before.index)
    pool.sources, pool.inputs = before.sources, before.inputs
    before.sources = before.inputs = (pool.index,)
    pool.shape = pool.op.shape(*draft.input_shapes(pool))
    before.shape = before.op.shape(pool.shape)
    draft.touched.add(scope.naming)
