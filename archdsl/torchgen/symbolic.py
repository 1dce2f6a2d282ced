"""Expressions of generated code: found by comparing the uses of a class, and proved on each.

Every literal of a class is a slot with one value per use. A slot whose values agree stays a
literal; one whose values differ becomes the author's expression over the class's parameters if
that gives each of the values, and else a parameter of its own. So code is as general as the spec
where that can be shown, and never wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from itertools import chain
from typing import Any

from archdsl.graph import Network, Scope
from archdsl.naming import FILE_NAMES, identifier, unique
from archdsl.ops import Joint
from archdsl.records import dataclass
from archdsl.symbols import (
    Binding,
    ChannelsOf,
    Computed,
    Given,
    Literally,
    Position,
    Solved,
    Sym,
    counts,
)
from archdsl.torchgen.expressions import COMPARISON, Expr, agrees, combined, constant, plain

RESERVED = FILE_NAMES | {"devices", "enough", "i", "memory", "model", "state_dict"}
LONGEST, LONGEST_TEST = 32, 60  # characters of an expression that one would write


class Fixed(Exception):
    """A parameter of the network does more than change literals, so it is fixed at compile time."""

    def __init__(self, networks: set[int]) -> None:
        super().__init__(networks)
        self.networks = networks


@dataclass
class Parameter:
    """A parameter of a class's constructor, with its value and its symbol in each use."""

    name: str
    values: dict[int, Any]
    symbols: dict[int, Sym | None]
    default: Any = None
    role: str = ""

    def value(self, index: int) -> Any:
        """Its value in a use; where a use never asks for it, any will do."""
        return self.values[index] if index in self.values else next(iter(self.values.values()))


@dataclass
class Slots:
    """The slots of one class: `scopes` are its uses, each in its network."""

    scopes: list[Scope]
    networks: list[Network]
    root: bool = False
    reserved: Collection[str] = ()  # names that a parameter would hide
    parameters: list[Parameter] = field(default_factory=list)
    bound: dict[str, tuple[dict[int, Any], dict[int, Given]]] = field(default_factory=dict)
    channels: dict[tuple[tuple[int, ...], tuple[int, ...]], Expr | None] = field(
        default_factory=dict
    )

    @property
    def everywhere(self) -> tuple[int, ...]:
        """All uses."""
        return tuple(range(len(self.scopes)))

    # ---- slots ----

    def slot(
        self,
        name: str,
        values: Sequence[Any],
        symbols: Sequence[Sym | None],
        uses: tuple[int, ...],
        candidates: Iterable[Expr | None] = (),
        default: Any = None,
    ) -> Expr:
        """The expression that gives a value in each of some uses.

        Parameters that a candidate is the first to ask for are taken back where it will not do.
        """
        same = alike(values) and len(set(map(type, values))) == 1
        counted = self.networks[0].scheduled and any(map(counts, symbols))
        literally = same and not counted
        if literally and (len(uses) == len(self.scopes) or not self.parameters):
            return constant(values)
        kept = list(self.parameters)
        for found in chain((self.express(symbols, uses),), candidates):
            says = found is not None and agrees(found.values, values) and readable(found)
            if found and says and not (literally and (found.is_literal or self.parameters != kept)):
                return found
            self.parameters[:] = kept
        if same:
            return constant(values)
        return self.fresh(name, values, symbols, uses, default)

    def fresh(
        self,
        name: str,
        values: Sequence[Any],
        symbols: Sequence[Sym | None],
        uses: tuple[int, ...],
        default: Any = None,
    ) -> Expr:
        """A new parameter of the class; a network has none but its own."""
        if self.root:
            raise Fixed({i for i, v in zip(uses, values, strict=True) if v != values[0]})
        known = dict(zip(uses, values, strict=True))
        made = self.parameter(name, known, dict(zip(uses, symbols, strict=True)), default)
        return self.use(made, uses)

    def parameter(
        self,
        name: str,
        values: dict[int, Any],
        symbols: Mapping[int, Sym | None],
        default: Any = None,
        role: str = "",
    ) -> Parameter:
        """The parameter of some values, made where there is none."""
        name = identifier(name, self.reserved)
        for other in self.parameters:
            named = other.role == role and stem(other.name) == name
            if named and all(other.values.get(i, value) == value for i, value in values.items()):
                other.values.update(values)
                other.symbols.update(symbols)
                return other
        name = unique(name, {other.name for other in self.parameters})
        made = Parameter(name, dict(values), dict(symbols), default, role)
        self.parameters = [*self.parameters, made]
        return made

    def use(self, parameter: Parameter, uses: tuple[int, ...]) -> Expr:
        values = tuple(map(parameter.value, uses))
        name = parameter.name
        return Expr(name, values, params=frozenset({name}), at=parameter.value)

    # ---- symbols ----

    def express(self, symbols: Sequence[Sym | None], uses: tuple[int, ...]) -> Expr | None:
        """The author's expression in terms of this class, if it is one in all uses."""
        first = symbols[0]
        if first is None or len(set(map(type, symbols))) > 1:
            return None
        match first:
            case Literally():
                values = tuple(plain(symbol.value) for symbol in symbols)  # type: ignore[union-attr]
                return constant(values) if len(set(map(repr, values))) == 1 else None
            case Given():
                return self.given(symbols, uses)  # type: ignore[arg-type]
            case Computed():
                return self.computed(symbols, uses)  # type: ignore[arg-type]
            case ChannelsOf():
                return self.channels_of([symbol.node for symbol in symbols], uses)  # type: ignore[union-attr]
            case Position(i):
                same = all(symbol == first for symbol in symbols)
                return Expr("i", (i,) * len(uses), at=lambda use: i, i=i) if same else None
            case Solved("channels"):
                return self.channels_of([symbol.goal for symbol in symbols], uses)  # type: ignore[union-attr]
            case Solved():
                goals = [symbol.goal for symbol in symbols]  # type: ignore[union-attr]
                entries = [symbol.entry for symbol in symbols]  # type: ignore[union-attr]
                return self.stride_to(goals, entries, uses)
        return None

    def given(self, symbols: Sequence[Given], uses: tuple[int, ...]) -> Expr | None:
        """A parameter of the spec: what it was given, if that was written within the class."""
        bindings = [symbol.binding for symbol in symbols]
        if all(map(self.holds, uses, bindings)):
            return self.express([binding.symbol for binding in bindings], uses)
        name = bindings[0].name
        if len({binding.name for binding in bindings}) > 1:
            return None
        values = [plain(binding.value) for binding in bindings]
        if not set(map(type, values)) <= {int, float, bool, tuple}:
            return None
        if self.root and name not in {other.name for other in self.parameters}:
            return constant(values)  # fixed at compile time
        known = dict(zip(uses, values, strict=True))
        given = dict(zip(uses, symbols, strict=True))
        if len(uses) < len(self.scopes) and all(
            b in self.scopes[use].params for use, b in zip(uses, bindings, strict=True)
        ):
            # The block's own parameter is known in uses that do not ask for it here, too.
            known, given = self.own(name)
        return self.use(self.parameter(name, known, given, bindings[0].default), uses)

    def own(self, name: str) -> tuple[dict[int, Any], dict[int, Given]]:
        """The values and symbols of the block's own parameter of a name in all uses."""
        if name not in self.bound:
            bindings = [next(b for b in scope.params if b.name == name) for scope in self.scopes]
            values = [plain(binding.value) for binding in bindings]
            self.bound[name] = dict(enumerate(values)), dict(enumerate(map(Given, bindings)))
        return self.bound[name]

    def holds(self, use: int, binding: Binding) -> bool:
        """Whether what a parameter was given was written within the class.

        In a network all was but its own parameters; copies stand in the text of another network.
        """
        if self.root:
            return binding.home is not None
        return self.scopes[use].encloses(binding.home)

    def computed(self, symbols: Sequence[Computed], uses: tuple[int, ...]) -> Expr | None:
        sign, count = symbols[0].sign, len(symbols[0].operands)
        if any(s.sign != sign or len(s.operands) != count for s in symbols):
            return None
        operands = []
        for i in range(count):
            operand = self.express([symbol.operands[i] for symbol in symbols], uses)
            if operand is None:
                return None
            operands.append(operand)
        return combined(sign, operands)

    # ---- channels and strides ----

    def channels_of(self, nodes: Sequence[int], uses: tuple[int, ...]) -> Expr | None:
        """The channels of a tensor in terms of this class."""
        key = (tuple(nodes), uses)
        known = self.channels.get(key)
        if known is not None and not known.params <= {other.name for other in self.parameters}:
            del self.channels[key]
        if key not in self.channels:
            self.channels[key] = self.find_channels(list(nodes), uses)
        return self.channels[key]

    def find_channels(self, nodes: list[int], uses: tuple[int, ...]) -> Expr | None:
        values = tuple(
            self.networks[use].nodes[n].shape.channels for use, n in zip(uses, nodes, strict=True)
        )
        if len(uses) == len(self.scopes) and len(set(values)) == 1:
            return constant(values)
        nodes = [self.origin(use, node) for use, node in zip(uses, nodes, strict=True)]
        entered = [self.scopes[use].entry == n for use, n in zip(uses, nodes, strict=True)]
        if all(entered):
            return None if self.root else self.in_channels(uses)
        if any(entered):
            return self.partly_entered(nodes, values, uses, entered)
        made = [self.networks[use].nodes[n] for use, n in zip(uses, nodes, strict=True)]
        if len({type(node.op) for node in made}) > 1:
            return None
        declared = [node.symbols.get("channels") for node in made]
        if declared[0] is not None:
            found = self.express(declared, uses)
            return found if found and agrees(found.values, values) else None
        if isinstance(made[0].op, Joint):
            return self.joined_channels([list(node.inputs) for node in made], values, uses)
        return None

    def origin(self, use: int, node: int) -> int:
        """Where a tensor got its channels: behind it, operators of one input have kept them."""
        nodes = self.networks[use].nodes
        while node != self.scopes[use].entry and len(nodes[node].inputs) == 1:
            (before,) = nodes[node].inputs
            declared = "channels" in nodes[node].symbols or isinstance(nodes[node].op, Joint)
            if declared or nodes[before].shape.channels != nodes[node].shape.channels:
                break
            node = before
        return node

    def in_channels(self, uses: tuple[int, ...]) -> Expr:
        """The channels that come into the class."""
        known = {
            use: self.networks[use].nodes[scope.entry].shape.channels
            for use, scope in enumerate(self.scopes)
        }
        none: dict[int, Sym | None] = dict.fromkeys(known)
        return self.use(self.parameter("in_channels", known, none, role="in"), uses)

    def partly_entered(
        self, nodes: list[int], values: tuple[int, ...], uses: tuple[int, ...], entered: list[bool]
    ) -> Expr | None:
        """Behind a decision that some uses pass unchanged: the others' expression may say both."""
        rest = tuple(use for use, done in zip(uses, entered, strict=True) if not done)
        inner = [node for node, done in zip(nodes, entered, strict=True) if not done]
        found = self.channels_of(inner, rest)
        if found is None or found.is_literal:
            return None
        extended = replace(found, values=tuple(map(found.at, uses)))
        return extended if agrees(extended.values, values) else None

    def joined_channels(
        self, inputs: list[list[int]], values: tuple[int, ...], uses: tuple[int, ...]
    ) -> Expr | None:
        """Channels behind a join: those of a branch, or the sum of all."""
        if len({len(each) for each in inputs}) > 1:
            return None
        branches = []
        for i in range(len(inputs[0])):
            branch = self.channels_of([each[i] for each in inputs], uses)
            if branch is None:
                return None
            if agrees(branch.values, values):
                return branch
            branches.append(branch)
        total = branches[0]
        for branch in branches[1:]:
            total = combined("+", [total, branch]) or total
        return total if agrees(total.values, values) else None

    def stride_to(
        self, goals: Sequence[int], entries: Sequence[int], uses: tuple[int, ...]
    ) -> Expr | None:
        """The stride between two tensors, if one strided operator on the way explains it."""
        strides: list[list[Sym]] = []
        for use, goal, entry in zip(uses, goals, entries, strict=True):
            strides.append(self.strides(self.networks[use], goal, entry))
        for i in range(min(map(len, strides))):
            found = self.express([each[i] for each in strides], uses)
            if found is not None and not found.is_literal:
                return found
        return None

    def strides(self, network: Network, goal: int, entry: int) -> list[Sym]:
        """The symbols of the strides given on the way back from a tensor to another."""
        found = []
        while goal > entry:
            node = network.nodes[goal]
            if "stride" in node.symbols:
                found.append(node.symbols["stride"])
            goal = node.inputs[0] if node.inputs else entry
        return found


def alike(values: Sequence[Any]) -> bool:
    """Whether values are equal."""
    return values.count(values[0]) == len(values)


def readable(expr: Expr) -> bool:
    """Whether an expression is short enough to be read at a glance."""
    return len(expr.text) <= (LONGEST_TEST if expr.level <= COMPARISON else LONGEST)


def stem(name: str) -> str:
    """A parameter's name without the number that made it unique."""
    head, _, tail = name.rpartition("_")
    return head if head and tail.isdigit() else name
