"""The shapes of a network as texts: `256 x ceil(H/8) x ceil(W/8)`."""

from __future__ import annotations

from math import lcm

from archdsl.formula import SAME, Formula, Term, enclosed, text
from archdsl.graph import Node
from archdsl.sizes.survey import Survey, hands_on

AXES = "DHW"


class Texts:
    """The texts of all nodes, right at each accepted size; or at those that are multiples."""

    def __init__(self, survey: Survey, multiple: int = 1) -> None:
        self.survey = survey
        self.multiple = multiple
        self.names = AXES[-len(survey.own) :]
        self.known: dict[object, str] = {}
        self.anchors: dict[Term, Term] = {}  # what the text of an extent is over
        self.extents: list[tuple[str, ...]] = []
        for node in survey.network.nodes:
            rank = node.shape.rank
            self.extents.append(tuple(self.extent(node, axis) for axis in range(rank)))
        self.varying = {node.index for node in survey.flattened if survey.varies(node)}
        self.features: dict[int, str] = {}
        for node in survey.network.nodes:
            if node.shape.rank == 0:
                self.features[node.index] = self.feature(node)

    def shape(self, node: Node) -> str:
        """`256 x ceil(H/8) x ceil(W/8)`; of features their number."""
        if node.shape.rank == 0:
            return self.features[node.index]
        return " x ".join([str(node.shape.channels), *map(enclosed, self.extents[node.index])])

    def extent(self, node: Node, axis: int) -> str:
        """An extent, as a text over the input's, or else over an extent on the way."""
        formula = self.survey.formulas[node.index][axis]
        terms = [(SAME, self.names[axis])]
        for i in node.inputs:
            before = self.survey.formulas[i][axis], self.extents[i][axis]
            terms += [term for term in (self.anchors[before], before) if " from " not in term[1]]
        key = formula, *terms
        if key not in self.known:
            accepted = self.accepted([formula, *(part for part, _ in terms)], axis)
            self.known[key], anchor = text(formula, terms, accepted)
            self.anchors[formula, self.known[key]] = anchor
        return self.known[key]

    def accepted(self, formulas: list[Formula], axis: int) -> list[int]:
        """The accepted extents of an axis, as far as some formulas have to be looked at."""
        allowed = self.survey.domains[axis]
        start = max(allowed.start, *(formula.start for formula in formulas))
        period = lcm(self.multiple, allowed.period, *(formula.period for formula in formulas))
        return [n for n in allowed.up_to(start + 2 * period) if n % self.multiple == 0]

    def feature(self, node: Node) -> str:
        """A number, or what it is made of where no weights fix it."""
        network, limit = self.survey.network, self.survey.limits.get(node.index)
        inputs = [network.nodes[i] for i in node.inputs]
        fixed = limit == node.shape.elements or not hands_on(node, network.input_shapes(node))
        texts = [self.elements(each) for each in inputs]
        if fixed or network.tensors(node) or all(text.isdigit() for text in texts):
            return str(node.shape)
        together = sum(each.shape.elements for each in inputs) == node.shape.elements
        return " + ".join(texts) if together else texts[0]

    def elements(self, node: Node) -> str:
        """How many elements a map or features have."""
        if node.shape.rank == 0:
            return self.features[node.index]
        if node.index not in self.varying:
            return str(node.shape.elements)
        extents = [enclosed(extent) for extent in self.extents[node.index] if extent != "1"]
        return "*".join([str(node.shape.channels), *extents])
