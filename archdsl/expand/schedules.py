"""`schedule` lines: an operator's first number worked out for each use, once all are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, Note, did_you_mean, mistake
from archdsl.expand.names import Env
from archdsl.graph import Node, Scope
from archdsl.naming import unique
from archdsl.ops import OPS, Pointwise, apply
from archdsl.shapes import Misfit
from archdsl.symbols import Binding, Given, Literally, Position, Sym, counts
from archdsl.values import Evaluator, Value, number

if TYPE_CHECKING:
    from archdsl.expand.walk import Expander

Use = tuple[Scope | None, list[Node]]  # a use of the block, and the operators in it


def schedule(walk: Expander) -> None:
    """Give the operators of all lines their numbers; of two lines for one, the later counts.

    Uses of a block that came to the same do so no more.
    """
    if walk.variant.schedules:
        walk.reuse.forget()
    for line in walk.variant.schedules:
        try:
            scheduled(walk, line)
        except ArchError as error:
            walk.report(error)


def scheduled(walk: Expander, line: s.Schedule) -> None:
    field = first_number(line.operator)
    uses = used(walk, line)
    for i, (scope, nodes) in enumerate(uses):
        given = value(walk, line, i, len(uses))
        symbol = given.symbol
        if scope is not None and counts(symbol):
            symbol = Given(parameter(scope, field, given, walk.scope))
        for node in nodes:
            change(node, field, given.value, symbol, line)


def first_number(operator: s.Name) -> str:
    """The field that a line gives: the operator's first argument, where that is a number."""
    fields = dict(first_numbers())
    if operator.name not in OPS:
        message = f"there is no operator '{operator.name}'"
        raise mistake("unknown", message, operator.span, help=did_you_mean(operator.name, fields))
    if operator.name not in fields:
        raise mistake(
            "argument",
            f"'{operator.name}' takes no number that could change from use to use",
            operator.span,
            help=f"these do, as their first argument: {', '.join(fields)}",
        )
    return fields[operator.name]


def first_numbers() -> Iterator[tuple[str, str]]:
    """The operators whose first argument is a number that leaves the shape alone, and its field."""
    for name, op in OPS.items():
        if op.positional and issubclass(op, Pointwise):
            field = op.arguments()[op.positional[0]]
            if field.metadata["kind"] == "number":
                yield name, field.name


def used(walk: Expander, line: s.Schedule) -> list[Use]:
    """The uses that `i` counts, in walking order, with the operators that stand in each."""
    op = OPS[line.operator.name]
    uses: list[Use] = [(None, [node]) for node in walk.nodes if type(node.op) is op]
    blocks = {known_block(walk, name) for name in line.blocks}
    if blocks:
        scopes = within(walk.scope, blocks)
        uses = [(scope, [n for n in scope.nodes() if type(n.op) is op]) for scope in scopes]
    own = line in walk.variant.declared.definition.schedules
    if own and not any(nodes for _, nodes in uses):
        where = " or ".join(f"'{name.name}'" for name in line.blocks)
        where = f"within {where}" if where else "in this network"
        raise mistake("unknown", f"there is no '{line.operator.name}' {where}", line.operator.span)
    return uses


def known_block(walk: Expander, name: s.Name) -> str:
    """The name of a block; refuses what is none."""
    declared = next(filter(None, (walk.lookup(name.name, env) for env in walk.envs)), None)
    if declared is None:
        known = [block for env in walk.envs for block in env.declared.module.definitions]
        message = f"there is no block '{name.name}'"
        raise mistake("unknown", message, name.span, help=did_you_mean(name.name, known))
    if declared.definition.kind == "let":
        raise mistake(
            "kind",
            f"'{name.name}' is a 'let', which leaves no uses to count",
            name.span,
            help="make it a 'block', or count the operators themselves: leave it out",
        )
    return name.name


def within(scope: Scope, blocks: set[str]) -> Iterator[Scope]:
    """The uses of blocks in a scope, in walking order, those within each other included."""
    for item in scope.items:
        if isinstance(item, Scope):
            if item.definition in blocks:
                yield item
            yield from within(item, blocks)


class Counting(Evaluator):
    """Evaluates for one of `n` uses; `i` and `n` go before parameters of these names."""

    def __init__(self, env: Env, i: int, n: int) -> None:
        self.env = env
        self.own = {"i": Value(i, Position(i)), "n": Value(n, Literally(n))}

    def lookup(self, name: s.Name) -> Value:
        return self.own.get(name.name) or self.env.lookup(name)

    def axis(self, expr: s.InputAxis) -> Value:
        return self.env.axis(expr)


def value(walk: Expander, line: s.Schedule, i: int, n: int) -> Value:
    """The line's expression for one use."""
    found = Counting(walk.envs[-1], i, n)(line.value)
    number(found.value, line.value, f"'{line.operator.name}' is given a number")
    return found


def parameter(scope: Scope, field: str, given: Value, home: Scope) -> Binding:
    """The number as a parameter of the block's use, as code will pass it."""
    name = unique(field, {binding.name for binding in scope.params})
    binding = Binding(name, given.value, given.symbol, home)
    scope.params = (*scope.params, binding)
    return binding


def change(node: Node, field: str, value: float, symbol: Sym, line: s.Schedule) -> None:
    """Give an operator its number, if it takes it."""
    applied = apply(replace(node.op, **{field: value}), node.applied.inputs)
    try:
        _ = applied.shape
    except Misfit as misfit:
        note = (Note(node.span, f"'{node.path}' is given it"),) if node.span else ()
        raise mistake("shape", misfit.clause, line.value.span, notes=note) from None
    node.applied = applied
    node.symbols[field] = symbol
    node.schedule = {field: " ".join(line.value.span.text.split())}
