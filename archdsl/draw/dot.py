"""View to DOT: what stands in a figure, as Graphviz is told it. The same view gives the same bytes."""

from __future__ import annotations

from collections import Counter
from typing import Any

from archdsl.draw.boxes import Box, Edge, Frame, Item, View
from archdsl.draw.columns import Column, columns
from archdsl.draw.markup import heading, label, repeated, safe, words
from archdsl.draw.style import DEVICES, EDGE, FRAMED, GRAPH, NODE, PLAIN, STYLES, style_of
from archdsl.draw.text import clip, parameters
from archdsl.graph import Network
from archdsl.measure import measure

POINT = {"shape": "point", "style": "invis", "width": "0.01", "height": "0.01"}
LINE = {"arrowhead": "none"}
STRAIGHT = "50"  # the weight of an edge that must not bend


def dot_text(network: Network, view: View) -> str:
    """The DOT text of a figure."""
    return Writer(view).text(network)


class Writer:
    """Writes a view; boxes are named in walking order, so no name of a spec is ever an id."""

    def __init__(self, view: View) -> None:
        import graphviz

        self.view = view
        self.keys = {box: f"n{k}" for k, box in enumerate(view.boxes())}
        self.entering = Counter(edge.target for edge in view.edges)
        self.frames = 0
        self.dot: Any = graphviz.Digraph(
            "network", graph_attr=GRAPH, node_attr=NODE, edge_attr=EDGE
        )

    def text(self, network: Network) -> str:
        found = columns(self.view)
        onward = {column.onward for column in found}
        self.dot.attr(label=label(self.heading(network)))
        for item in self.view.items:
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

    def item(self, dot: Any, item: Item) -> None:
        if isinstance(item, Frame):
            self.frame(dot, item)
        else:
            dot.node(self.keys[item], **self.look(item))

    def frame(self, dot: Any, frame: Frame) -> None:
        self.frames += 1
        on_device = frame.device is not None
        fill = DEVICES[frame.device % len(DEVICES)] if frame.device is not None else "#FAFBFC"
        title = f"{safe(clip(frame.title, 60))}" + (f"  <B>×{frame.repeat}</B>" if frame.repeat > 1 else "")
        with dot.subgraph(name=f"cluster_{self.frames}") as inner:
            inner.attr(**FRAMED, label=label(title) if title else "", fillcolor=fill)
            if all(box.dashed for box in frame.boxes()):
                inner.attr(style="rounded,filled,dashed")
            if on_device:
                inner.attr(color="#8899AA")
            for item in frame.items:
                self.item(inner, item)

    def look(self, box: Box) -> dict[str, str]:
        """The attributes of a box's node."""
        style = style_of(box.family)
        if box.repeat > 1:
            return {"label": label(repeated(box, style)), "shape": "plain", "style": ""}
        look = {"label": label(words(box)), "fillcolor": style.fill, "color": style.line}
        if box.dashed:
            look["style"] = "rounded,filled,dashed"
        if box.kind == "output":
            look |= {"shape": "plain", "style": "", "margin": "0"}
        if box.kind == "joint":
            look |= {"margin": "0.05,0.01", "height": "0.22", "width": "0.22"}
            if len(box.title) == 1 and not box.detail:
                look |= {"shape": "circle", "fixedsize": "true", "style": "filled"}
        return look

    # ---- edges ----

    def edge(self, edge: Edge) -> None:
        look = {"label": f" {edge.shape}"} if edge.shape else {}
        look["weight"] = "1" if edge.dashed or not self.leads_on(edge) else "8"
        if edge.dashed:
            look["style"] = "dashed"
        self.dot.edge(self.port(edge.source, "s"), self.port(edge.target, "n"), **look)

    def leads_on(self, edge: Edge) -> bool:
        """Whether an edge is a step of a chain, and is to stand straight."""
        return self.entering[edge.target] == 1

    def port(self, box: Box, side: str) -> str:
        """Where an edge meets a box: in its middle, which a number beside it would shift."""
        return f"{self.keys[box]}:box:{side}" if box.repeat > 1 else self.keys[box]

    # ---- columns ----

    def gutters(self, found: list[Column]) -> None:
        """Lead from the foot of each column to the head of the next, through the gap between.

        Graphviz knows no columns: invisible points on the first and the last rank hold a line
        that goes down, to the side, up, to the side and down again, of edges that it draws straight.
        """
        for k, (column, following) in enumerate(zip(found, found[1:], strict=False)):
            assert column.onward is not None
            source, target = column.onward.source, column.onward.target
            for name in (f"foot{k}", f"low{k}", f"high{k}", f"head{k + 1}"):
                self.dot.node(name, **POINT)
            if k == 0:
                self.dot.node("head0", **POINT)
                first = next(iter(column.items[0].boxes()))
                self.dot.edge("head0", self.port(first, "n"), style="invis", weight=STRAIGHT)
            shape = {"label": f" {column.onward.shape}"} if column.onward.shape else {}
            self.dot.edge(self.port(source, "s"), f"foot{k}", **LINE, **shape, weight=STRAIGHT)
            for box in self.dead_ends(column, source):
                self.dot.edge(self.port(box, "s"), f"foot{k}", style="invis", weight="0")
            self.dot.edge(f"high{k}", f"low{k}", **LINE, weight=STRAIGHT)
            self.level(f"foot{k}", f"low{k}")
            self.level(f"head{k}", f"high{k}", style="invis")
            self.level(f"high{k}", f"head{k + 1}")
            self.dot.edge(f"head{k + 1}", self.port(target, "n"), weight=STRAIGHT)

    def level(self, left: str, right: str, **look: str) -> None:
        """Two points side by side, with a line between."""
        with self.dot.subgraph() as same:
            same.attr(rank="same")
            same.edge(left, right, **(LINE | look))

    def dead_ends(self, column: Column, source: Box) -> list[Box]:
        """The boxes of a column that lead nowhere; the way on passes below them."""
        leading = {edge.source for edge in self.view.edges}
        boxes = (box for item in column.items for box in item.boxes())
        return [box for box in boxes if box not in leading and box is not source]
