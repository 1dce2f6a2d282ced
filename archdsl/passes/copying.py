"""A network's scopes, nodes and expressions copied, with its nodes numbered anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from archdsl.graph import Network, Node, Scope
from archdsl.symbols import Binding, ChannelsOf, Computed, Given, Solved, Sym


class Copier:
    """Copies what can change; `numbers` are the nodes' new numbers, where they differ."""

    def __init__(self, network: Network, numbers: Mapping[int, int]) -> None:
        self.numbers = numbers
        self.made: dict[Scope, Scope] = {}
        self.bindings: dict[Binding, Binding] = {}
        self.root = self.scope(network.root, None)
        for old, new in self.made.items():
            new.params = tuple(map(self.binding, old.params))
            new.condition = None if old.condition is None else self.symbol(old.condition)
            new.dropped = tuple(None if by is None else self.made[by] for by in old.dropped)
        for node in self.root.nodes():
            node.symbols = {name: self.symbol(symbol) for name, symbol in node.symbols.items()}

    def number(self, tensor: int) -> int:
        return self.numbers.get(tensor, tensor)

    def optional(self, tensor: int | None) -> int | None:
        return None if tensor is None else self.number(tensor)

    def scope(self, old: Scope, parent: Scope | None) -> Scope:
        new = self.made[old] = replace(
            old,
            parent=parent,
            items=[],
            entry=self.number(old.entry),
            exit=self.optional(old.exit),
            source=self.number(old.source),
            end=self.optional(old.end),
            goal=self.optional(old.goal),
            ends=tuple(map(self.optional, old.ends)),
        )
        for item in old.items:
            child = self.node(item, new) if isinstance(item, Node) else self.scope(item, new)
            new.items.append(child)
        return new

    def node(self, old: Node, scope: Scope) -> Node:
        return replace(
            old,
            index=self.number(old.index),
            scope=scope.naming,
            inputs=tuple(map(self.number, old.inputs)),
            sources=tuple(map(self.number, old.sources)),
        )

    def binding(self, old: Binding) -> Binding:
        if old not in self.bindings:
            home = None if old.home is None else self.made.get(old.home, old.home)
            new = self.bindings[old] = replace(old, home=home)
            new.symbol = self.symbol(old.symbol)
        return self.bindings[old]

    def symbol(self, old: Sym) -> Sym:
        match old:
            case Given(binding):
                return Given(self.binding(binding))
            case Computed(sign, operands):
                return Computed(sign, tuple(map(self.symbol, operands)))
            case ChannelsOf(node):
                return ChannelsOf(self.number(node))
            case Solved(what, goal, entry):
                return Solved(what, self.number(goal), self.number(entry))
        return old
