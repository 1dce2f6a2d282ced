"""How tensors flow through a view: chains that are drawn straight, branches, and ways past them."""

from __future__ import annotations

from collections import Counter

from archdsl.draw.boxes import Box, Edge, View


class Flow:
    """What the edges of a view are to the eye; ways into training-only heads do not count."""

    def __init__(self, view: View) -> None:
        solid = [edge for edge in view.edges if not aside(edge)]
        self.entering = Counter(edge.target for edge in solid)
        self.leaving = Counter(edge.source for edge in solid)
        along = [edge for edge in solid if not self.skips(edge)]
        self.reached = Counter(edge.target for edge in along)
        self.onward = Counter(edge.source for edge in along)
        self.chains = self.chained(along)
        self.forks = self.forked(along)

    def skips(self, edge: Edge) -> bool:
        """Whether an edge goes past what other branches do, straight into their joint."""
        joins = edge.target.kind == "joint" and self.entering[edge.target] > 1
        return joins and self.leaving[edge.source] > 1

    def straight(self, edge: Edge) -> bool:
        """Whether an edge is a step of a chain."""
        return (
            not aside(edge)
            and not self.skips(edge)
            and self.reached[edge.target] == 1
            and self.onward[edge.source] == 1
        )

    def chained(self, along: list[Edge]) -> dict[Box, Box]:
        """Of each box in a chain the chain's first box."""
        first: dict[Box, Box] = {}
        for edge in along:
            if self.straight(edge):
                first[edge.target] = first.setdefault(edge.source, edge.source)
        return first

    def forked(self, along: list[Edge]) -> list[list[Box]]:
        """The first boxes of branches that start together, in the order of the text."""
        branches: dict[Box, list[Box]] = {}
        for edge in along:
            if edge.target.kind != "joint" and self.reached[edge.target] == 1:
                branches.setdefault(edge.source, []).append(edge.target)
        return [starts for starts in branches.values() if len(starts) > 1]


def aside(edge: Edge) -> bool:
    """Whether an edge leads into a training-only head, or led past what has been added."""
    ends = edge.source.change, edge.target.change
    past = edge.change == "removed" and "removed" not in ends
    return past or (edge.dashed and not edge.source.dashed)
