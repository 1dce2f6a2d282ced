"""Figures: a network as a Graphviz picture that fits on a page of a paper.

`view` decides what there is to see, `dot` how it looks, `engine` lays it out.
"""

from __future__ import annotations

from archdsl.diagnostics import mistake
from archdsl.draw.boxes import LEVELS, Level
from archdsl.draw.dot import dot_text
from archdsl.draw.engine import FORMATS, render
from archdsl.draw.view import view
from archdsl.graph import Network

__all__ = ["FORMATS", "LEVELS", "Level", "draw", "render"]


def draw(network: Network, level: str = "block") -> str:
    """The DOT text of a network's figure: its blocks, its layers, or every operator (`op`)."""
    for known in LEVELS:
        if level == known:
            return dot_text(network, view(network, known))
    raise mistake("level", f"there is no level '{level}'", help=f"one of {', '.join(LEVELS)}")
