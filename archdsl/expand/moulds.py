"""Blocks that come again with other numbers: cast from an earlier use, and not walked again.

Numbers that decide nothing change arguments and shapes, and not which operators there are. So the
first use of a block serves as a mould: the same operators are made on what comes in now, with what
their expressions give for the parameters of now. Where that fails the block is walked, which tells
why.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.copying import Copier
from archdsl.expand.building import BROKEN, MAX_NODES, MAX_STEPS
from archdsl.expand.casting import REFUSALS, Proof, Unfit, Values
from archdsl.expand.names import Env
from archdsl.graph import Node, Scope
from archdsl.modules import Declared
from archdsl.records import cached_property, dataclass
from archdsl.shapes import Shape
from archdsl.symbols import Binding, Literally, Sym
from archdsl.values import Callee, Strided, Unsolved

if TYPE_CHECKING:
    from archdsl.expand.reuse import Before
    from archdsl.expand.walk import Expander


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
    def proof(self) -> Proof | None:
        """That nothing but numbers changes with those that come in; None where more may.

        That is where something was decided, or solved from around the block, or where the
        expressions do not give the values.
        """
        given = {binding: type(binding.value) in (int, float) for binding in self.given.bindings}
        proof = Proof(given, self.channels, solved=False)
        try:
            if any(self.scope.decisions()) or any(map(proof.moves, self.counts)):
                return None
            for scope in self.scope.named_scopes():
                for binding in scope.params:
                    proof.parameter(binding)
            proof.prove(self.nodes)
        except Unfit:
            return None
        return proof

    def channels(self, node: int) -> int:
        """The channels of a tensor that comes in or is made within; raises Unfit."""
        if node == self.scope.entry:
            return self.shape.channels
        place = node - self.start
        if not 0 <= place < len(self.nodes):
            raise Unfit
        return self.nodes[place].shape.channels


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
        for chain, text in zip(chains, outer, strict=True):
            if text.bodies or chain.reads_input:
                return None
            bindings += [text.values[name] for name in chain.mentioned if name in text.values]
        shape = walk.shape(x)
        texts = [(chain.span, text.declared) for chain, text in zip(chains, outer, strict=True)]
        kinds = [kind(binding.value) for binding in bindings]
        key = declared, x < 0, type(shape), len(shape), *texts, *kinds
        return Entering(key, tuple(bindings), tuple(chains), tuple([text.home for text in outer]))

    def keep(self, given: Entering | None, before: Before, scope: Scope) -> None:
        """Keep a walked block, if nothing else from outside has a say in it."""
        walk = self.walk
        start, asked, steps, passed, counts = before
        if given is None or walk.mistakes or scope.end is None:
            return
        known = self.known.get(given.key)
        if known is not None and known.given.chains == given.chains:
            return  # it is no mould, and this would be none
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
        if mould.given.chains != given.chains or (proof := mould.proof) is None:
            return False
        walk = self.walk
        start = len(walk.nodes)
        if start + len(mould.nodes) > MAX_NODES or walk.steps + mould.steps > MAX_STEPS:
            return False  # walked, it tells where there are too many
        try:
            Caster(walk, mould, proof, given, scope).fill()
        except REFUSALS:
            del walk.nodes[start:]
            return False
        return True


def kind(value: object) -> object:
    """The sort of a number, which may be another; of all else, which may decide, what it is."""
    if type(value) in (int, float):
        return type(value)
    if isinstance(value, (Strided, Unsolved)):
        return object()  # as no other
    return (value.name, value.declared) if isinstance(value, Callee) else (type(value), value)


class Caster(Copier):
    """Fills a scope with what stands in a mould, with the numbers of its own."""

    def __init__(
        self, walk: Expander, mould: Mould, proof: Proof, given: Entering, scope: Scope
    ) -> None:
        start, old, was = len(walk.nodes), mould.scope, mould.given
        numbers = {mould.start + i: start + i for i in range(len(mould.nodes))}
        numbers |= {old.entry: scope.entry, old.source: scope.source}
        homes = {**dict(zip(was.homes, given.homes, strict=True)), old: scope}
        bindings = dict(zip(was.bindings, given.bindings, strict=True))
        super().__init__(numbers, homes, bindings)
        self.walk = walk
        self.mould = mould
        self.moving = proof.moving
        values = {was: now.value for was, now in bindings.items()}
        self.values = Values(values, self.channels, proof.known)
        self.use = walk.uses[0][1]

    def channels(self, node: int) -> int:
        return self.walk.nodes[self.numbers[node]].shape.channels

    def fill(self) -> None:
        walk, mould = self.walk, self.mould
        scope = self.scopes[mould.scope]
        scope.items, scope.end = self.items(mould.scope, scope), self.optional(mould.scope.end)
        walk.counts += map(self.symbol, mould.counts)
        walk.steps += mould.steps

    def scope(self, old: Scope, parent: Scope | None, name: str) -> Scope:
        new = super().scope(old, parent, name)
        new.params = tuple(map(self.binding, old.params))
        return new

    def binding(self, old: Binding) -> Binding:
        if old not in self.bindings:
            super().binding(old).value = self.values.parameter(old)
        return self.bindings[old]

    def node(self, old: Node, scope: Scope) -> Node:
        walk, numbers = self.walk, self.numbers
        sources = tuple([numbers[i] for i in old.sources])
        passed = old.inputs != old.sources
        inputs = tuple([numbers[i] for i in old.inputs]) if passed else sources
        shapes = tuple([walk.nodes[i].shape for i in inputs])
        moving = self.moving.get(old.index - self.mould.start, ())
        applied = self.values.applied(old.applied.op, moving, shapes)
        symbols = {
            name: symbol if type(symbol) is Literally else self.symbol(symbol)
            for name, symbol in old.symbols.items()
        }
        new = Node(
            len(walk.nodes),
            old.name,
            inputs,
            applied.shape,
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
