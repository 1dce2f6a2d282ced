"""Tree to network: blocks, stacks, joins and variants are worked out; what remains is a graph.

One walk in the order of the text. `Expander` walks chains and opens scopes; how a join chooses
and solves is in `joins`, how arguments meet parameters in `arguments` and `params`, what `from`
edits in `edits`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from archdsl import syntax as s
from archdsl.arguments import UNKNOWN, OpArguments, op_arguments
from archdsl.diagnostics import ArchError, Diagnostic, Note, did_you_mean, mistake
from archdsl.edits import Child, Edits, Variant, variant_of
from archdsl.graph import Initialisation, Network, Node, Output, Scope, joined
from archdsl.joins import Broken, Goal, Joins
from archdsl.kinds import Kinds
from archdsl.modules import RESERVED, Declared, DeclaredNetwork
from archdsl.naming import MODULE_ATTRIBUTES, Namer
from archdsl.ops import OPS, Identity, Input, Op
from archdsl.params import bind, matched, set_parameters
from archdsl.schemes import FAN, SCHEMES
from archdsl.shapes import Misfit, Shape
from archdsl.source import Span
from archdsl.symbols import Binding, ChannelsOf, Given, Literally, Sym
from archdsl.values import Callee, Evaluator, Value, kind_of

BROKEN = -1  # the tensor behind a mistake: what follows is not looked at again
MAX_NODES = 100_000
MAX_STEPS = 400_000  # items walked, those that make no operator included
MAX_ELEMENTS = 10**15
MAX_DEPTH = 64
MAX_MISTAKES = 20


@dataclass(eq=False)
class Env:
    """What names mean in a stretch of text: parameters, bodies, and the tensor that `in` is."""

    declared: Declared | DeclaredNetwork
    home: Scope
    entry: int
    values: dict[str, Binding] = field(default_factory=dict)
    bodies: dict[str, Closure] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Closure:
    """A chain given in `< >`, with the environment it was written in."""

    seq: s.Seq
    env: Env


@dataclass
class Room:
    """A scope's names while it is filled: one namer per level of variants, and labelled tensors."""

    namers: list[Namer]
    paths: list[str | None]
    tensors: dict[str, int] = field(default_factory=dict)


def expand(declared: DeclaredNetwork, settings: Mapping[str, Any] | None = None) -> Network:
    """The network of a declaration; raises ArchError with all mistakes found.

    `settings` gives parameters other values than their defaults.
    """
    walk = Expander(variant_of(declared))
    try:
        return walk.network(settings or {})
    except Abandoned:
        raise ArchError(*list(walk.mistakes.values())[:MAX_MISTAKES]) from None
    except ArchError as error:
        found = dict.fromkeys((*walk.mistakes.values(), *error.diagnostics))
        raise ArchError(*list(found)[:MAX_MISTAKES]) from None
    except RecursionError:
        span = declared.definition.name_span
        raise mistake("limit", "the network is nested too deeply", span) from None


class Expander:
    """One expansion; its fields are the place in the walk."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.edits = Edits(variant)
        self.nodes: list[Node] = []
        self.counts: list[Sym] = []
        self.outputs: list[Output] = []
        self.heads: list[Output] = []
        self.mistakes: dict[tuple[Span | None, str], Diagnostic] = {}
        self.rooms: dict[Scope, Room] = {}
        self.kinds = Kinds(self.find)
        self.joins = Joins(self)
        self.goal: Goal | None = None
        self.joining = False
        self.level = 0
        self.device: int | None = None
        self.training = False
        self.uses: list[tuple[Declared, Span]] = []  # the blocks and lets that the walk is in
        self.steps = 0
        self.started = False  # the inputs are known, and `in` with them
        self.aliases: dict[int, int] = {}
        self.scope = Scope("network", variant.name, "", title=variant.name)
        self.rooms[self.scope] = self.room("", False)

    # ---- the network ----

    def network(self, settings: Mapping[str, Any]) -> Network:
        root = self.scope
        for diagnostic in (*self.variant.mistakes, *self.variant.declared.module.unused):
            self.report(ArchError(diagnostic))
        self.envs = [Env(level, root, BROKEN) for level in self.variant.chain]
        root.params = tuple(set_parameters(self.variant, self.envs, settings, self.evaluator))
        root.span = self.variant.declared.definition.name_span
        entries = [
            self.input(item, self.envs[-1], first=i == 0)
            for i, item in enumerate(self.variant.inputs)
        ]
        if not entries:
            raise mistake(
                "input",
                f"network '{self.variant.name}' has no input",
                root.span,
                help="begin with a line such as 'input 3x224x224'",
            )
        self.started = True
        for env in self.envs:
            env.entry = entries[0]
        root.entry = entries[0]
        before = len(self.mistakes)
        end = self.seq(self.variant.base.definition.body, self.envs[0], entries[0])
        root.end = end
        if len(self.mistakes) == before:  # else items behind a mistake have not been seen
            self.edits.unused(self.report)
        inits = [] if self.mistakes else [*self.inits()]
        if self.mistakes:
            raise ArchError(*list(self.mistakes.values())[:MAX_MISTAKES])
        assert end is not None
        end = root.exit = self.real(end)
        return Network(
            name=self.variant.name,
            about=self.variant.about,
            source=self.variant.declared.module.spec.source,
            root=root,
            nodes=self.nodes,
            outputs=self.final_outputs(end),
            heads=tuple(self.heads),
            params=root.params,
            inits=tuple(inits),
            counts=tuple(self.counts),
        )

    def final_outputs(self, end: int) -> tuple[Output, ...]:
        """What the network returns: the named outputs, and its end where that has no name."""
        if any(output.node == end for output in self.outputs):
            return tuple(self.outputs)
        name = "logits" if self.heads and not self.outputs else "out"
        return (*self.outputs, Output(name, end))

    def input(self, item: s.Item, env: Env, *, first: bool) -> int:
        call = item.unit
        assert isinstance(call, s.Call)
        if not first and item.label is None:
            self.report(
                mistake(
                    "input",
                    "a second input needs a label, to be used as @label",
                    item.span,
                    help="meta: input 16",
                )
            )
            return BROKEN
        try:
            shape = self.input_shape(call, env)
        except ArchError as error:
            self.report(error)
            return BROKEN
        node = self.add(item.label.name if item.label else "input", Input(shape), (), item.span)
        if item.label:
            self.rooms[self.scope].tensors[item.label.name] = node
        return node

    def input_shape(self, call: s.Call, env: Env) -> Shape:
        values = [self.evaluate(arg.value, env).value for arg in call.args]
        dims = values[0] if len(values) == 1 and isinstance(values[0], tuple) else tuple(values)
        good = all(isinstance(d, int) and not isinstance(d, bool) and d > 0 for d in dims)
        if not good or not 1 <= len(dims) <= 4:
            raise mistake(
                "input",
                "an input is channels and up to three axes, each at least 1",
                call.span,
                help="input 3x224x224",
            )
        return Shape(dims)

    def inits(self) -> Iterator[Initialisation]:
        for line in self.variant.inits:
            try:
                yield self.init(line)
            except ArchError as error:
                self.report(error)

    def init(self, line: s.Init) -> Initialisation:
        """An `init` line; its targets are operators in use or labels."""
        used = {node.op.name for node in self.nodes}
        used |= {path for node in self.nodes for path in paths_to(node.path)}
        for target in line.targets:
            if target.name not in used and target.name not in OPS:
                self.report(
                    mistake(
                        "unknown",
                        f"'{target.name}' names no operator and no item with weights",
                        target.span,
                        help=did_you_mean(target.name, used),
                    )
                )
        return Initialisation(
            tuple(target.name for target in line.targets),
            line.scheme.name if line.scheme else None,
            self.init_options(line),
            line.span,
        )

    def init_options(self, line: s.Init) -> tuple[tuple[str, float | str], ...]:
        """The options of an `init` line: those of its scheme, and `bias`."""
        name = line.scheme.name if line.scheme else None
        if name is not None and name not in SCHEMES:
            assert line.scheme is not None
            raise mistake(
                "unknown",
                f"there is no initialisation '{name}'",
                line.scheme.span,
                help=did_you_mean(name, SCHEMES) or f"there are: {', '.join(SCHEMES)}",
            )
        scheme = SCHEMES[name] if name else None
        known = dict(scheme.options) if scheme else {}
        found: dict[str, float | str] = {}
        for arg in line.args:
            value = arg.value
            if isinstance(value, s.Name) and value.name in (*SCHEMES, *FAN):
                given: float | str = value.name
            else:
                given = self.evaluate(value, self.envs[-1]).value
            key = arg.name or ("mode" if "mode" in known else next(iter(known), ""))
            allowed = key == "bias" or key in known
            words = (*FAN,) if key == "mode" else (*SCHEMES,) if key == "bias" else ()
            fits = given in words if isinstance(given, str) else key != "mode"
            if not allowed or not fits or not isinstance(given, (int, float, str)):
                raise mistake(
                    "argument",
                    f"'{name or 'init'}' does not take this",
                    arg.span,
                    help=f"options: {', '.join([*known, 'bias'])}",
                )
            found[key] = given
        missing = [key for key, default in known.items() if default is None and key not in found]
        if missing:
            raise mistake("argument", f"'{name}' needs {missing[0]}=", line.span)
        return tuple(found.items())

    # ---- chains ----

    def seq(self, seq: s.Seq, env: Env, x: int) -> int | None:
        """Feed a tensor through a chain; None where the chain says `none`."""
        current: int | None = x
        for item in seq.items:
            if current is None:
                self.report(
                    mistake("none", "nothing can follow 'none'", item.span, help="remove it")
                )
                return BROKEN
            current = self.item(item.label, item.unit, env, current)
        return current

    def item(self, label: s.Label | None, unit: s.Unit, env: Env, x: int) -> int | None:
        """One step, with its mistakes reported where it can be gone on behind them."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            self.abandon(
                mistake("limit", f"the network takes more than {MAX_STEPS:,} steps", unit.span)
            )
        try:
            out = self.unit(label, unit, env, x)
        except ArchError as error:
            if self.joins.trying:
                raise
            self.report(error)
            return BROKEN
        except Broken:
            return BROKEN
        if label is not None and out is not None:
            self.rooms[self.scope.naming].tensors[label.name] = out
        return out

    def unit(self, label: s.Label | None, unit: s.Unit, env: Env, x: int) -> int | None:
        if label is not None:
            self.check_label(label)
        copies = self.copies(unit, env)
        if copies is not None:
            return self.stack(label, copies, env, x, unit.span)
        match unit:
            case s.Call():
                return self.call(label, unit, env, x)
            case s.Group(body):
                if label is not None or self.scope.naming.numbered:
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
                return self.ref(unit)
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
        if label.name in MODULE_ATTRIBUTES or label.name.startswith("__"):
            raise mistake(
                "label",
                f"'{label.name}' is an attribute of every PyTorch module",
                label.span,
                help=f"choose another label, such as '{label.name}_'",
            )

    def conditional(self, label: s.Label | None, unit: s.If, env: Env, x: int) -> int | None:
        condition = self.evaluate(unit.condition, env)
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

    def ref(self, unit: s.Ref) -> int:
        return self.tensor(unit.name, unit.span)

    def tensor(self, name: str, span: Span) -> int:
        """The tensor that left the item of a label, in this scope or an outer one."""
        scope: Scope | None = self.scope
        known: list[str] = []
        while scope is not None:
            tensors = self.rooms[scope].tensors if scope in self.rooms else {}
            if name in tensors:
                return tensors[name]
            known += tensors
            scope = scope.parent
        raise mistake(
            "unknown",
            f"no item labelled '{name}' stands before this",
            span,
            help=did_you_mean(name, known) or "a tensor is used behind the item that makes it",
        )

    # ---- stacks ----

    def copies(self, unit: s.Unit, env: Env) -> list[s.Unit] | None:
        """The units that a stack repeats; None for what is no stack."""
        if isinstance(unit, s.Repeat):
            return self.repeated(unit.unit, self.count(unit.count, env), env)
        if not isinstance(unit, s.Call) or unit.name in RESERVED:
            return None
        stacks = [(i, self.body_copies(body, env)) for i, body in enumerate(unit.bodies)]
        found = [(i, copies) for i, copies in stacks if copies is not None]
        if len(found) > 1:
            raise mistake(
                "argument",
                f"'{unit.name}' is given two stacks: which one is repeated?",
                unit.bodies[found[1][0]].span,
                help="put a stack that is one body into parentheses",
            )
        for i, copies in found:
            around = unit.bodies[:i], unit.bodies[i + 1 :]
            return [replace(unit, bodies=(*around[0], seq, *around[1])) for seq in copies]
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
        kinds = self.places(call, env)
        declared = self.lookup(self.callee(call.name, env), env)
        args: list[s.Arg] = []
        for arg in call.args if declared is None else unordered(declared, call):
            value = arg.value
            if arg.name == "stride":
                continue
            if isinstance(value, s.Operation) and value.sign == "/":
                size = value.operands[0]
                if isinstance(size, s.Size) or kinds.get(id(value)) == "size":
                    arg = replace(arg, value=size)
            args.append(arg)
        return replace(call, args=tuple(args))

    def places(self, call: s.Call, env: Env) -> dict[int, str]:
        """The kind of place that each argument of a call stands in, by its expression."""
        named = replace(call, name=self.callee(call.name, env))
        places = self.kinds.places(named, self.declared(env))
        return {id(expr): kind for kind, expr in places}

    def body_copies(self, body: s.Seq, env: Env) -> list[s.Seq] | None:
        """The copies of a body that is a stack and nothing else."""
        if len(body.items) != 1 or body.items[0].label is not None:
            return None
        inner = self.copies(body.items[0].unit, env)
        if inner is None:
            return None
        return [s.Seq((s.Item(None, unit, unit.span),), body.span) for unit in inner]

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
        place = self.places(call, env).get(id(arg.value))
        return place == "count" or (place == "number" and self.callee(call.name, env) not in OPS)

    def count(self, expr: s.Expr, env: Env) -> int:
        found = self.evaluate(expr, env)
        self.counts.append(found.symbol)
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
                out = self.item(s.Label(f"{label.name}{i}", None, label.span), unit, env, out)
            return out
        return self.open_group(label, x, span, lambda x: self.splice(copies, env, x), numbered=True)

    def splice(self, copies: list[s.Unit], env: Env, x: int) -> int | None:
        out: int | None = x
        for unit in copies:
            if out in (None, BROKEN):  # its copies would tell the same again
                break
            out = self.item(None, unit, env, out)
        return out

    # ---- calls ----

    def call(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int | None:
        if label is not None and label.first is not None:
            raise mistake("label", "a label with '#' numbers a stack, and this is none", label.span)
        if call.name in RESERVED:
            return self.word(label, call, env, x)
        if call.name in env.bodies:
            return self.body(label, call, env, x)
        name = self.callee(call.name, env)
        declared = self.lookup(name, env)
        if declared is not None:
            with self.deeper(call, declared):
                if declared.definition.kind == "block":
                    return self.block(label, declared, call, env, x)
                return self.let(label, declared, call, env, x)
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
            help=did_you_mean(name, names),
        )

    def callee(self, name: str, env: Env) -> str:
        """The operator or block that a name calls; a parameter stands for what it was given."""
        for _ in range(MAX_DEPTH):
            binding = env.values.get(name)
            if binding is None or not isinstance(binding.value, Callee):
                return name
            name = binding.value.name
        return name

    def body(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int | None:
        """A chain that was given in `< >`."""
        if call.args or call.bodies:
            raise mistake("argument", f"the body '{call.name}' takes no arguments", call.span)
        closure = env.bodies[call.name]
        if label is not None:
            return self.group(label, closure.seq, closure.env, x, call.span)
        return self.seq(closure.seq, closure.env, x)

    def word(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int | None:
        """`none`, `output`, `aux`, `on`: words of the language that look like calls."""
        if call.name == "none":
            if not self.joining:
                raise mistake("none", "'none' drops a branch, and this is none", call.span)
            return None
        if call.name == "output":
            self.in_network(call)
            return self.output(call, x)
        if call.name in ("aux", "on"):
            self.in_network(call)
            if len(call.bodies) != 1:
                raise mistake(
                    "argument", f"'{call.name}' needs one body, {call.name}<...>", call.span
                )
            return (self.aux if call.name == "aux" else self.on)(label, call, env, x)
        raise mistake(
            call.name,
            f"'{call.name}' cannot stand here",
            call.span,
            help="input lines stand in the body of a network" if call.name == "input" else "",
        )

    def in_network(self, call: s.Call) -> None:
        """Refuse what belongs to a network as a whole within its parts."""
        if self.scope.naming.kind != "network":
            raise mistake(
                call.name,
                f"'{call.name}' stands in the network's own body, not within '{self.scope.path}'",
                call.span,
            )

    def output(self, call: s.Call, x: int) -> int:
        if len(call.args) != 1 or not isinstance(call.args[0].value, s.Name):
            raise mistake("argument", "'output' takes a name", call.span, help="output mask")
        name = call.args[0].value.name
        if any(output.name == name for output in self.outputs):
            raise mistake("duplicate", f"there are two outputs '{name}'", call.span)
        self.outputs.append(Output(name, self.real(x)))
        return x

    def aux(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int:
        weight = 1.0
        for arg in call.args:
            if arg.name != "weight":
                raise mistake(
                    "argument", "'aux' takes weight=", arg.span, help="aux<head>(weight=0.3)"
                )
            weight = self.evaluate(arg.value, env).value
            if isinstance(weight, bool) or not isinstance(weight, (int, float)):
                raise mistake("kind", f"a weight is a number, not {kind_of(weight)}", arg.span)
        before, self.training = self.training, True
        try:
            end = self.labelled(label, call.bodies[0], env, x, call.span)
        finally:
            self.training = before
        if end is not None:
            name = label.name if label else f"aux{len(self.heads) + 1}"
            self.heads.append(Output(name, self.real(end), weight))
        return x

    def on(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int | None:
        found = self.evaluate(call.args[0].value, env)
        self.counts.append(found.symbol)
        device = found.value
        if not isinstance(device, int) or isinstance(device, bool) or not 0 <= device < 64:
            raise mistake("value", "'on' takes the index of a device, 0 to 63", call.args[0].span)
        before, self.device = self.device, device
        try:
            return self.labelled(label, call.bodies[0], env, x, call.span)
        finally:
            self.device = before

    def labelled(
        self, label: s.Label | None, seq: s.Seq, env: Env, x: int, span: Span
    ) -> int | None:
        """A chain whose label goes to its only item, or else opens a group."""
        if label is None:
            return self.seq(seq, env, x)
        if len(seq.items) == 1 and seq.items[0].label is None:
            return self.item(label, seq.items[0].unit, env, x)
        return self.group(label, seq, env, x, span)

    def operator(
        self, label: s.Label | None, op: type[Op], call: s.Call, env: Env, x: int
    ) -> int | None:
        if call.bodies:
            raise mistake("argument", f"{op.name} is an operator and takes no body", call.span)
        rank = self.shape(x).rank if x != BROKEN else UNKNOWN
        found = op_arguments(op, call, lambda expr: self.evaluate(expr, env), rank)
        inputs = (x, *(self.tensor(ref.name, ref.span) for ref in found.tensors))
        if x == BROKEN:
            raise Broken
        if found.holes:
            self.joins.solve(found, inputs, call.span)
        made = self.made(found, call)
        if op is Identity and label is None and not self.scope.naming.numbered:
            return x

        def make(names: list[str | None], x: int) -> int:
            return self.add(names[-1] or "", made, (x, *inputs[1:]), call.span, found.symbols)

        return self.edits.place(self, Child(label, op.name, call.span, make), x)

    def made(self, found: OpArguments, call: s.Call) -> Op:
        try:
            return found.complete()
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
            with self.opened("block", names, False, x, call.span) as scope:
                scope.definition = declared.definition.name
                scope.title = self.title(declared, call, env)
                inner = Env(declared, scope, x)
                scope.params = bind(declared, call, env, inner, self.evaluator)
                self.bodies(declared, call, env, inner)
                scope.end = self.seq(declared.definition.body, inner, x)
            return scope.end

        return self.edits.place(self, Child(label, declared.definition.name, call.span, make), x)

    def let(
        self, label: s.Label | None, declared: Declared, call: s.Call, env: Env, x: int
    ) -> int | None:
        def splice(x: int) -> int | None:
            inner = Env(declared, self.scope, x)
            bind(declared, call, env, inner, self.evaluator)
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
                inner = self.lookup(self.callee(unit.name, env), env)
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
            with self.opened("group", names, numbered, x, span) as scope:
                scope.end = fill(x)
            return scope.end

        return self.edits.place(self, Child(label, "group", span, make), x)

    # ---- scopes and nodes ----

    def room(self, path: str, numbered: bool, paths: list[str | None] | None = None) -> Room:
        levels = len(self.variant.levels) + 1
        return Room([Namer(numbered) for _ in range(levels)], paths or [path] * levels)

    @contextmanager
    def opened(
        self, kind: Any, names: list[str | None], numbered: bool, x: int, span: Span
    ) -> Iterator[Scope]:
        """Walk within a new scope."""
        outer = self.scope
        above = self.rooms[outer.naming]
        paths = [
            joined(path, name) if path is not None and name is not None else None
            for path, name in zip(above.paths, names, strict=True)
        ]
        name = names[-1] or ""
        scope = Scope(kind, name, paths[-1] or name, outer, numbered, span=span)
        scope.source, scope.entry = x, self.real(x)
        outer.items.append(scope)
        self.rooms[scope] = self.room(scope.path, numbered, paths)
        self.scope = scope
        try:
            yield scope
        finally:
            self.scope = outer
        scope.exit = None if scope.end is None else self.real(scope.end)

    @contextmanager
    def choice(self, span: Span, chosen: int, x: int, condition: Sym | None) -> Iterator[Scope]:
        """Walk within the mark of a decision."""
        outer = self.scope
        scope = Scope("choice", "", outer.path, outer, span=span, chosen=chosen)
        scope.source, scope.entry = x, self.real(x)
        scope.condition = condition
        scope.goal = self.goal.node if self.goal else None
        outer.items.append(scope)
        self.scope = scope
        try:
            yield scope
        finally:
            self.scope = outer

    def passed(self, scope: Scope) -> int | None:
        """The tensor behind a decision, with a number of its own where it only passed through."""
        if scope.end is not None and scope.end == scope.source != BROKEN:
            scope.end = -2 - len(self.aliases)
            scope.passes = True
            self.aliases[scope.end] = scope.entry
        scope.exit = None if scope.end is None else self.real(scope.end)
        return scope.end

    def real(self, tensor: int) -> int:
        """The node that made a tensor."""
        return self.aliases.get(tensor, tensor)

    @contextmanager
    def deeper(self, call: s.Call, declared: Declared) -> Iterator[None]:
        """Refuse blocks nested without end."""
        if len(self.uses) >= MAX_DEPTH:
            itself = any(use is declared for use, _ in self.uses)
            self.abandon(
                mistake(
                    "recursion",
                    f"'{declared.definition.name}' uses itself without end"
                    if itself
                    else f"blocks are nested deeper than {MAX_DEPTH}",
                    call.span,
                    notes=(Note(declared.definition.name_span, "declared here"),),
                    help="write 'x3' or 'x(n)' behind what repeats",
                )
            )
        self.uses.append((declared, call.span))
        try:
            yield
        finally:
            self.uses.pop()

    def add(
        self,
        name: str,
        op: Op,
        inputs: tuple[int, ...],
        span: Span,
        symbols: dict[str, Sym] | None = None,
        notes: tuple[Note, ...] = (),
    ) -> int:
        """Add an operator; its shape is known or the mistake is told, with `notes` on why."""
        shapes = [self.shape(i) for i in inputs]
        sources, inputs = inputs, tuple(self.real(i) for i in inputs)
        if len(self.nodes) >= MAX_NODES:
            self.abandon(
                mistake("limit", f"the network has more than {MAX_NODES:,} operators", span)
            )
        try:
            shape = op.shape(*shapes)
            op.module(*shapes)
        except Misfit as misfit:
            where = f"{', '.join(map(str, shapes))} comes in"
            raise mistake(
                "shape",
                misfit.clause,
                span,
                label=where if shapes and not notes else "",
                notes=notes or self.origin(inputs, span),
                path=self.where(name),
                help=misfit.fix or "",
            ) from None
        if shape.elements > MAX_ELEMENTS:
            raise mistake(
                "limit", f"a tensor of {shape} has more than {MAX_ELEMENTS:,} numbers", span
            )
        node = Node(
            len(self.nodes),
            name,
            op,
            inputs,
            shape,
            self.scope.naming,
            sources,
            span,
            symbols or {},
            self.device,
            self.training,
        )
        self.nodes.append(node)
        self.scope.items.append(node)
        return node.index

    def where(self, name: str) -> str:
        """The chain of blocks down to a place, for messages."""
        parts = []
        scope: Scope | None = self.scope.naming
        while scope is not None and scope.parent is not None:
            parts.append(f"{scope.path} ({scope.definition})" if scope.definition else scope.path)
            scope = scope.parent.naming
        return " > ".join([self.variant.name, *reversed(parts), joined(self.scope.path, name)])

    def origin(self, inputs: tuple[int, ...], span: Span) -> tuple[Any, ...]:
        """Where the tensors that came in were made."""
        notes = []
        for i in inputs:
            node = self.nodes[i]
            if node.span is not None and node.span != span:
                notes.append(Note(node.span, f"{node.shape} is made here"))
        return tuple(dict.fromkeys(notes))

    def shape(self, tensor: int) -> Shape:
        if tensor == BROKEN:
            raise Broken
        return self.nodes[self.real(tensor)].shape

    def report(self, error: ArchError) -> None:
        """Keep a mistake; the same one in another copy of a block counts once."""
        for diagnostic in error.diagnostics:
            key = diagnostic.span, diagnostic.message
            self.mistakes.setdefault(key, self.with_use(diagnostic))
        if len(self.mistakes) > MAX_MISTAKES:
            raise Abandoned

    def with_use(self, diagnostic: Diagnostic) -> Diagnostic:
        """A mistake of what comes into a block, with the place where the block was used."""
        if not self.uses or diagnostic.code in ("unknown", "argument", "recursion"):
            return diagnostic
        note = Note(self.uses[0][1], "in this use")
        return replace(diagnostic, notes=(*diagnostic.notes, note))

    def abandon(self, error: ArchError) -> NoReturn:
        """Tell a mistake after which nothing more can be looked at."""
        self.report(error)
        raise Abandoned

    # ---- names and values ----

    def declared(self, env: Env) -> Declared:
        """The definition that an environment belongs to, for looking names up."""
        return env.declared  # type: ignore[return-value]

    def find(self, name: str, declared: Declared | DeclaredNetwork) -> Declared | None:
        found = declared.module.definitions.get(name)
        return self.variant.rebound.get(found, found) if found is not None else None

    def lookup(self, name: str, env: Env) -> Declared | None:
        return self.find(name, env.declared)

    def names(self, name: str, env: Env) -> bool:
        """Whether a name is an operator, block or body that a parameter can stand for."""
        return name in OPS or name in ("identity", "none") or self.lookup(name, env) is not None

    def evaluate(self, expr: s.Expr, env: Env) -> Value:
        return self.evaluator(env)(expr)

    def evaluator(self, env: Env) -> Evaluator:
        def lookup(name: s.Name) -> Value:
            binding = env.values.get(name.name)
            if binding is not None:
                return Value(binding.value, Given(binding))
            if self.names(name.name, env):
                return Value(Callee(name.name), Literally(name.name))
            raise mistake(
                "unknown",
                f"'{name.name}' is no parameter here",
                name.span,
                help=did_you_mean(name.name, [*env.values, *OPS]),
            )

        def axis(expr: s.InputAxis) -> Value:
            if not self.started:
                raise mistake("value", "'in' is not known before the input is", expr.span)
            shape = self.shape(env.entry)
            if expr.axis == "c":
                return Value(shape.channels, ChannelsOf(self.real(env.entry)))
            index = {"d": -3, "h": -2, "w": -1}[expr.axis]
            if -index > shape.rank:
                raise mistake("value", f"the map {shape} has no axis '{expr.axis}'", expr.span)
            return Value(shape[index], Literally(shape[index]))

        return Evaluator(lookup, axis)


def paths_to(path: str) -> Iterator[str]:
    """A path, and those of the scopes around it."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def counted(count: int, noun: str) -> str:
    """`1 chain`, `2 chains`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


class Abandoned(Exception):
    """The walk cannot go on: the mistakes are in the expander."""


def unordered(declared: Declared, call: s.Call) -> list[s.Arg]:
    """A call's arguments, from a stride given by its position on by name."""
    given = matched(declared, call)
    names = [param.names for param in declared.definition.params]
    last = names.index(("stride",)) if ("stride",) in names else len(names)
    return [
        arg if names.index(param.names) < last else replace(arg, name=">".join(param.names))
        for param, arg in given.items()
    ]
