"""Figures: a network as a picture that fits on a page of a paper.

`figure` says what is wanted and `view` decides what there is to see; `union` does so for two
networks in one. `dot` says how it looks, and `engine` has Graphviz lay it out; `tikz` and `mermaid`
say the same for papers and for web pages.
"""

from __future__ import annotations

from archdsl.diagnostics import known, mistake
from archdsl.diff import Diff
from archdsl.draw.boxes import View
from archdsl.draw.dot import dot_text
from archdsl.draw.engine import render
from archdsl.draw.figure import DIRECTIONS, LEVELS, THEMES, Figure
from archdsl.draw.mermaid import mermaid_text
from archdsl.draw.tikz import tikz_text
from archdsl.draw.union import union
from archdsl.draw.view import view
from archdsl.graph import Network

__all__ = ["DIRECTIONS", "FORMATS", "LEVELS", "THEMES", "Figure", "draw", "draw_diff"]

DEFAULT = Figure()
MAX_BOXES = 3_000  # about ten seconds of layout; time grows faster than the figure
TEXTS = {"dot": dot_text, "mmd": mermaid_text, "tex": tikz_text}
FORMATS = ("svg", "png", "pdf", *TEXTS)


def draw(network: Network, figure: Figure = DEFAULT, format: str = "svg") -> bytes:
    """A network's figure in one of `FORMATS`; raises ArchError."""
    return drawn(view(network, figure), figure, format)


def draw_diff(found: Diff, figure: Figure = DEFAULT, format: str = "svg") -> bytes:
    """The figure of two networks in one, in one of `FORMATS`; raises ArchError."""
    return drawn(union(found, figure), figure, format)


def drawn(shown: View, figure: Figure, format: str) -> bytes:
    """What there is to see, in one of `FORMATS`."""
    known("figure", "format", format, FORMATS)
    if format not in ("dot", "mmd") and len(shown.boxes()) > MAX_BOXES:
        raise mistake(
            "limit",
            f"a figure of {len(shown.boxes()):,} boxes is more than can be laid out",
            help="draw fewer, with --level block; '-o picture.dot' needs no layout",
        )
    if format in TEXTS:
        return TEXTS[format](shown, figure).encode()
    return render(dot_text(shown, figure), format)
