"""What boxes cost: figures in them, or colours by their share of the whole.

In a frame that says how often, each box counts for one copy, as in a summary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from archdsl.draw.boxes import Box, Item
from archdsl.draw.text import quantity
from archdsl.measure import Row
from archdsl.records import dataclass

STEPS = 5  # colours from cold to hot


@dataclass(frozen=True)
class Cost:
    """A figure of operators that adds up, and its name in a picture."""

    name: str
    of: Callable[[Row], int]

    def sum(self, rows: Sequence[Row], item: Item) -> int:
        """The cost of all that an item stands for."""
        return sum(self.of(rows[member]) for member in item.members)


COSTS = {
    "params": Cost("params", lambda row: row.params),
    "macs": Cost("MACs", lambda row: row.macs),
    "activations": Cost("activations", lambda row: row.elements),
}


def show(names: Iterable[str], rows: Sequence[Row], items: Iterable[Item]) -> None:
    """Write costs into boxes and frames; what costs nothing says nothing."""
    costs = [COSTS[name] for name in names]
    for item in filter(counts, items):
        sums = [(cost.sum(rows, item), cost.name) for cost in costs]
        item.costs = [f"{quantity(count)} {name}" for count, name in sums if count]


def heat(name: str, rows: Sequence[Row], boxes: Iterable[Box]) -> tuple[str, ...]:
    """Give boxes their colour by a cost; answers with what each step of colour means."""
    cost = COSTS[name]
    whole = max(1, sum(map(cost.of, rows)))
    shares = {box: cost.sum(rows, box) / whole for box in filter(counts, boxes)}
    most = max(shares.values(), default=0)
    for box, share in shares.items():
        box.heat = min(STEPS - 1, int(STEPS * share / most)) if most else 0
    bounds = (most * (step + 1) / STEPS for step in range(STEPS))
    return tuple(f"to {bound:.1%} of {cost.name}" for bound in bounds)


def counts(item: Item) -> bool:
    """Whether an item stands for operators of its own: what comes in has been counted elsewhere."""
    return not isinstance(item, Box) or item.kind not in ("input", "output")
