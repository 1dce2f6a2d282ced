"""How a figure looks: a theme's colours, which stay apart in print and in grey, and distances."""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.records import dataclass

FONT = "Helvetica,Arial,sans-serif"


@dataclass(frozen=True)
class Style:
    """A family's colours, and its name in the legend."""

    name: str
    fill: str
    line: str


@dataclass(frozen=True)
class Theme:
    """The colours of a figure; `washes` stand behind devices, `styles` are by family."""

    paper: str
    ink: str
    dim: str
    wire: str
    frame: str
    frame_line: str
    device_line: str
    washes: tuple[str, ...]
    styles: Mapping[str, Style]
    plain: Style
    unsure: Style
    mistake: Style
    heat: tuple[str, ...]  # fills from cold to hot
    changes: Mapping[str, Style]

    def style(self, family: str) -> Style:
        """The style of a family; inputs, outputs and joints are plain."""
        return self.styles.get(family, self.plain)


NAMES = {
    "block": "block",
    "conv": "convolution",
    "pool": "pooling",
    "linear": "fully connected",
    "norm": "normalisation",
    "activation": "activation",
    "regularisation": "regularisation",
    "shape": "rearrangement",
}


def styles(*colors: tuple[str, str]) -> dict[str, Style]:
    """Fill and line of each family, in the order of their names."""
    return {
        family: Style(name, fill, line)
        for (family, name), (fill, line) in zip(NAMES.items(), colors, strict=True)
    }


def changes(*colors: tuple[str, str]) -> dict[str, Style]:
    """Fill and line of what was added, removed and changed."""
    names = ("added", "removed", "changed")
    return {name: Style(name, *pair) for name, pair in zip(names, colors, strict=True)}


LIGHT = Theme(
    paper="#FFFFFF",
    ink="#222222",
    dim="#4F4F4F",
    wire="#555555",
    frame="#FAFBFC",
    frame_line="#B8C2CC",
    device_line="#8899AA",
    washes=("#EEF4FB", "#FDF3E7", "#EEF7EE", "#F6F0FA"),
    styles=styles(
        ("#C9DCF0", "#4A76A8"),
        ("#F8D9B4", "#B5762A"),
        ("#CDE7CF", "#558B58"),
        ("#DCD0EC", "#7861A6"),
        ("#E6E6E6", "#808080"),
        ("#FBF0B0", "#A8942E"),
        ("#F6D5DC", "#AD6475"),
        ("#DDEBEB", "#5F8A8A"),
    ),
    plain=Style("", "#FFFFFF", "#555555"),
    unsure=Style("not checked", "#FFFFFF", "#AAAAAA"),
    mistake=Style("mistake", "#FFE3E0", "#B71C1C"),
    heat=("#FFFFFF", "#FFF0CF", "#FFDD9C", "#FFCB90", "#FFB98A"),
    changes=changes(("#A4E8A0", "#0B7A1E"), ("#FFB3AE", "#C00F0F"), ("#FFE45C", "#9A7400")),
)
DARK = Theme(
    paper="#15191E",
    ink="#ECEFF1",
    dim="#BCC4CA",
    wire="#90A0AC",
    frame="#1C2228",
    frame_line="#46525C",
    device_line="#6B7B88",
    washes=("#18222E", "#2A2118", "#18261B", "#241C2C"),
    styles=styles(
        ("#25405C", "#6FA3D8"),
        ("#5A3F1B", "#DDA45A"),
        ("#24472A", "#7DBB83"),
        ("#41335E", "#A993D8"),
        ("#3A3F44", "#9AA4AC"),
        ("#4D4517", "#D0BC4E"),
        ("#52303A", "#D68C9E"),
        ("#27444A", "#7FB4B4"),
    ),
    plain=Style("", "#1F252B", "#90A0AC"),
    unsure=Style("not checked", "#15191E", "#66727C"),
    mistake=Style("mistake", "#6B1F1F", "#FF8A80"),
    heat=("#1F252B", "#35291B", "#4A3117", "#5C3612", "#70390B"),
    changes=changes(("#0E5A22", "#4BE06B"), ("#7A1A1A", "#FF7A70"), ("#66560A", "#FFDF4D")),
)
PRINT = Theme(
    paper="#FFFFFF",
    ink="#000000",
    dim="#333333",
    wire="#000000",
    frame="#FFFFFF",
    frame_line="#777777",
    device_line="#000000",
    washes=("#FFFFFF", "#F3F3F3", "#FFFFFF", "#F3F3F3"),
    styles=styles(
        ("#E4E4E4", "#000000"),
        ("#FFFFFF", "#000000"),
        ("#C4C4C4", "#000000"),
        ("#D6D6D6", "#000000"),
        ("#F2F2F2", "#888888"),
        ("#FFFFFF", "#888888"),
        ("#FAFAFA", "#AAAAAA"),
        ("#EBEBEB", "#555555"),
    ),
    plain=Style("", "#FFFFFF", "#000000"),
    unsure=Style("not checked", "#FFFFFF", "#999999"),
    mistake=Style("mistake", "#FFFFFF", "#CC0000"),
    heat=("#FFFFFF", "#EEEEEE", "#DADADA", "#C4C4C4", "#ADADAD"),
    changes=changes(("#DDF5DD", "#0B7A1E"), ("#FADCDC", "#C00F0F"), ("#FFF6CC", "#9A7400")),
)
THEMES = {"light": LIGHT, "dark": DARK, "print": PRINT}

GRAPH = {
    "fontname": FONT,
    "fontsize": "10",
    "labelloc": "t",
    "newrank": "true",
    "remincross": "false",  # a second pass forgets which branch stands left
    "nodesep": "0.22",
    "ranksep": "0.2",
    "pad": "0.1",
}
NODE = {
    "fontname": FONT,
    "fontsize": "10",
    "shape": "box",
    "style": "rounded,filled",
    "margin": "0.09,0.04",
    "height": "0.26",
    "width": "0.4",
}
EDGE = {"fontname": FONT, "fontsize": "8", "arrowsize": "0.55", "penwidth": "0.9"}
FRAMED = {"style": "rounded,filled", "margin": "7"}
CAPTION = {"shape": "plain", "style": ""}
