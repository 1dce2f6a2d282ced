"""Two networks side by side: what was added, removed and changed, and what that costs.

Items are paired in their order, blocks first and then what stands in those that differ. A step of
the result is an item of one network, or one of each that belong together. Groups are seen through:
they name what stands in them and are nothing else.
"""

from __future__ import annotations

from archdsl.diff.compare import Differ
from archdsl.diff.steps import Change, Diff, Difference, Figures, Side, Step, counts, together
from archdsl.graph import Network

__all__ = ["Change", "Diff", "Difference", "Figures", "Side", "Step", "counts", "diff", "together"]


def diff(before: Network, after: Network, names: tuple[str, str] | None = None) -> Diff:
    """What differs between two networks; `names` are what they are called, if not by their own."""
    return Differ(before, after).diff(names or (before.name, after.name))
