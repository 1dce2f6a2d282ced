"""View to Mermaid: the same boxes for pages that render it, such as a README on GitHub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from archdsl.draw.boxes import Box, Edge, Frame, Item, View
from archdsl.draw.figure import Figure
from archdsl.draw.style import THEMES, Style, Theme

SPECIAL = re.compile(r"[^\w \-.,:/()=×·–…]")  # what Mermaid might read as its own
NO_TAGS = str.maketrans("<>", "‹›")  # a title knows no character codes
RUNS = {"down": "TB", "right": "LR"}


def mermaid_text(view: View, figure: Figure) -> str:
    """The Mermaid text of a figure; laid out by whoever shows it."""
    lines = Writer(view, THEMES[figure.theme]).lines(view, RUNS[figure.direction])
    return "".join(f"{line}\n" for line in lines)


def quoted(lines: Iterable[str]) -> str:
    """Lines as a Mermaid string, in which no word of a spec is read as markup."""
    return '"' + "<br>".join(escaped(line) for line in lines if line) + '"'


def escaped(text: str) -> str:
    """A text with everything that is not plain as Mermaid's character codes."""
    return SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)


class Writer:
    """Writes a view; boxes are named in walking order."""

    def __init__(self, view: View, theme: Theme) -> None:
        self.theme = theme
        boxes = [box for shown in (view, *view.insets) for box in shown.boxes()]
        self.names = {box: f"n{k}" for k, box in enumerate(boxes)}
        self.frames = 0

    def lines(self, view: View, direction: str) -> Iterator[str]:
        title = f"{view.title}: {view.about}" if view.about else view.title
        theme = "dark" if self.theme is THEMES["dark"] else "base"
        title = title.translate(NO_TAGS)
        yield from ("---", f"title: {json.dumps(title)}", "config:", f"  theme: {theme}")
        yield "  themeVariables:"
        yield f'    edgeLabelBackground: "{self.theme.paper}"'
        yield from ("---", f"flowchart {direction}")
        yield from self.contents(view, "  ")
        for inset in view.insets:
            inner = chain([f"    direction {direction}"], self.contents(inset, "    "))
            yield from self.subgraph([inset.title, inset.about], inner, "  ")
        yield from self.classes()
        for k, edge in enumerate(view.edges):
            if edge.change:
                yield f"  linkStyle {k} stroke:{self.theme.changes[edge.change].line}"

    def contents(self, view: View, indent: str) -> Iterator[str]:
        """The boxes and edges of a view."""
        for item in view.items:
            yield from self.item(item, indent)
        for edge in view.edges:
            yield indent + self.edge(edge)

    def item(self, item: Item, indent: str) -> Iterator[str]:
        if isinstance(item, Box):
            yield indent + self.box(item)
            return
        inner = (line for part in item.items for line in self.item(part, indent + "  "))
        yield from self.subgraph(self.caption(item), inner, indent)

    def subgraph(self, title: list[str], inner: Iterable[str], indent: str) -> Iterator[str]:
        """A frame around some lines."""
        self.frames += 1
        words = " · ".join(word for word in title if word)
        yield f"{indent}subgraph f{self.frames}[{quoted([words])}]"
        yield from inner
        yield f"{indent}end"

    def caption(self, frame: Frame) -> list[str]:
        """What a frame is, how often, and where."""
        times = f" ×{frame.repeat}" if frame.repeat > 1 else ""
        return [frame.title + times, *frame.detail, frame.place, *frame.costs]

    def box(self, box: Box) -> str:
        times = f" ×{box.repeat}" if box.repeat > 1 else ""
        words = quoted(
            [box.title + times, " · ".join(box.detail), box.place, *box.costs, box.fault]
        )
        shape = f"(({words}))" if box.kind == "joint" else f"({words})"
        return f"{self.names[box]}{shape}:::{self.look(box)}"

    def look(self, box: Box) -> str:
        """The name of the class that says how a box looks."""
        if box.fault:
            return "mistake"
        if box.unsure:
            return "unsure"
        if box.change:
            return box.change
        if box.heat is not None:
            return f"heat{box.heat}"
        return box.family if box.family in self.theme.styles else "plain"

    def edge(self, edge: Edge) -> str:
        source, target = self.names[edge.source], self.names[edge.target]
        dotted = edge.dashed or edge.source.unsure or bool(edge.source.fault)
        shape = f"|{quoted([edge.shape])}|" if edge.shape else ""
        return f"{source} {'-.->' if dotted else '-->'}{shape} {target}"

    def classes(self) -> Iterator[str]:
        """How each family looks."""
        theme = self.theme
        looks = {
            **theme.styles,
            "plain": theme.plain,
            "unsure": theme.unsure,
            "mistake": theme.mistake,
            **theme.changes,
            **{f"heat{k}": replace(theme.plain, fill=fill) for k, fill in enumerate(theme.heat)},
        }
        used = {self.look(box) for box in self.names}
        for name, style in looks.items():
            if name in used:
                yield f"  classDef {name} {self.colors(style)}"

    def colors(self, style: Style) -> str:
        dashes = ",stroke-dasharray:4" if style is self.theme.unsure else ""
        return f"fill:{style.fill},stroke:{style.line},color:{self.theme.ink}{dashes}"
