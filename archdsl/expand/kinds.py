"""Which parameters are sizes and which are numbers: told by how a body uses them.

An author writes no types, and `64x3` is a size or 'N channels, R times' by where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache

from archdsl import syntax as s
from archdsl.expand.arguments import padding_word
from archdsl.modules import Declared, DeclaredNetwork
from archdsl.ops import OPS
from archdsl.values import Callee

Place = Declared | DeclaredNetwork
Find = Callable[[str, Place], Declared | None]


class Kinds:
    """The kinds of each definition's parameters, remembered."""

    def __init__(self, find: Find) -> None:
        self.find = find
        self.known: dict[Declared, dict[str, set[str]]] = {}

    def of(self, declared: Declared) -> dict[str, set[str]]:
        """For each parameter the kinds of place that it stands in."""
        if declared not in self.known:
            names = {name for param in declared.definition.params for name in param.names}
            self.known[declared] = {name: set() for name in names}
            for name, kind in self.uses(declared.definition.body, declared):
                if name in names:
                    self.known[declared][name].add(kind)
        return self.known[declared]

    def uses(self, seq: s.Seq, declared: Place) -> Iterator[tuple[str, str]]:
        for item in seq.items:
            yield from self.unit(item.unit, declared)

    def unit(self, unit: s.Unit, declared: Place) -> Iterator[tuple[str, str]]:
        match unit:
            case s.Call():
                yield unit.name, "callee"
                for body in unit.bodies:
                    yield from self.uses(body, declared)
                name = default_callee(unit.name, declared)
                for expr, place in self.places(unit, Callee(name, self.find(name, declared))):
                    yield from named(expr, place)
            case s.Group(body):
                yield from self.uses(body, declared)
            case s.Choice(bodies) | s.Join(_, bodies):
                for body in bodies:
                    yield from self.uses(body, declared)
            case s.Repeat(inner, count):
                yield from named(count, "number")
                yield from self.unit(inner, declared)
            case s.If(then, condition, otherwise):
                yield from named(condition, "number")
                yield from self.unit(then, declared)
                if otherwise is not None:
                    yield from self.unit(otherwise.unit, declared)

    def places(self, call: s.Call, callee: Callee) -> Iterator[tuple[s.Expr, str]]:
        """Each argument of a call with the kind of place that it stands in.

        `callee` is what the call's name stands for.
        """
        kinds = self.parameters(callee)
        words = OPS[callee.name].words if callee.name in OPS else ()
        given = {arg.name for arg in call.args}
        waiting = [name for name in positional(callee) if name not in given]
        for arg in call.args:
            if arg.name is not None:
                yield arg.value, summary(kinds.get(arg.name, ()))
            elif isinstance(arg.value, s.Name) and (
                arg.value.name in words or ("pad" in kinds and padding_word(arg.value))
            ):
                continue
            else:
                yield arg.value, (summary(kinds.get(waiting.pop(0), ())) if waiting else "")

    def parameters(self, callee: Callee) -> Mapping[str, Collection[str]]:
        """The kinds of each of a callee's parameters."""
        if callee.name in OPS:
            return kinds_of(callee.name)
        return self.of(callee.declared) if callee.declared else {}


def positional(callee: Callee) -> Sequence[str]:
    """A callee's positional parameters in order."""
    if callee.name in OPS:
        return OPS[callee.name].positional
    return tuple(callee.declared.definition.named) if callee.declared else ()


@cache
def kinds_of(operator: str) -> Mapping[str, Collection[str]]:
    """The kind of each argument of an operator."""
    return {key: (f.metadata["kind"],) for key, f in OPS[operator].arguments().items()}


def default_callee(name: str, declared: Place) -> str:
    """The operator or block that a parameter stands for unless a call says otherwise."""
    for param in declared.definition.params:
        if param.names == (name,) and isinstance(param.default, s.Name):
            return param.default.name
    return name


def summary(kinds: Collection[str]) -> str:
    """One kind for several places: a size wins, since it can be nothing else."""
    for kind in ("size", "count", "number", "padding", "callee"):
        if kind in kinds:
            return kind
    return ""


def named(expr: s.Expr, place: str) -> Iterator[tuple[str, str]]:
    """The names in an expression, each with the kind that its place asks for."""
    match expr:
        case s.Name(name):
            yield name, place
        case s.Operation("/", (left, right)) if place == "size":
            yield from named(left, "size")
            yield from named(right, "count")
        case s.Operation(_, operands) | s.Apply(_, operands) | s.ChainValue(operands):
            for operand in operands:
                yield from named(operand, "number")
