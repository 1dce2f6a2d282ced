"""Scopes copied with their nodes and expressions, the nodes numbered anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from archdsl.graph import Node, Scope, joined
from archdsl.ops import Op
from archdsl.symbols import Binding, ChannelsOf, Computed, Given, Solved, Sym

Item = TypeVar("Item", Node, Scope, Op)


def twin(item: Item) -> Item:
    """Another with the same fields; `copy.copy` takes four times as long to find out how."""
    new = object.__new__(type(item))
    new.__dict__.update(item.__dict__)
    return new


class Copier:
    """Copies what can change; `numbers` are the tensors' new numbers, where they differ.

    `scopes` and `bindings` from outside of what is copied stand for others there.
    """

    def __init__(
        self,
        numbers: Mapping[int, int],
        scopes: Mapping[Scope, Scope] | None = None,
        bindings: Mapping[Binding, Binding] | None = None,
    ) -> None:
        self.numbers = numbers
        self.scopes = dict(scopes or {})
        self.bindings = dict(bindings or {})

    def copy(self, scope: Scope, parent: Scope | None = None, name: str = "") -> Scope:
        """A scope with all that stands in it; in another scope under another name."""
        new = self.scope(scope, parent, name)
        self.say(scope, new)
        return new

    def number(self, tensor: int) -> int:
        return self.numbers.get(tensor, tensor)

    def optional(self, tensor: int | None) -> int | None:
        return None if tensor is None else self.number(tensor)

    def scope(self, old: Scope, parent: Scope | None, name: str) -> Scope:
        new = self.scopes[old] = twin(old)
        new.parent, new.name, new.like = parent, name, None
        if parent is not None:
            new.path = joined(parent.path, name)
        new.entry, new.exit = self.number(old.entry), self.optional(old.exit)
        new.source, new.end = self.number(old.source), self.optional(old.end)
        new.goal = self.optional(old.goal)
        new.ends = tuple(map(self.optional, old.ends))
        new.items = self.items(old, new)
        return new

    def items(self, old: Scope, new: Scope) -> list[Node | Scope]:
        """What stands in a scope, for another."""
        return [
            self.node(item, new) if isinstance(item, Node) else self.scope(item, new, item.name)
            for item in old.items
        ]

    def node(self, old: Node, scope: Scope) -> Node:
        new = twin(old)
        new.index, new.scope = self.number(old.index), scope.naming
        new.inputs = tuple(map(self.number, old.inputs))
        new.sources = tuple(map(self.number, old.sources))
        return new

    def say(self, old: Scope, new: Scope) -> None:
        """Copy the expressions, which may be about any scope around them."""
        new.params = tuple(map(self.binding, old.params))
        new.condition = None if old.condition is None else self.symbol(old.condition)
        new.dropped = tuple(None if by is None else self.scopes[by] for by in old.dropped)
        for before, item in zip(old.items, new.items, strict=True):
            if isinstance(item, Scope):
                assert isinstance(before, Scope)
                self.say(before, item)
            else:
                item.symbols = {name: self.symbol(each) for name, each in item.symbols.items()}

    def binding(self, old: Binding) -> Binding:
        if old not in self.bindings:
            home = None if old.home is None else self.scopes.get(old.home, old.home)
            symbol = self.symbol(old.symbol)
            self.bindings[old] = Binding(old.name, old.value, symbol, home, old.default)
        return self.bindings[old]

    def symbol(self, old: Sym) -> Sym:
        match old:  # fields in a pattern take twice as long
            case Given():
                return Given(self.binding(old.binding))
            case Computed():
                return Computed(old.sign, tuple(map(self.symbol, old.operands)))
            case ChannelsOf():
                return ChannelsOf(self.number(old.node))
            case Solved():
                return Solved(old.what, self.number(old.goal), self.number(old.entry))
        return old
