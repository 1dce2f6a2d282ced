"""Blocks that come again with other numbers: cast from an earlier use, and not walked again.

Numbers that decide nothing change arguments and shapes, and not which operators there are. So the
first use of a block serves as a mould: the same operators are made on what comes in now, with what
their expressions give for the parameters of now. Where that fails the block is walked, which tells
why.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any

from archdsl import syntax as s
from archdsl.copying import Copier, twin
from archdsl.diagnostics import ArchError
from archdsl.expand.arguments import CONVERT, OpArguments
from archdsl.expand.building import BROKEN, MAX_ELEMENTS, MAX_NODES, MAX_STEPS
from archdsl.expand.names import Env
from archdsl.graph import Node, Scope, joined
from archdsl.modules import Declared
from archdsl.ops import apply
from archdsl.records import cached_property, dataclass
from archdsl.shapes import Misfit, Shape
from archdsl.symbols import Binding, ChannelsOf, Computed, Given, Literally, Sym
from archdsl.values import Callee, Strided, Unsolved, calculated

if TYPE_CHECKING:
    from archdsl.expand.reuse import Before
    from archdsl.expand.walk import Expander

Channels = Callable[[int], int]
Convert = Callable[[Any], Any]
Moving = dict[Node, list[tuple[str, Convert]]]
NUMBERS = (int, float, bool)


class Unfit(Exception):
    """More than numbers would be another in another use."""


@dataclass(frozen=True, eq=False)
class Entering:
    """What a use of a block is given: its parameters and chains, with what these name.

    `key` tells which operators it makes; `homes` are the scopes in whose text its chains stand.
    """

    key: Hashable
    bindings: tuple[Binding, ...]
    chains: tuple[s.Seq, ...]
    homes: tuple[Scope, ...]


@dataclass(frozen=True, eq=False)
class Mould:
    """A use of a block, with what it was given, the shape that came in, and the operators in it.

    `start` is the number of the first; `counts` were asked for copies.
    """

    given: Entering
    scope: Scope
    shape: Shape
    start: int
    nodes: tuple[Node, ...]
    steps: int
    counts: tuple[Sym, ...]

    @cached_property
    def moving(self) -> Moving | None:
        """The arguments that numbers from outside change, with how an operator takes them.

        None where it is no mould: where something was decided, or solved from around the block, or
        where the expressions do not give the values.
        """
        proof = Proof(self)
        try:
            if any(map(proof.moves, self.counts)):
                return None
            for scope in scopes(self.scope):
                if scope.kind == "choice":
                    return None
                if scope is not self.scope:
                    for binding in scope.params:
                        proof.moves(Given(binding))
            return {node: found for node in self.nodes if (found := proof.fields(node))}
        except Unfit:
            return None


class Moulds:
    """The blocks that an expander has walked, by what tells which operators they make."""

    def __init__(self, walk: Expander) -> None:
        self.walk = walk
        self.known: dict[Hashable, Mould] = {}

    def entering(self, declared: Declared, env: Env, x: int) -> Entering | None:
        """What a block is given; None where that does not tell which operators it makes."""
        walk = self.walk
        if walk.mistakes or x == BROKEN or walk.level < len(walk.variant.levels):
            return None
        bindings = [*env.values.values()]
        chains = [closure.seq for closure in env.bodies.values()]
        outer = [closure.env for closure in env.bodies.values()]
        for chain, around in zip(chains, outer, strict=True):
            if around.bodies or chain.reads_input:
                return None
            values = around.values
            bindings += [values[name] for name in chain.mentioned if name in values]
        shape = walk.shape(x)
        texts = [(chain.span, env.declared) for chain, env in zip(chains, outer, strict=True)]
        kinds = [kind(binding.value) for binding in bindings]
        key = declared, x < 0, type(shape), len(shape), *texts, *kinds
        return Entering(key, tuple(bindings), tuple(chains), tuple([env.home for env in outer]))

    def keep(self, given: Entering | None, before: Before, scope: Scope) -> None:
        """Keep a walked block, if nothing else from outside has a say in it."""
        walk = self.walk
        start, asked, steps, passed, counts = before
        if given is None or walk.mistakes or scope.end is None:
            return
        if (asked, passed) == (walk.asked, len(walk.aliases)):
            self.known[given.key] = Mould(
                given,
                scope,
                walk.shape(scope.source),
                start,
                tuple(walk.nodes[start:]),
                walk.steps - steps,
                tuple(walk.counts[counts:]),
            )

    def cast(self, given: Entering | None, scope: Scope) -> bool:
        """Fill an open scope from a mould; False where there is none that fits."""
        if given is None or (mould := self.known.get(given.key)) is None:
            return False
        if mould.given.chains != given.chains or mould.moving is None:
            return False
        walk = self.walk
        start = len(walk.nodes)
        if start + len(mould.nodes) > MAX_NODES or walk.steps + mould.steps > MAX_STEPS:
            return False  # walked, it tells where there are too many
        try:
            Caster(walk, mould, given, scope).fill()
        except (ArchError, ArithmeticError, LookupError, Misfit, ValueError):
            del walk.nodes[start:]
            scope.items.clear()
            return False
        return True


def kind(value: object) -> object:
    """The sort of a number, which may be another; of all else, which may decide, what it is."""
    if type(value) in (int, float):
        return type(value)
    if isinstance(value, (Strided, Unsolved)):
        return object()  # as no other
    return (value.name, value.declared) if isinstance(value, Callee) else (type(value), value)


# ---- what becomes another --------------------------------------------------------------------


def scopes(scope: Scope) -> Iterator[Scope]:
    """A scope and all within it."""
    yield scope
    for item in scope.items:
        if isinstance(item, Scope):
            yield from scopes(item)


class Proof:
    """That the expressions in a mould give the values that stand there."""

    def __init__(self, mould: Mould) -> None:
        self.mould = mould
        # By parameter, whether it is another number where those from outside are.
        given = mould.given.bindings
        self.known = {binding: type(binding.value) in (int, float) for binding in given}

    def fields(self, node: Node) -> list[tuple[str, Convert]]:
        """The fields of an operator that move; raises Unfit."""
        moving = [name for name, symbol in node.symbols.items() if self.moves(symbol)]
        taken = [(name, taking(node, name)) for name in moving]
        for name, convert in taken:
            same(convert(worth(node.symbols[name], self.channels)), getattr(node.op, name))
        return taken

    def moves(self, symbol: Sym) -> bool:
        """Whether what an expression gives may be another number; raises Unfit."""
        match symbol:
            case Literally(written=True):
                return False
            case Given(binding):
                if binding not in self.known:
                    self.known[binding] = self.moves(binding.symbol)
                    if type(binding.value) in NUMBERS:
                        same(worth(binding.symbol, self.channels), binding.value)
                    elif self.known[binding]:
                        raise Unfit
                return self.known[binding]
            case Computed(_, operands):
                return max(map(self.moves, operands))  # each is to be proved
            case ChannelsOf():
                return True
        raise Unfit

    def channels(self, node: int) -> int:
        if node == self.mould.scope.entry:
            return self.mould.shape.channels
        place = node - self.mould.start
        if not 0 <= place < len(self.mould.nodes):
            raise Unfit
        return self.mould.nodes[place].shape.channels


def same(one: object, other: object) -> None:
    """Raises Unfit where two values are not the same."""
    if type(one) is not type(other) or one != other:
        raise Unfit


def worth(symbol: Sym, channels: Channels) -> Any:
    """The value of an expression, whose parameters have theirs."""
    match symbol:
        case Given(binding):
            return binding.value
        case Literally(value):
            return value
        case ChannelsOf(node):
            return channels(node)
        case Computed(sign, operands):
            return calculated(sign, [worth(operand, channels) for operand in operands])
    raise Unfit


def taking(node: Node, name: str) -> Convert:
    """How a field of an operator takes a value."""
    field = next(f for f in node.op.arguments().values() if f.name == name)
    convert, span = CONVERT.get(field.metadata["kind"]), node.span
    if convert is None or span is None:
        raise Unfit
    found = OpArguments(type(node.op), node.applied.inputs[0].rank)
    return lambda value: convert(found, field, value, s.Hole(span))


# ---- casting ---------------------------------------------------------------------------------


class Caster(Copier):
    """Fills a scope with what stands in a mould, with the numbers of its own."""

    def __init__(self, walk: Expander, mould: Mould, given: Entering, scope: Scope) -> None:
        start, old, was = len(walk.nodes), mould.scope, mould.given
        numbers = {mould.start + i: start + i for i in range(len(mould.nodes))}
        numbers |= {old.entry: scope.entry, old.source: scope.source}
        homes = {**dict(zip(was.homes, given.homes, strict=True)), old: scope}
        super().__init__(numbers, homes, dict(zip(was.bindings, given.bindings, strict=True)))
        self.walk = walk
        self.mould = mould
        self.moving = mould.moving or {}
        self.use = walk.uses[0][1]

    def fill(self) -> None:
        walk, mould = self.walk, self.mould
        self.items(mould.scope, self.scopes[mould.scope])
        self.scopes[mould.scope].end = self.optional(mould.scope.end)
        walk.counts += map(self.symbol, mould.counts)
        walk.steps += mould.steps

    def items(self, old: Scope, new: Scope) -> None:
        new.items = [
            self.node(item, new) if isinstance(item, Node) else self.scope(item, new, item.name)
            for item in old.items
        ]

    def scope(self, old: Scope, parent: Scope | None, name: str) -> Scope:
        assert parent is not None
        new = self.scopes[old] = twin(old)
        new.parent, new.path, new.like = parent, joined(parent.path, name), None
        new.entry, new.exit = self.number(old.entry), self.optional(old.exit)
        new.source, new.end = self.number(old.source), self.optional(old.end)
        new.params = tuple(map(self.binding, old.params))
        self.items(old, new)
        return new

    def binding(self, old: Binding) -> Binding:
        if old not in self.bindings:
            new = super().binding(old)
            if type(new.value) in NUMBERS:
                new.value = worth(new.symbol, self.channels)
        return self.bindings[old]

    def node(self, old: Node, scope: Scope) -> Node:
        walk, op, numbers = self.walk, old.applied.op, self.numbers
        symbols = {
            name: symbol if type(symbol) is Literally else self.symbol(symbol)
            for name, symbol in old.symbols.items()
        }
        if old in self.moving:
            op = twin(op)
            for name, convert in self.moving[old]:
                op.__dict__[name] = convert(worth(symbols[name], self.channels))
        sources = tuple([numbers[i] for i in old.sources])
        passed = old.inputs != old.sources
        inputs = tuple([numbers[i] for i in old.inputs]) if passed else sources
        applied = apply(op, tuple([walk.nodes[i].shape for i in inputs]))
        shape = applied.shape
        if shape.elements > MAX_ELEMENTS:
            raise ValueError
        new = Node(
            len(walk.nodes),
            old.name,
            inputs,
            shape,
            scope,
            sources,
            applied,
            old.span,
            symbols,
            walk.device,
            walk.training,
            self.use,
        )
        walk.nodes.append(new)
        return new

    def channels(self, node: int) -> int:
        return self.walk.nodes[node].shape.channels
