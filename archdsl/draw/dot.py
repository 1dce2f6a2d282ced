"""View to DOT: boxes, frames and edges as Graphviz wants them. Same view, same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from archdsl.draw.bend import bend
from archdsl.draw.boxes import Box, Edge, Frame, Item, View
from archdsl.draw.columns import Column, columns, depths
from archdsl.draw.figure import Figure
from archdsl.draw.flow import Flow
from archdsl.draw.markup import Markup, label
from archdsl.draw.style import CAPTION, EDGE, FRAMED, GRAPH, NODE, THEMES, Style

POINT = {"shape": "point", "style": "invis", "width": "0.01", "height": "0.01"}
LINE = {"arrowhead": "none"}
UNSEEN = {"style": "invis", "weight": "0"}  # holds things in order
BESIDE = {"style": "invis"}
CHAIN, STRAIGHT = "8", "50"  # weights of edges that should not bend, and that must not
SIDES = {"down": ("s", "n"), "right": ("e", "w")}  # of a box: where it is left and entered


def dot_text(view: View, figure: Figure) -> str:
    """The DOT text of a figure."""
    return Writer(view, figure).text()


class Writer:
    """Writes a view; boxes are named in walking order, so no name of a spec is ever an id."""

    def __init__(self, view: View, figure: Figure) -> None:
        import graphviz

        self.view = view
        self.direction = figure.direction
        self.out, self.into = SIDES[figure.direction]
        self.theme = theme = THEMES[figure.theme]
        self.markup = Markup(theme)
        boxes = [box for shown in (view, *view.insets) for box in shown.boxes()]
        self.order = {box: k for k, box in enumerate(boxes)}
        self.named: dict[str, Box | Frame] = {f"n{k}": box for box, k in self.order.items()}
        self.clusters: dict[str, Frame | View] = {}
        self.flow = Flow(view)
        self.bend = bend(view) if figure.direction == "down" else None
        self.forks = [] if self.bend else self.flow.forks
        self.dot: Any = graphviz.Digraph(
            "network",
            graph_attr=GRAPH | {"bgcolor": theme.paper, "fontcolor": theme.ink},
            node_attr=NODE | {"fontcolor": theme.ink},
            edge_attr=EDGE | {"fontcolor": theme.dim, "color": theme.wire},
        )

    def text(self) -> str:
        found = [Column(self.view.items)] if self.bend else columns(self.view, self.direction)
        onward = {edge for column in found for edge in column.onward}
        self.dot.attr(label=label(self.markup.heading(self.view)))
        if self.direction == "right":
            self.dot.attr(rankdir="LR", nodesep="0.3")
        for column in found:
            self.items(self.dot, column.items)
        self.edges(self.view, skipping=onward)
        if len(found) > 1:
            self.gutters(found)
        if self.view.insets:
            self.insets(found)
        return str(self.dot.source)

    # ---- boxes and frames ----

    def items(self, dot: Any, items: Sequence[Item]) -> str:
        """Write what stands in a frame, its branches side by side in the order of the text.

        The ways to the branches cross the least where the last branch is the first that Graphviz
        hears of; frames it keeps in the order of their first boxes.
        """
        forks = self.forks_in(items)
        for starts in forks:
            if set(starts) <= set(items):
                for box in reversed(starts):
                    dot.node(self.key(box))
        last = [self.item(dot, item) for item in items][-1]
        # To the right, Graphviz lays a cluster's boxes from below and the others from above.
        turned = self.direction == "right" and dot is not self.dot
        for starts in forks:
            for first, second in pairwise(reversed(starts) if turned else starts):
                self.level(dot, self.key(first), self.key(second), **BESIDE)
        return last

    def forks_in(self, items: Sequence[Item]) -> list[list[Box]]:
        """The forks whose branches start in a frame, and not all in one of the frames within."""
        frames = [{*item.boxes()} for item in items if isinstance(item, Frame)]
        within = {box for item in items for box in item.boxes()}
        return [
            starts
            for starts in self.forks
            if within.issuperset(starts) and not any(f.issuperset(starts) for f in frames)
        ]

    def item(self, dot: Any, item: Item) -> str:
        """Write an item; answers with the node that stands last in it."""
        if isinstance(item, Frame):
            return self.frame(dot, item)
        dot.node(self.key(item), **self.look(item))
        return self.key(item)

    def frame(self, dot: Any, frame: Frame) -> str:
        """A cluster; its caption is a node beside the last box, where no edge has to cross it."""
        name = f"f{len(self.clusters)}"
        self.clusters[f"cluster_{name}"] = self.named[name] = frame
        with dot.subgraph(name=f"cluster_{name}") as inner:
            inner.attr(**self.frame_look(frame))
            last = self.items(inner, frame.items)
            if frame.device is not None:
                del self.named[name]
                inner.attr(label=label(self.markup.caption(frame)))
                return last
            inner.attr(label="")
            inner.node(name, label=label(self.markup.caption(frame)), **CAPTION)
            self.level(inner, last, name, **UNSEEN)
        return name

    def frame_look(self, frame: Frame | View) -> dict[str, str]:
        """The attributes of the cluster of a frame or an inset."""
        theme = self.theme
        look = FRAMED | {"color": theme.frame_line, "fillcolor": theme.frame}
        if isinstance(frame, View):
            return look
        if frame.device is not None:
            wash = theme.washes[frame.device % len(theme.washes)]
            look |= {"fillcolor": wash, "color": theme.device_line}
        if all(box.dashed for box in frame.boxes()):
            look["style"] += ",dashed"
        return look

    def look(self, box: Box) -> dict[str, str]:
        """The attributes of a box's node."""
        style = self.style(box)
        if box.repeat > 1:
            text = self.markup.repeated(box, style, beside=self.direction == "down")
            return {"label": label(text), "shape": "plain", "style": ""}
        look = {
            "label": label(self.markup.words(box)),
            "fillcolor": style.fill,
            "color": style.line,
            "group": f"g{self.order[self.flow.chains.get(box, box)]}",
        }
        if box.dashed or box.unsure:
            look["style"] = "rounded,filled,dashed"
        if box.kind == "output":
            look |= {"shape": "plain", "style": ""}
        if box.kind == "joint" and not box.fault:
            look |= {"margin": "0.05,0.01", "height": "0.22", "width": "0.22"}
            if len(box.title) == 1 and not box.detail:
                look |= {"shape": "circle", "fixedsize": "true", "style": "filled"}
        if box.fault or box.change:
            look["penwidth"] = "1.8"
        return look

    def style(self, box: Box) -> Style:
        """The style of a box: of its family, unless something is wrong."""
        if box.fault:
            return self.theme.mistake
        if box.unsure:
            return self.theme.unsure
        if box.change:
            return self.theme.changes[box.change]
        if box.heat is not None:
            return self.markup.heat_styles(self.view)[box.heat]
        return self.theme.style(box.family)

    # ---- edges ----

    def edges(self, view: View, skipping: Iterable[Edge] = ()) -> None:
        """The edges of a view."""
        skipped = set(skipping)
        for edge in view.edges:
            if edge not in skipped:
                self.edge(edge)

    def edge(self, edge: Edge) -> None:
        look = self.said(edge.shape)
        if edge.dashed or edge.source.unsure or edge.source.fault:
            look["style"] = "dashed"
        if edge.change:
            look["color"] = self.theme.changes[edge.change].line
        if self.flow.straight(edge):
            look["weight"] = CHAIN
        if self.bend and edge in self.bend.skips:
            ends = self.key(edge.source), self.key(edge.target)
            self.level(self.dot, *ends, arrowhead="normal", **look)
        elif self.bend and edge.source in self.bend.rising:
            ends = self.port(edge.target, self.out), self.port(edge.source, self.into)
            self.dot.edge(*ends, dir="back", **look)
        else:
            ends = self.port(edge.source, self.out), self.port(edge.target, self.into)
            self.dot.edge(*ends, **look)

    def said(self, shape: str) -> dict[str, str]:
        """The label of an edge: beside a line that goes down, above one that goes right."""
        if not shape:
            return {}
        return {"label": f" {shape}" if self.direction == "down" else f"{shape}\n "}

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
        self.dot.edge("head0", self.port(first, self.into), style="invis", weight=STRAIGHT)
        for k, column in enumerate(found[:-1]):
            for name in (f"foot{k}", f"low{k}", f"high{k}", f"head{k + 1}"):
                self.dot.node(name, **POINT)
            self.foot(column, f"foot{k}")
            self.level(self.dot, f"foot{k}", f"low{k}")
            self.dot.edge(f"high{k}", f"low{k}", weight=STRAIGHT, **LINE)
            self.level(self.dot, f"head{k}", f"high{k}", style="invis")
            self.level(self.dot, f"high{k}", f"head{k + 1}")
            self.onward(f"head{k + 1}", column.onward)

    def onward(self, head: str, edges: Sequence[Edge]) -> None:
        """From the head of a column to what stands in it; several ways part a step below."""
        if len(edges) > 1:
            start = f"fork_{head}"
            self.dot.node(start, **POINT)
            self.dot.edge(head, start, weight=STRAIGHT, **LINE)
            head = start
        for edge in edges:
            weight = STRAIGHT if len(edges) == 1 else "1"
            self.dot.edge(head, self.port(edge.target, self.into), weight=weight)

    def foot(self, column: Column, foot: str) -> None:
        """The way out of a column, below all that ends in it."""
        source = column.onward[0].source
        shape = next((edge.shape for edge in column.onward if edge.shape), "")
        look = LINE | self.said(shape)
        self.dot.edge(self.port(source, self.out), foot, weight=STRAIGHT, **look)
        for box in self.dead_ends(column.items):
            self.dot.edge(self.port(box, self.out), foot, **UNSEEN)

    def level(self, dot: Any, left: str, right: str, **look: str) -> None:
        """Two nodes side by side, with a line between."""
        with dot.subgraph() as same:
            same.attr(rank="same")
            same.edge(left, right, **(LINE | look))

    def dead_ends(self, items: Iterable[Item]) -> list[Box]:
        """The boxes that lead nowhere."""
        leading = {edge.source for edge in self.view.edges}
        return [box for item in items for box in item.boxes() if box not in leading]

    # ---- insets ----

    def insets(self, found: Sequence[Column]) -> None:
        """What blocks are made of, behind the last column; as many below each other as fit."""
        lengths = [max(depths(inset, self.direction).values()) for inset in self.view.insets]
        room = max(depths(self.view, self.direction).values()) / len(found)
        room = max(room, 2 * max(lengths)) if len(lengths) > 2 else room
        beside = f"head{len(found) - 1}" if len(found) > 1 else self.key(self.view.boxes()[0])
        above, filled = "", 0.0
        for k, (inset, length) in enumerate(zip(self.view.insets, lengths, strict=True)):
            first, last = self.inset(inset, f"cluster_inset{k}")
            if above and filled + length <= room:
                self.dot.edge(above, first, **UNSEEN)
                filled += length
            else:
                self.level(self.dot, beside, first, **UNSEEN)
                beside, filled = first, length
            above = last

    def inset(self, inset: View, name: str) -> tuple[str, str]:
        """An inset; answers with its first and its last node."""
        self.clusters[name] = inset
        self.flow = Flow(inset)
        self.forks = self.flow.forks
        with self.dot.subgraph(name=name) as inner:
            inner.attr(label=label(self.markup.inset(inset)), labeljust="l")
            inner.attr(**self.frame_look(inset))
            self.items(inner, inset.items)
        self.edges(inset)
        boxes = inset.boxes()
        return self.key(boxes[0]), self.key(boxes[-1])
