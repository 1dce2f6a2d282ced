"""The walk over chains: units, calls, blocks and groups, one step feeding the next.

How stacks repeat is in `stacks`, how a join chooses and solves in `joins`, how arguments meet
parameters in `arguments` and `params`, what `from` edits in `edits`, help that has to guess in
`advice`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, did_you_mean, mistake
from archdsl.expand.advice import advised
from archdsl.expand.arguments import UNKNOWN, OpArguments, op_arguments
from archdsl.expand.building import BROKEN, MAX_STEPS, Building
from archdsl.expand.edits import Child, Variant
from archdsl.expand.joins import Broken, Joins
from archdsl.expand.kinds import Kinds
from archdsl.expand.moulds import Moulds
from archdsl.expand.names import Closure, Env
from archdsl.expand.params import bind
from archdsl.expand.reuse import Reuse
from archdsl.expand.stacks import Stacks
from archdsl.expand.words import Words
from archdsl.graph import Use
from archdsl.modules import RESERVED, Declared, DeclaredNetwork
from archdsl.naming import MODULE_ATTRIBUTES
from archdsl.ops import OPS, Identity, Op, written
from archdsl.source import Span
from archdsl.values import Callee, kind_of


class Expander(Building):
    """One expansion; its fields are the place in the walk."""

    def __init__(self, variant: Variant, uses: Mapping[Hashable, Use]) -> None:
        super().__init__(variant, uses)
        self.kinds = Kinds(self.find)
        self.joins = Joins(self)
        self.stacks = Stacks(self)
        self.words = Words(self)
        self.reuse = Reuse(self)
        self.moulds = Moulds(self)
        self.envs: list[Env] = []  # of the networks of a `from` chain, the base first
        self.joining = False
        self.steps = 0
        self.started = False  # the inputs are known, and `in` with them

    # ---- chains ----

    def seq(self, seq: s.Seq, env: Env, x: int) -> int | None:
        """Feed a tensor through a chain; None where the chain says `none`."""
        current: int | None = x
        for item in seq.items:
            if current is None:
                error = mistake("none", "nothing can follow 'none'", item.span, help="remove it")
                self.report(error)
                return self.behind(error, item.unit, x, len(self.nodes))
            current = self.item(item.label, item.unit, env, current)
        return current

    def item(self, label: s.Label | None, unit: s.Unit, env: Env, x: int) -> int | None:
        """One step, with its mistakes reported where it can be gone on behind them."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            self.abandon(
                mistake("limit", f"the network takes more than {MAX_STEPS:,} steps", unit.span)
            )
        start = len(self.nodes)
        out: int | None
        try:
            out = self.unit(label, unit, env, x)
        except ArchError as error:
            if self.joins.trying:
                raise
            self.report(advised(error, unit, env))
            out = self.behind(error, unit, x, start)
        except Broken:
            out = BROKEN
        if label is not None and out is not None:
            self.room.tensors[label.name] = out
        return out

    def behind(self, error: ArchError, unit: s.Unit, x: int, start: int) -> int:
        """The tensor behind a mistake in a unit whose first node would have been `start`."""
        return BROKEN

    def unit(self, label: s.Label | None, unit: s.Unit, env: Env, x: int) -> int | None:
        if label is not None:
            self.check_label(label)
        copies = self.stacks.copies(unit, env)
        if copies is not None:
            return self.stacks.stack(label, copies, env, x, unit.span)
        match unit:
            case s.Call():
                return self.call(label, unit, env, x)
            case s.Group(body):
                if label is not None or self.room.scope.numbered:
                    return self.group(label, body, env, x, unit.span)
                return self.seq(body, env, x)
            case s.Choice():
                return self.joins.choose(label, unit, env, x)
            case s.Join():
                if label is None:
                    return self.joins.join(unit, env, x)
                return self.open_group(
                    label, x, unit.span, lambda x: self.joins.join(unit, env, x), numbered=False
                )
            case s.Ref():
                return self.tensor(unit.name, unit.span)
            case s.If():
                return self.conditional(label, unit, env, x)
            case s.Repeat():
                raise AssertionError("copies() takes repeats apart")

    def check_label(self, label: s.Label) -> None:
        """Refuse labels that PyTorch cannot take."""
        if "." in label.name:
            raise mistake(
                "label",
                f"a label is one name, and '{label.name}' is a path",
                label.span,
                help="paths reach into the base of a network that says 'from'",
            )
        if label.name.startswith("__"):
            raise mistake(
                "label",
                "a label does not begin with '__', which Python renames within a class",
                label.span,
                help=f"choose another label, such as '{label.name.strip('_') or 'item'}_1'",
            )
        if label.name in MODULE_ATTRIBUTES:
            raise mistake(
                "label",
                f"'{label.name}' is an attribute of every PyTorch module",
                label.span,
                help=f"choose another label, such as '{label.name.strip('_')}_1'",
            )

    def conditional(self, label: s.Label | None, unit: s.If, env: Env, x: int) -> int | None:
        condition = env(unit.condition)
        chosen = 0 if condition.value else 1
        with self.choice(unit.span, chosen, x, condition.symbol) as scope:
            if condition.value:
                scope.end = self.item(label, unit.then, env, x)
            elif unit.otherwise is None:
                scope.end = x
            else:
                other = unit.otherwise
                scope.end = self.item(other.label or label, other.unit, env, x)
        return self.passed(scope)

    # ---- calls ----

    def call(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int | None:
        if label is not None and label.first is not None:
            raise mistake(
                "label",
                "a label with '#' numbers a stack, and this is none",
                label.span,
                help=f"leave the '#' out, or repeat the item, {call.name} x3",
            )
        if call.name in RESERVED:
            return self.words.word(label, call, env, x)
        if call.name in env.bodies:
            return self.body(label, call, env, x)
        callee = self.callee(call.name, env)
        name, declared = callee.name, callee.declared
        if declared is not None:
            self.go_deeper(call, declared)
            try:
                if declared.definition.kind == "block":
                    return self.block(label, declared, call, env, x)
                return self.let(label, declared, call, env, x)
            finally:
                self.uses.pop()
        if name in OPS:
            return self.operator(label, OPS[name], call, env, x)
        if name in env.values:
            raise mistake(
                "kind",
                f"'{name}' is called, and it is {kind_of(env.values[name].value)}",
                call.name_span,
                help=f"give it the name of an operator or block, {name}=...",
            )
        names = [*OPS, *RESERVED, *env.bodies, *env.values, *env.declared.module.definitions]
        raise mistake(
            "unknown",
            f"there is no operator or block '{name}'",
            call.name_span,
            help=written(name) or did_you_mean(name, names),
        )

    def callee(self, name: str, env: Env) -> Callee:
        """The operator or block that a name calls; a parameter stands for what it was given."""
        binding = env.values.get(name)
        if binding is not None and isinstance(binding.value, Callee):
            return binding.value
        return Callee(name, self.find(name, env.declared))

    def body(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int | None:
        """A chain that was given in `< >`."""
        if call.args or call.bodies:
            raise mistake("argument", f"the body '{call.name}' takes no arguments", call.span)
        closure = env.bodies[call.name]
        if label is not None:
            return self.group(label, closure.seq, closure.env, x, call.span)
        return self.seq(closure.seq, closure.env, x)

    def operator(
        self, label: s.Label | None, op: type[Op], call: s.Call, env: Env, x: int
    ) -> int | None:
        if call.bodies:
            raise mistake("argument", f"{op.name} is an operator and takes no body", call.span)
        rank = self.shape(x).rank if x != BROKEN else UNKNOWN
        found = op_arguments(op, call, env, rank)
        inputs = (x, *[self.tensor(ref.name, ref.span) for ref in found.tensors])
        if x == BROKEN:
            raise Broken
        if found.holes:
            self.joins.solve(found, inputs, call.span)
        made = self.made(found, call)
        if op is Identity and label is None and not self.room.scope.numbered:
            return x

        def make(names: list[str | None], x: int) -> int:
            return self.add(names[-1] or "", made, (x, *inputs[1:]), call.span, found.symbols)

        return self.edits.place(self, Child(label, op.name, make), x)

    def made(self, found: OpArguments, call: s.Call) -> Op:
        try:
            return found.operator
        except LookupError as error:
            raise mistake(
                "argument",
                f"{found.op.name} needs '{error.args[0]}'",
                call.span,
                help=f"{found.op.name} {' '.join(name.upper() for name in found.op.positional)}",
            ) from None

    # ---- blocks, lets, groups ----

    def block(
        self, label: s.Label | None, declared: Declared, call: s.Call, env: Env, x: int
    ) -> int | None:
        def make(names: list[str | None], x: int) -> int | None:
            key = self.reuse.key(call, env, names, x)
            if (use := self.reuse.earlier(key, names[-1] or "", call, env)) is not None:
                return self.reuse.again(use, key, names, env, x)
            before = self.reuse.before()
            scope = self.open("block", names, False, x, call.span)
            scope.definition = declared.definition.name
            try:
                scope.title = self.title(declared, call, env)
                inner = Env(self, declared, scope, x)
                scope.params = bind(declared, call, env, inner)
                self.bodies(declared, call, env, inner)
                given = self.moulds.entering(declared, inner, x)
                if not self.moulds.cast(given, scope):
                    scope.end = self.seq(declared.definition.body, inner, x)
                    self.moulds.keep(given, before, scope)
            finally:
                self.close(scope)
            if scope.end is None:
                self.left_out(scope)
            self.reuse.keep(key, before, scope, call, env)
            return scope.end

        return self.edits.place(self, Child(label, declared.definition.name, make), x)

    def let(
        self, label: s.Label | None, declared: Declared, call: s.Call, env: Env, x: int
    ) -> int | None:
        def splice(x: int) -> int | None:
            inner = Env(self, declared, self.scope, x)
            bind(declared, call, env, inner)
            self.bodies(declared, call, env, inner)
            return self.seq(declared.definition.body, inner, x)

        if label is None:
            return splice(x)
        return self.open_group(label, x, call.span, splice, numbered=True)

    def title(self, declared: Declared, call: s.Call, env: Env) -> str:
        """What a class for this use is called: its body's name where that is one `let`."""
        for body in call.bodies:
            unit = body.items[0].unit
            if len(body.items) == 1 and isinstance(unit, s.Call):
                inner = self.callee(unit.name, env).declared
                if inner is not None and inner.definition.kind == "let":
                    return inner.definition.name
        return declared.definition.name

    def bodies(self, declared: Declared, call: s.Call, env: Env, inner: Env) -> None:
        """Hand the chains in `< >` to the names in the header's `< >`."""
        wanted = declared.definition.bodies
        if len(call.bodies) != len(wanted):
            name = declared.definition.name
            form = f"{name}<{', '.join(wanted)}>" if wanted else name
            raise mistake(
                "argument",
                f"'{name}' takes {counted(len(wanted), 'chain')} in '< >', not {len(call.bodies)}",
                call.span,
                help=f"write {form}",
            )
        for name, body in zip(wanted, call.bodies, strict=True):
            inner.bodies[name] = Closure(body, env)

    def group(self, label: s.Label | None, body: s.Seq, env: Env, x: int, span: Span) -> int | None:
        return self.open_group(label, x, span, lambda x: self.seq(body, env, x), numbered=True)

    def open_group(
        self,
        label: s.Label | None,
        x: int,
        span: Span,
        fill: Callable[[int], int | None],
        *,
        numbered: bool,
    ) -> int | None:
        """A scope for what stands in parentheses, or bears a label."""

        def make(names: list[str | None], x: int) -> int | None:
            scope = self.open("group", names, numbered, x, span)
            try:
                scope.end = fill(x)
            finally:
                self.close(scope)
            if scope.end is None:
                self.left_out(scope)
            return scope.end

        return self.edits.place(self, Child(label, "group", make), x)

    # ---- names and values ----

    def find(self, name: str, declared: Declared | DeclaredNetwork) -> Declared | None:
        found = declared.module.definitions.get(name)
        return self.variant.rebound.get(found, found) if found is not None else None

    def lookup(self, name: str, env: Env) -> Declared | None:
        return self.find(name, env.declared)

    def names(self, name: str, env: Env) -> bool:
        """Whether a name is an operator, block or body that a parameter can stand for."""
        return name in OPS or name in ("identity", "none") or self.lookup(name, env) is not None


def counted(count: int, noun: str) -> str:
    """`1 chain`, `2 chains`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
