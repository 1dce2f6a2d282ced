"""How a figure looks: colours that stay apart in print and in grey, fonts, distances."""

from __future__ import annotations

from dataclasses import dataclass

INK = "#222222"
DIM = "#666666"
PLACED = "#8899AA"  # the line around a device
DEVICES = ("#EEF4FB", "#FDF3E7", "#EEF7EE", "#F6F0FA")  # one wash behind each device
FONT = "Helvetica,Arial,sans-serif"


@dataclass(frozen=True)
class Style:
    """A family's colours, and its name in the legend."""

    name: str
    fill: str
    line: str


STYLES = {
    "block": Style("block", "#C9DCF0", "#4A76A8"),
    "conv": Style("convolution", "#F8D9B4", "#B5762A"),
    "pool": Style("pooling", "#CDE7CF", "#558B58"),
    "linear": Style("fully connected", "#DCD0EC", "#7861A6"),
    "norm": Style("normalisation", "#E6E6E6", "#808080"),
    "activation": Style("activation", "#FBF0B0", "#A8942E"),
    "regularisation": Style("regularisation", "#F6D5DC", "#AD6475"),
    "shape": Style("rearrangement", "#DDEBEB", "#5F8A8A"),
}
PLAIN = Style("", "#FFFFFF", "#555555")

GRAPH = {
    "bgcolor": "white",
    "fontname": FONT,
    "fontsize": "10",
    "fontcolor": INK,
    "labelloc": "t",
    "newrank": "true",
    "nodesep": "0.22",
    "ranksep": "0.2",
    "pad": "0.1",
}
NODE = {
    "fontname": FONT,
    "fontsize": "10",
    "fontcolor": INK,
    "shape": "box",
    "style": "rounded,filled",
    "margin": "0.09,0.04",
    "height": "0.26",
    "width": "0.4",
}
EDGE = {
    "fontname": FONT,
    "fontsize": "8",
    "fontcolor": DIM,
    "color": "#555555",
    "arrowsize": "0.55",
    "penwidth": "0.9",
}
FRAMED = {
    "color": "#B8C2CC",
    "fillcolor": "#FAFBFC",
    "style": "rounded,filled",
    "margin": "7",
}
CAPTION = {"shape": "plain", "style": ""}


def style_of(family: str) -> Style:
    """The style of a family; inputs, outputs and joints are plain."""
    return STYLES.get(family, PLAIN)
