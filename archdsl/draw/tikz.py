"""View to TikZ: the figure as Graphviz lays it out, in a paper's own fonts.

One unit is a PostScript point, so `[scale=0.8]` makes a figure smaller and leaves its words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from archdsl.draw.boxes import Box, Frame, View
from archdsl.draw.dot import Writer
from archdsl.draw.engine import layout
from archdsl.draw.figure import Figure
from archdsl.draw.style import THEMES, Style
from archdsl.latex import escaped

TITLE, DETAIL, PLACE = "\\small\\bfseries", "\\footnotesize", "\\scriptsize"
PAD = 6  # points around the figure
HEAD = """\
% Needs \\usepackage[T1]{fontenc}, textcomp and tikz with \\usetikzlibrary{arrows.meta}.
\\begin{tikzpicture}[x=1bp, y=1bp, font=\\sffamily, line width=0.6pt,
  box/.style={rounded corners=4pt, inner sep=0pt, align=center, text=ink},
  word/.style={inner sep=0pt, align=center, text=dim},
  frame/.style={rounded corners=5pt},
  end/.style={-{Latex[length=4pt]}}, start/.style={{Latex[length=4pt]}-}]"""


def tikz_text(view: View, figure: Figure) -> str:
    """The TikZ text of a figure."""
    page = Page(view, figure)
    return "\n".join(page.lines(json.loads(layout(page.writer.text())))) + "\n"


def written(*lines: tuple[str, str]) -> str:
    """Lines under each other, each in its size."""
    return "\\\\".join(f"{{{size} {escaped(line)}}}" for size, line in lines if line)


class Page:
    """Writes what Graphviz has laid out; the names in it are those of a writer of DOT."""

    def __init__(self, view: View, figure: Figure) -> None:
        self.view = view
        self.theme = THEMES[figure.theme]
        self.writer = Writer(view, figure)

    def lines(self, drawing: dict[str, Any]) -> Iterator[str]:
        yield HEAD
        for name, color in self.colors().items():
            yield f"  \\definecolor{{{name}}}{{HTML}}{{{color.removeprefix('#')}}}"
        left, bottom, right, top = map(float, drawing["bb"].split(","))
        page = f"{left - PAD},{bottom - PAD},{right + PAD},{top + PAD}"
        yield f"  \\fill[paper] {rectangle(page)};"
        for thing in drawing["objects"]:
            yield from self.cluster(thing)
        for edge in drawing.get("edges", ()):
            yield from self.edge(edge)
        for thing in drawing["objects"]:
            yield from self.node(thing)
        yield from self.heading(drawing)
        yield "\\end{tikzpicture}"

    # ---- colours ----

    def colors(self) -> dict[str, str]:
        """The colours, by the names that the drawing uses."""
        theme = self.theme
        named = {name: getattr(theme, name) for name in ("paper", "ink", "dim", "wire")}
        styles = [*map(self.writer.style, self.writer.order), *self.swatches()]
        for style in styles:
            named |= {f"{name_of(style)} fill": style.fill, f"{name_of(style)} line": style.line}
        for frame in self.writer.clusters.values():
            look = self.writer.frame_look(frame)
            name = frame_name(frame)
            named |= {f"{name} fill": look["fillcolor"], f"{name} line": look["color"]}
        return named

    def swatches(self) -> list[Style]:
        """The styles in the legend."""
        return self.writer.markup.legend_styles(self.view)

    # ---- what is drawn ----

    def cluster(self, thing: dict[str, Any]) -> Iterator[str]:
        """A frame; an inset and a device have their words above."""
        frame = self.writer.clusters.get(thing["name"])
        if frame is None:
            return
        name = frame_name(frame)
        look = f"frame, draw={name} line, fill={name} fill"
        yield f"  \\filldraw[{look}] {rectangle(thing['bb'])};"
        if isinstance(frame, View):
            yield word(thing["lp"], written((DETAIL, frame.title), (PLACE, frame.about)))
        elif frame.device is not None:
            yield word(thing["lp"], written((DETAIL, frame.title)))

    def node(self, thing: dict[str, Any]) -> Iterator[str]:
        """A box, or the caption of a frame."""
        thing_named = self.writer.named.get(thing["name"])
        if isinstance(thing_named, Frame):
            yield word(thing["pos"], caption(thing_named))
        elif isinstance(thing_named, Box) and thing_named.kind == "output":
            yield word(thing["pos"], words(thing_named), "text=ink")
        elif isinstance(thing_named, Box):
            yield self.box(thing, thing_named)

    def box(self, thing: dict[str, Any], box: Box) -> str:
        """A box of the size that Graphviz gave it."""
        name = name_of(self.writer.style(box))
        width, height = (72 * float(thing[side]) for side in ("width", "height"))
        look = [f"draw={name} line", f"fill={name} fill"]
        look += [f"minimum width={width:.5g}bp", f"minimum height={height:.5g}bp"]
        look += ["dashed"] if box.dashed or box.unsure else []
        return f"  \\node[box, {', '.join(look)}] at ({thing['pos']}) {{{words(box)}}};"

    def edge(self, edge: dict[str, Any]) -> Iterator[str]:
        """A tensor's way, with its shape."""
        if "pos" not in edge or edge.get("style") == "invis":
            return
        tips = dict(re.findall(r"([es]),(\S+)", edge["pos"]))
        start, *bends = re.sub(r"[es],\S+ ", "", edge["pos"]).split()
        way = [f"({start})", *curves(bends)]
        if "e" in tips:
            way.append(f"-- ({tips['e']})")
        if "s" in tips:
            way.insert(0, f"({tips['s']}) --")
        wires = {style.line: f"{name_of(style)} line" for style in self.theme.changes.values()}
        wire = wires.get(edge.get("color", ""), "wire")
        look = [f"draw={wire}", *({"e": "end", "s": "start"}[tip] for tip in tips)]
        look += ["dashed"] if edge.get("style") == "dashed" else []
        yield f"  \\draw[{', '.join(look)}] {' '.join(way)};"
        if edge.get("label"):
            yield word(edge["lp"], written((PLACE, edge["label"].strip())))

    def heading(self, drawing: dict[str, Any]) -> Iterator[str]:
        """Title, caption, and what the colours mean."""
        x, y = map(float, drawing["lp"].split(","))
        title = written((TITLE, self.view.title), (DETAIL, self.view.about))
        yield word(f"{x:.5g},{y + 12:.5g}", title, "text=ink")
        left = x - sum(map(swatch_width, self.swatches())) / 2
        for style in self.swatches():
            look = f"draw={name_of(style)} line, fill={name_of(style)} fill"
            yield f"  \\filldraw[{look}] ({left:.5g},{y - 22:.5g}) rectangle +(8,8);"
            place = f"{left + 12:.5g},{y - 18:.5g}"
            yield word(place, written((PLACE, style.name)), "anchor=west")
            left += swatch_width(style)


def name_of(style: Style) -> str:
    """What a style's colours are called."""
    return style.name or "plain"


def frame_name(frame: Frame | View) -> str:
    """What a frame's colours are called."""
    device = frame.device if isinstance(frame, Frame) else None
    return "frame" if device is None else f"device {device}"


def words(box: Box) -> str:
    """What stands in a box."""
    title = f"{box.title} ×{box.repeat}" if box.repeat > 1 else box.title
    if box.kind == "joint" and not box.fault:
        return f"{written((TITLE, title))} {written((DETAIL, ' '.join(box.detail)))}"
    details = [" · ".join(box.detail)] if box.kind != "output" else box.detail
    small = [(PLACE, line) for line in (box.place, " · ".join(box.costs), box.fault)]
    return written((TITLE, title), *((DETAIL, detail) for detail in details), *small)


def caption(frame: Frame) -> str:
    """What stands in a frame's corner."""
    title = f"{frame.title} ×{frame.repeat}" if frame.repeat > 1 else frame.title
    lines = *frame.detail, frame.place, *frame.costs
    return written((DETAIL, title), *((PLACE, line) for line in lines))


def word(place: str, text: str, look: str = "") -> str:
    """Words without a box."""
    options = f"word, {look}" if look else "word"
    return f"  \\node[{options}] at ({place}) {{{text}}};"


def curves(bends: list[str]) -> Iterator[str]:
    """Bezier curves, three points each."""
    for first, second, end in zip(bends[::3], bends[1::3], bends[2::3], strict=True):
        yield f".. controls ({first}) and ({second}) .. ({end})"


def rectangle(corners: str) -> str:
    """Graphviz's bounding box as TikZ's."""
    left, bottom, right, top = corners.split(",")
    return f"({left},{bottom}) rectangle ({right},{top})"


def swatch_width(style: Style) -> float:
    """How much of the legend's row a style takes."""
    return 26 + 4.6 * len(style.name)
