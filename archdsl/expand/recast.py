"""A network with another number for one of its parameters: what does not change is shared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from archdsl.copying import Copier, twin
from archdsl.expand.casting import REFUSALS, Proof, Unfit, Values, same
from archdsl.graph import Network, Node, Scope
from archdsl.ops import Applied
from archdsl.symbols import Binding, Literally, Sym, about


def recast(network: Network, parameter: Binding, value: Any) -> Network | None:
    """The network as another value of a parameter makes it, on maps of the same extents.

    None where more than numbers changes, or where only the network's text can tell.
    """
    try:
        return Recast(network, parameter, value).network()
    except REFUSALS:
        return None


class Recast(Copier):
    """Works out the operators, then copies the scopes in which something has changed."""

    def __init__(self, network: Network, parameter: Binding, value: Any) -> None:
        other = Binding(parameter.name, value, Literally(value), parameter.home, value)
        super().__init__({}, bindings={parameter: other})
        self.old = network
        self.inside = False  # of a block that changes
        self.nodes = [*network.nodes]
        self.applied = [node.applied for node in network.nodes]
        self.other: set[int] = set()  # the tensors with other channels
        self.known = {parameter: True}  # which parameters are about this one
        nodes, applied = network.nodes, self.applied
        was = {parameter: True}
        self.proof = Proof(was, lambda node: nodes[node].shape.channels, solved=True)
        now = {parameter: value}
        self.values = Values(now, lambda node: applied[node].shape.channels, self.proof.known)

    def network(self) -> Network:
        """The network of now; raises Unfit."""
        self.proof.prove(self.nodes)
        self.work_out()
        self.check()
        self.changed = self.changing()
        root = self.copy(self.old.root, None, self.old.root.name)
        counts = tuple(map(self.symbol, self.old.counts))
        return replace(self.old, root=root, nodes=self.nodes, params=root.params, counts=counts)

    def work_out(self) -> None:
        """Apply operators anew where they or what comes in has changed.

        Raises Unfit where extents change.
        """
        moving = self.proof.moving
        for node in self.nodes:
            if node.index in moving or not self.other.isdisjoint(node.inputs):
                shapes = tuple([self.applied[i].shape for i in node.inputs])
                applied = self.values.applied(node.op, moving.get(node.index, ()), shapes)
                if applied.shape.spatial != node.shape.spatial:
                    raise Unfit
                if applied.shape != node.shape:
                    self.other.add(node.index)
                self.applied[node.index] = applied

    def check(self) -> None:
        """Raises Unfit where what was asked to decide, or for copies, is another now."""
        asked = [*self.old.counts, *(decision.condition for decision in self.old.decisions)]
        for symbol in asked:
            if symbol is not None and self.proof.moves(symbol):
                same(self.values.of(symbol), self.proof.values.of(symbol))
        for decision in self.old.decisions:
            goal, entry = decision.goal, decision.entry
            if goal is not None and not self.other.isdisjoint((goal, entry)):
                raise Unfit

    def changing(self) -> set[Scope]:
        """The scopes that hold other operators or parameters, with all around them."""
        scopes = self.old.root.named_scopes()
        inner = [s for s in scopes if max(map(self.parameter, s.params), default=False)]  # all
        asked = [(decision.condition, decision.parent) for decision in self.old.decisions]
        inner += [scope for symbol, scope in asked if symbol and scope and self.about(symbol)]
        pairs = zip(self.nodes, self.applied, strict=True)
        inner += [node.scope for node, applied in pairs if node.applied is not applied]
        found = {self.old.root}
        for scope in inner:
            here: Scope | None = scope
            while here is not None and here not in found:
                found.add(here)
                here = here.parent
        return found

    def parameter(self, binding: Binding) -> bool:
        """Whether a parameter is about this one, or about channels that are others now."""
        if binding not in self.known:
            moves = self.proof.parameter(binding)
            self.known[binding] = moves and self.about(binding.symbol)
        return self.known[binding]

    def about(self, symbol: Sym) -> bool:
        """Whether an expression is about what has changed."""
        return about(symbol, self.parameter, self.other.__contains__)

    def scope(self, old: Scope, parent: Scope | None, name: str) -> Scope:
        """A scope, or the same one. Within a block that changes all is said in its parameters."""
        if not (old in self.changed or old.kind == "choice" or self.inside):
            return old
        around, self.inside = self.inside, self.inside or old.kind == "block"
        new = super().scope(old, parent, name)
        self.inside = around
        new.like = self.alike(old)
        return new

    def alike(self, scope: Scope) -> Scope | None:
        """The use that a use is still like."""
        if scope.like is None or scope.like not in self.scopes:
            return None
        return self.scopes[scope.like] if self.now(scope) == self.now(scope.like) else None

    def now(self, scope: Scope) -> tuple[list[Any], list[Applied]]:
        """The parameters' values and the operators of a scope."""
        values = [self.values.parameter(binding) for binding in scope.params]
        return values, [self.applied[node.index] for node in scope.nodes()]

    def say(self, old: Scope, new: Scope) -> None:
        if new is not old:
            super().say(old, new)

    def node(self, old: Node, scope: Scope) -> Node:
        new = self.nodes[old.index] = twin(old)
        new.applied = self.applied[old.index]
        new.scope, new.shape = scope.naming, new.applied.shape
        return new

    def binding(self, old: Binding) -> Binding:
        if old not in self.bindings:
            new = super().binding(old)
            new.value = self.values.parameter(old)
            if old in self.old.params:
                new.default = new.value
        return self.bindings[old]
