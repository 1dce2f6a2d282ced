"""View to DOT: boxes, frames and edges as Graphviz wants them. Same view, same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from archdsl.draw.bend import Bend, bend
from archdsl.draw.boxes import Box, Edge, Frame, Item, View
from archdsl.draw.columns import Column, columns
from archdsl.draw.markup import caption, heading, label, repeated, words
from archdsl.draw.style import CAPTION, DEVICES, EDGE, FRAMED, GRAPH, NODE, PLACED, STYLES, style_of
from archdsl.draw.text import clip, parameters
from archdsl.graph import Network
from archdsl.measure import measure

POINT = {"shape": "point", "style": "invis", "width": "0.01", "height": "0.01"}
LINE = {"arrowhead": "none"}
UNSEEN = {"style": "invis", "weight": "0"}  # holds things in order
CHAIN, STRAIGHT = "8", "50"  # weights of edges that should not bend, and that must not


def dot_text(network: Network, view: View) -> str:
    """The DOT text of a figure."""
    return Writer(view).text(network)


class Writer:
    """Writes a view; boxes are named in walking order, so no name of a spec is ever an id."""

    def __init__(self, view: View) -> None:
        import graphviz

        self.view = view
        self.order = {box: k for k, box in enumerate(view.boxes())}
        self.entering = Counter(edge.target for edge in view.edges)
        self.frames = 0
        self.bend: Bend | None = None
        self.dot: Any = graphviz.Digraph(
            "network", graph_attr=GRAPH, node_attr=NODE, edge_attr=EDGE
        )

    def text(self, network: Network) -> str:
        self.bend = bend(self.view)
        found = [Column(self.view.items)] if self.bend else columns(self.view)
        onward = {edge for column in found for edge in column.onward}
        self.dot.attr(label=label(self.heading(network)))
        for column in found:
            for item in column.items:
                self.item(self.dot, item)
        for edge in self.view.edges:
            if edge not in onward:
                self.edge(edge)
        if len(found) > 1:
            self.gutters(found)
        return str(self.dot.source)

    def heading(self, network: Network) -> str:
        report = measure(network)
        families = {box.family for box in self.view.boxes()}
        styles = [style for family, style in STYLES.items() if family in families]
        about = " · ".join(part for part in (network.about, parameters(report.params)) if part)
        return heading(clip(network.name, 60), clip(about, 120), styles)

    # ---- boxes and frames ----

    def item(self, dot: Any, item: Item) -> str:
        """Write an item; answers with the node that stands last in it."""
        if isinstance(item, Frame):
            return self.frame(dot, item)
        dot.node(self.key(item), **self.look(item))
        return self.key(item)

    def frame(self, dot: Any, frame: Frame) -> str:
        """A cluster; its caption is a node beside the last box, where no edge has to cross it."""
        self.frames += 1
        name = f"f{self.frames}"
        with dot.subgraph(name=f"cluster_{name}") as inner:
            inner.attr(**frame_look(frame))
            last = [self.item(inner, item) for item in frame.items][-1]
            if frame.device is not None:
                inner.attr(label=label(caption(frame)))
                return last
            inner.attr(label="")
            inner.node(name, label=label(caption(frame)), **CAPTION)
            self.level(inner, last, name, **UNSEEN)
        return name

    def look(self, box: Box) -> dict[str, str]:
        """The attributes of a box's node."""
        style = style_of(box.family)
        if box.repeat > 1:
            return {"label": label(repeated(box, style)), "shape": "plain", "style": ""}
        look = {"label": label(words(box)), "fillcolor": style.fill, "color": style.line}
        if box.dashed:
            look["style"] = "rounded,filled,dashed"
        if box.kind == "output":
            look |= {"shape": "plain", "style": ""}
        if box.kind == "joint":
            look |= {"margin": "0.05,0.01", "height": "0.22", "width": "0.22"}
            if len(box.title) == 1 and not box.detail:
                look |= {"shape": "circle", "fixedsize": "true", "style": "filled"}
        return look

    # ---- edges ----

    def edge(self, edge: Edge) -> None:
        look = {"label": f" {edge.shape}"} if edge.shape else {}
        if edge.dashed:
            look["style"] = "dashed"
        if self.in_line(edge):
            look["weight"] = CHAIN
        if self.bend and edge in self.bend.skips:
            ends = self.key(edge.source), self.key(edge.target)
            self.level(self.dot, *ends, arrowhead="normal", **look)
        elif self.bend and edge.source in self.bend.rising:
            ends = self.port(edge.target, "s"), self.port(edge.source, "n")
            self.dot.edge(*ends, dir="back", **look)
        else:
            self.dot.edge(self.port(edge.source, "s"), self.port(edge.target, "n"), **look)

    def in_line(self, edge: Edge) -> bool:
        """Whether an edge is a step of a chain, or the way into a join that no side path takes."""
        source, target = edge.source, edge.target
        if edge.dashed and not source.dashed:
            return False
        following = self.order[target] == self.order[source] + 1
        return self.entering[target] == 1 or (following and self.entering[target] == 2)

    def port(self, box: Box, side: str) -> str:
        """Where an edge meets a box: in its middle, which a number beside it would shift."""
        return f"{self.key(box)}:box:{side}" if box.repeat > 1 else self.key(box)

    def key(self, box: Box) -> str:
        return f"n{self.order[box]}"

    # ---- columns ----

    def gutters(self, found: list[Column]) -> None:
        """Lead from the foot of each column to the head of the next, through the gap between.

        Graphviz knows no columns. Invisible points on the first and the last rank hold a line that
        goes down, aside, up, aside and down again, in pieces that Graphviz draws straight.
        """
        self.dot.node("head0", **POINT)
        first = next(iter(found[0].items[0].boxes()))
        self.dot.edge("head0", self.port(first, "n"), style="invis", weight=STRAIGHT)
        for k, column in enumerate(found[:-1]):
            for name in (f"foot{k}", f"low{k}", f"high{k}", f"head{k + 1}"):
                self.dot.node(name, **POINT)
            self.foot(column, f"foot{k}")
            self.level(self.dot, f"foot{k}", f"low{k}")
            self.dot.edge(f"high{k}", f"low{k}", weight=STRAIGHT, **LINE)
            self.level(self.dot, f"head{k}", f"high{k}", style="invis")
            self.level(self.dot, f"high{k}", f"head{k + 1}")
            for edge in column.onward:
                weight = STRAIGHT if len(column.onward) == 1 else "1"
                self.dot.edge(f"head{k + 1}", self.port(edge.target, "n"), weight=weight)

    def foot(self, column: Column, foot: str) -> None:
        """The way out of a column, below all that ends in it."""
        source = column.onward[0].source
        shape = next((edge.shape for edge in column.onward if edge.shape), "")
        look = LINE | ({"label": f" {shape}"} if shape else {})
        self.dot.edge(self.port(source, "s"), foot, weight=STRAIGHT, **look)
        for box in self.dead_ends(column.items):
            self.dot.edge(self.port(box, "s"), foot, **UNSEEN)

    def level(self, dot: Any, left: str, right: str, **look: str) -> None:
        """Two nodes side by side, with a line between."""
        with dot.subgraph() as same:
            same.attr(rank="same")
            same.edge(left, right, **(LINE | look))

    def dead_ends(self, items: Iterable[Item]) -> list[Box]:
        """The boxes that lead nowhere."""
        leading = {edge.source for edge in self.view.edges}
        return [box for item in items for box in item.boxes() if box not in leading]


def frame_look(frame: Frame) -> dict[str, str]:
    """The attributes of a frame's cluster."""
    look = dict(FRAMED)
    if frame.device is not None:
        look |= {"fillcolor": DEVICES[frame.device % len(DEVICES)], "color": PLACED}
    if all(box.dashed for box in frame.boxes()):
        look["style"] += ",dashed"
    return look
