"""What expressions give where parameters and tensors have other numbers than they had.

Only numbers change so, and only where expressions are proved to tell them: they have to give the
values that are there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archdsl import syntax as s
from archdsl.copying import twin
from archdsl.diagnostics import ArchError
from archdsl.expand.arguments import CONVERT, OpArguments
from archdsl.expand.building import MAX_ELEMENTS
from archdsl.graph import Node
from archdsl.ops import Applied, Op, apply
from archdsl.shapes import Misfit, Shape
from archdsl.symbols import Binding, ChannelsOf, Computed, Given, Literally, Position, Solved, Sym
from archdsl.values import calculated

Channels = Callable[[int], int]
Convert = Callable[[Any], Any]
Moved = tuple[str, Sym, Convert]  # an argument, its expression, and how it takes a value


class Unfit(Exception):
    """More than numbers would be another, or an expression does not tell them."""


# What is raised where other numbers do not fit, by whatever works with them.
REFUSALS = (ArchError, ArithmeticError, LookupError, Misfit, Unfit, ValueError)


class Values:
    """The values of expressions: `given` those of parameters, `channels` those of tensors.

    Parameters that are not `moving` keep theirs.
    """

    def __init__(
        self, given: dict[Binding, Any], channels: Channels, moving: Mapping[Binding, bool]
    ) -> None:
        self.given = given
        self.channels = channels
        self.moving = moving

    def of(self, symbol: Sym) -> Any:
        match symbol:  # fields in a pattern take twice as long
            case Given():
                return self.parameter(symbol.binding)
            case Literally():
                return symbol.value
            case Computed():
                return calculated(symbol.sign, [self.of(operand) for operand in symbol.operands])
            case ChannelsOf():
                return self.channels(symbol.node)
            case Position():
                return symbol.i
            case Solved("channels", goal):
                return self.channels(goal)
        raise Unfit

    def parameter(self, binding: Binding) -> Any:
        if binding not in self.given:
            moves = self.moving.get(binding, False)
            self.given[binding] = self.of(binding.symbol) if moves else binding.value
        return self.given[binding]

    def applied(self, op: Op, moving: Sequence[Moved], inputs: tuple[Shape, ...]) -> Applied:
        """An operator on some shapes, with the values of those of its arguments that move."""
        if moving:
            op = twin(op)
            op.__dict__.update({name: taken(self.of(symbol)) for name, symbol, taken in moving})
        made = apply(op, inputs)
        if made.shape.elements > MAX_ELEMENTS:
            raise Unfit
        return made


class Proof:
    """That expressions give the values that are there.

    `known` tells by parameter whether it may be another number; what is `solved` from a join is
    refused, or else is what channels there are.
    """

    def __init__(self, known: dict[Binding, bool], channels: Channels, *, solved: bool) -> None:
        self.known = known
        self.solved = solved
        self.moving: dict[int, list[Moved]] = {}  # arguments that move, by the operator's place
        self.values = Values({binding: binding.value for binding in known}, channels, known)

    def prove(self, nodes: Sequence[Node]) -> None:
        """Find the arguments that may be other numbers; raises Unfit."""
        for place, node in enumerate(nodes):
            for name, symbol in node.symbols.items():
                if self.moves(symbol):
                    taken = taking(node, name)
                    same(taken(self.values.of(symbol)), getattr(node.op, name))
                    self.moving.setdefault(place, []).append((name, symbol, taken))

    def moves(self, symbol: Sym) -> bool:
        """Whether what an expression gives may be another number; raises Unfit."""
        match symbol:  # fields in a pattern take twice as long
            case Literally() if symbol.written:
                return False
            case Position():
                return False
            case Given():
                return self.parameter(symbol.binding)
            case Computed():
                return max(map(self.moves, symbol.operands))  # each is to be proved
            case ChannelsOf():
                return True
            case Solved(what) if self.solved:
                return what == "channels"
        raise Unfit

    def parameter(self, binding: Binding) -> bool:
        """Whether a parameter may be another number; raises Unfit."""
        if binding not in self.known:
            self.known[binding] = self.moves(binding.symbol)
            if self.known[binding]:
                if type(binding.value) not in (int, float, bool):
                    raise Unfit
                same(self.values.parameter(binding), binding.value)
        return self.known[binding]


def same(one: object, other: object) -> None:
    """Raises Unfit where two values are not the same."""
    if type(one) is not type(other) or one != other:
        raise Unfit


def taking(node: Node, name: str) -> Convert:
    """How an argument of an operator takes a value."""
    field = next(f for f in node.op.arguments().values() if f.name == name)
    convert, span = CONVERT.get(field.metadata["kind"]), node.span
    if convert is None or span is None:
        raise Unfit
    found = OpArguments(type(node.op), node.applied.inputs[0].rank)
    return lambda value: convert(found, field, value, s.Hole(span))
