"""What a figure is asked to be."""

from __future__ import annotations

from typing import Literal, get_args

from archdsl.diagnostics import known
from archdsl.records import dataclass

Level = Literal["block", "layer", "op"]
Direction = Literal["down", "right"]
LEVELS: tuple[Level, ...] = get_args(Level)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
THEMES = ("light", "dark", "print")
COSTS = ("params", "macs", "activations")


@dataclass(frozen=True)
class Figure:
    """The wishes for a figure.

    `depth` is how many blocks deep it is open: 0 on the level of blocks, on the others without a
    bound. `expand` names blocks, or labels, that are open whatever the depth. `part` names the one
    block, or label, that is drawn instead of the whole network. `inset` puts what the blocks are
    made of beside the network. `show` writes costs into the boxes, `color` colours them by one.
    """

    level: str = "block"
    depth: int | None = None
    expand: tuple[str, ...] = ()
    part: str | None = None
    direction: str = "down"
    theme: str = "light"
    inset: bool = False
    show: tuple[str, ...] = ()
    color: str | None = None

    def __post_init__(self) -> None:
        known("figure", "level", self.level, LEVELS)
        known("figure", "direction", self.direction, DIRECTIONS)
        known("figure", "theme", self.theme, THEMES)
        for cost in (*self.show, *filter(None, [self.color])):
            known("figure", "cost", cost, COSTS)

    @property
    def open_depth(self) -> float:
        """How many blocks deep it is open."""
        if self.depth is not None:
            return self.depth
        return 0 if self.level == "block" else float("inf")
