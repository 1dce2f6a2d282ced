"""Stacks: which calls are repeated, and what their copies are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from archdsl import syntax as s
from archdsl.diagnostics import mistake
from archdsl.expand.building import BROKEN, MAX_NODES
from archdsl.expand.names import Env
from archdsl.expand.params import matched
from archdsl.modules import RESERVED, Declared
from archdsl.ops import OPS
from archdsl.source import Span

if TYPE_CHECKING:
    from archdsl.expand.walk import Expander

Copy = TypeVar("Copy")
Made = TypeVar("Made")


class Stacks:
    """How an expander repeats what says `64x3`, `x3` or `x(n)`."""

    def __init__(self, walk: Expander) -> None:
        self.walk = walk
        # By a size of the tree and what it is given to: whether it stands for a number.
        self.numbers: dict[tuple[object, ...], bool] = {}

    def copies(self, unit: s.Unit, env: Env) -> list[s.Unit] | None:
        """The units that a stack repeats; None for what is no stack."""
        if isinstance(unit, s.Repeat):
            return self.repeated(unit.unit, self.count(unit.count, env), env)
        if not isinstance(unit, s.Call) or unit.name in RESERVED:
            return None
        found: list[tuple[int, list[s.Seq]]] = []
        for i, body in enumerate(unit.bodies):
            if (seqs := self.body_copies(body, env)) is not None:
                found.append((i, seqs))
        if len(found) > 1:
            raise mistake(
                "argument",
                f"'{unit.name}' is given two stacks: which one is repeated?",
                unit.bodies[found[1][0]].span,
                help="put a stack that is one body into parentheses",
            )
        if found:
            i, copies = found[0]
            head, tail = unit.bodies[:i], unit.bodies[i + 1 :]
            return each(copies, lambda seq: replace(unit, bodies=(*head, seq, *tail)))
        for i, arg in enumerate(unit.args):
            if isinstance(arg.value, s.Size) and self.takes_number(unit, arg, env):
                channels, count = self.stacked(arg.value)
                number = replace(arg, value=s.Number(channels, arg.value.span))
                args = (*unit.args[:i], number, *unit.args[i + 1 :])
                return self.repeated(replace(unit, args=args), count, env)
        return None

    def repeated(self, unit: s.Unit, count: int, env: Env) -> list[s.Unit]:
        """Copies of a unit; the stride of a call is for the first."""
        if count > 1 and isinstance(unit, s.Call) and unit.name not in RESERVED:
            return [unit, *[self.unstrided(unit, env)] * (count - 1)]
        return [unit] * count

    def unstrided(self, call: s.Call, env: Env) -> s.Call:
        """A call without its stride."""
        callee = self.walk.callee(call.name, env)
        kinds = {id(expr): kind for expr, kind in self.walk.kinds.places(call, callee)}
        args: list[s.Arg] = []
        for arg in call.args if callee.declared is None else unordered(callee.declared, call):
            value = arg.value
            if arg.name == "stride":
                continue
            if isinstance(value, s.Operation) and value.sign == "/":
                size = value.operands[0]
                if isinstance(size, s.Size) or kinds.get(id(value)) == "size":
                    arg = replace(arg, value=size)
            args.append(arg)
        return replace(call, args=tuple(args))

    def body_copies(self, body: s.Seq, env: Env) -> list[s.Seq] | None:
        """The copies of a body that is a stack and nothing else."""
        if len(body.items) != 1 or body.items[0].label is not None:
            return None
        inner = self.copies(body.items[0].unit, env)
        if inner is None:
            return None
        return each(inner, lambda unit: s.Seq((s.Item(None, unit, unit.span),), body.span))

    def stacked(self, size: s.Size) -> tuple[int, int]:
        if len(size.dims) != 2:
            raise mistake(
                "kind",
                f"a number of channels belongs here, and {size.span.text} is a size",
                size.span,
                help="64x3 reads '64 channels, 3 times'",
            )
        if size.dims[1] < 1:
            raise mistake("value", "a stack has at least one copy", size.span)
        if size.dims[1] > MAX_NODES:
            raise mistake("limit", f"a stack has at most {MAX_NODES:,} copies", size.span)
        return size.dims[0], size.dims[1]

    def takes_number(self, call: s.Call, arg: s.Arg, env: Env) -> bool:
        """Whether an argument stands where a number belongs, and never a size."""
        callee = self.walk.callee(call.name, env)
        key = id(arg.value), callee.name, callee.declared
        if key not in self.numbers:
            places = self.walk.kinds.places(call, callee)
            place = next(place for expr, place in places if expr is arg.value)
            self.numbers[key] = place == "count" or (place == "number" and callee.name not in OPS)
        return self.numbers[key]

    def count(self, expr: s.Expr, env: Env) -> int:
        found = env(expr)
        self.walk.counts.append(found.symbol)
        value = found.value
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise mistake("value", "a stack has at least one copy", expr.span)
        if value > MAX_NODES:
            raise mistake("limit", f"a stack has at most {MAX_NODES:,} copies", expr.span)
        return value

    def stack(
        self, label: s.Label | None, copies: list[s.Unit], env: Env, x: int, span: Span
    ) -> int | None:
        if label is None:
            return self.splice(copies, env, x)
        if label.first is not None:
            out: int | None = x
            for i, unit in enumerate(copies, label.first):
                if out is None:
                    break
                out = self.walk.item(s.Label(f"{label.name}{i}", None, label.span), unit, env, out)
            return out
        return self.walk.open_group(
            label, x, span, lambda x: self.splice(copies, env, x), numbered=True
        )

    def splice(self, copies: list[s.Unit], env: Env, x: int) -> int | None:
        out: int | None = x
        for unit in copies:
            if out in (None, BROKEN):  # its copies would tell the same again
                break
            out = self.walk.item(None, unit, env, out)
        return out


def each(copies: list[Copy], made: Callable[[Copy], Made]) -> list[Made]:
    """What is made of each copy, where one that stands twice stays one."""
    known = {id(copy): made(copy) for copy in {id(copy): copy for copy in copies}.values()}
    return [known[id(copy)] for copy in copies]


def unordered(declared: Declared, call: s.Call) -> list[s.Arg]:
    """A call's arguments, from a stride given by its position on by name."""
    given = matched(declared, call)
    names = [param.names for param in declared.definition.params]
    last = names.index(("stride",)) if ("stride",) in names else len(names)
    return [
        arg if names.index(own) < last else replace(arg, name=">".join(own))
        for own, arg in given.items()
    ]
