"""`__init__` of a class: a line for each module, in the order of the spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace

from archdsl.graph import Node, Scope
from archdsl.naming import is_attribute, unique
from archdsl.ops import REQUIRED, Argument, Construct
from archdsl.pytext import (
    WIDTH,
    Counted,
    Py,
    Wrapped,
    call,
    flat,
    keyword,
    lines,
    literal,
    prefixed,
    table,
)
from archdsl.records import dataclass
from archdsl.symbols import Sym
from archdsl.torchgen.bodies import Item
from archdsl.torchgen.expressions import ATOM, OR, PRODUCT, Expr, combined, constant
from archdsl.torchgen.loops import looped, ordered_dict
from archdsl.torchgen.overwriting import Column, chained_in_place, in_place, is_implicit
from archdsl.torchgen.structure import Group
from archdsl.torchgen.symbolic import Slots, alike

METHOD = 8  # the indentation of a method's body
Uses = tuple[int, ...]


@dataclass(eq=False)
class Class:
    """A class of the generated file, as far as it is known when its turn has come."""

    name: str
    group: Group
    slots: Slots
    scopes: dict[Scope, int] = field(default_factory=dict)  # the uses, numbered
    init: list[str] = field(default_factory=list)
    attributes: dict[int, str] = field(default_factory=dict)  # position: attribute
    functions: dict[int, bool] = field(default_factory=dict)  # position: overwrites its input
    support: set[str] = field(default_factory=set)

    def index(self, item: Item) -> int:
        """Which use of this class an item is."""
        return self.scopes[item.scope.original]


class Constructor:
    """Writes the constructors of classes; inner classes come first."""

    def __init__(self, class_of: dict[Scope, Class]) -> None:
        self.class_of = class_of

    def fill(self, made: Class) -> None:
        """Find the constructor's lines, and with them the parameters."""
        self.made = made
        self.slots = made.slots
        self.shared: dict[str, str] = {}
        overwrites = in_place(made.group)
        for position, item in enumerate(made.group.instances[0].items):
            column = made.group.column(position)
            if item.kind == "choice" and position in made.group.kept:
                self.choice(position, column)
            elif item.is_joint:
                if any(one.kind == "gate" for one in column):
                    self.gate(position)
            elif item.kind == "op" and (item.node.op.inputs == 0 or item.node.applied.expressible):
                continue
            elif ends_as_function(made.group, item):
                made.functions[position] = item.name in overwrites
            else:
                self.module(position, column, overwrites)

    # ---- lines ----

    def module(self, position: int, column: Column, overwrites: set[str]) -> None:
        item = column[0]
        py = self.construct(column, self.slots.everywhere, item.name in overwrites)
        if item.kind == "op" and not item.node.applied.tensors and is_implicit(item):
            text = flat(py)
            if text not in self.shared:
                self.shared[text] = item.name
                self.assign(item.name, py)
            self.made.attributes[position] = self.shared[text]
            return
        self.made.attributes[position] = item.name
        py = self.placed(py, item)
        if item.is_parameter:
            self.assign(item.name, call("nn.Parameter", [py]), "register_parameter")
        else:
            self.assign(item.name, py)

    def assign(self, name: str, py: Py, method: str = "add_module") -> None:
        if is_attribute(name):
            self.made.init += statement(prefixed(f"self.{name} = ", py))
        else:
            self.made.init += statement(call(f"self.{method}", [literal(name), py]))

    def placed(self, py: Py, item: Item) -> Py:
        """The module on the device where its operators stand."""
        network = self.slots.networks[0]
        if not self.slots.root or not network.devices:
            return py
        device = next(item.nodes()).device or 0
        head = f"{flat(py)}.to("
        if METHOD + len(f"self.{item.name} = {head}") <= WIDTH:
            return call(head[:-1], [f"devices[{device}]"])
        return suffix(py, f".to(devices[{device}])")

    def choice(self, position: int, column: Column) -> None:
        """A module or nothing, or one module or another, decided by the constructor."""
        parts: dict[int, list[int]] = {}
        for use, item in enumerate(column):
            parts.setdefault(item.scope.chosen, []).append(use)
        if any(item.end is None for item in column):
            return  # a branch or none: the join asks, see `gate`
        name = next(item.items[0].name for item in column if item.items)
        self.made.attributes[position] = name
        condition = self.condition(column)
        filled = {alt: uses for alt, uses in parts.items() if column[uses[0]].items}
        first, *others = sorted(filled)
        if len(filled) < len(parts):
            self.made.init.append(f"self.{name}: nn.Module = nn.Identity()")
            test = condition if first == min(parts) else negated(condition)
            self.branch(f"if {test.text}:", name, column, filled[first])
            return
        self.made.init.append(f"self.{name}: nn.Module")
        self.branch(f"if {condition.text}:", name, column, filled[first])
        self.branch("else:", name, column, filled[others[0]])

    def branch(self, head: str, name: str, column: Column, uses: list[int]) -> None:
        inner = [column[use].items[0] for use in uses]
        py = self.construct(inner, tuple(uses), False)
        self.made.init.append(head)
        self.made.init += statement(prefixed(f"self.{name} = ", py), nested=1)

    def gate(self, position: int) -> None:
        """Whether a branch is joined in, as an attribute for `forward` to ask."""
        asked = self.made.group.asked(position)
        assert asked is not None
        column = self.made.group.column(asked)
        condition = self.condition(column)
        first = min(column, key=lambda item: item.scope.chosen)
        joined = condition if first.end is not None else negated(condition)
        name = self.attribute("residual")
        self.made.attributes[position] = name
        self.made.init.append(f"self.{name} = {joined.text}")

    def attribute(self, name: str) -> str:
        """A name that no item of the class bears."""
        taken = {
            part.name
            for instance in self.made.group.instances
            for item in instance.items
            for part in (item, *item.items)
        }
        return unique(name, taken.union(self.made.attributes.values()))

    # ---- conditions ----

    def condition(self, column: Column) -> Expr:
        """When the first of the alternatives that occur is taken."""
        uses = self.slots.everywhere
        first = min(item.scope.chosen for item in column)
        values = [item.scope.chosen == first for item in column]
        symbols = [item.scope.condition for item in column]
        candidates = [] if symbols[0] is not None else self.fits(column, uses)
        label = next((i.name for item in column for i in item.items), "joined")
        return self.slots.slot(f"with_{label}", values, symbols, uses, candidates)

    def fits(self, column: Column, uses: Uses) -> Iterator[Expr | None]:
        """What `or` has asked: whether stride and channels stay as they are."""
        goals = [item.scope.goal or 0 for item in column]
        entries = [item.scope.entry for item in column]

        def stride() -> Expr | None:
            found = self.slots.stride_to(goals, entries, uses)
            return combined("==", [found, constant([1] * len(uses))]) if found else None

        def channels() -> Expr | None:
            before = self.slots.channels_of(entries, uses)
            after = self.slots.channels_of(goals, uses)
            return combined("==", [before, after]) if before and after else None

        found = [test for test in (stride(), channels()) if test and not test.is_literal]
        if len(found) == 2:
            both = tuple(a and b for a, b in zip(found[0].values, found[1].values, strict=True))
            text = f"{found[0].text} and {found[1].text}"
            yield Expr(text, both, 0, found[0].params | found[1].params)
        for test in (stride, channels):
            if (again := test()) and not again.is_literal:
                yield again

    # ---- constructor calls ----

    def construct(self, column: Column, uses: Uses, overwrite: bool) -> Py:
        """The expression that makes a module."""
        match column[0].kind:
            case "op":
                return self.operator([item.node for item in column], uses, overwrite)
            case "class":
                return self.instance(column, uses)
        return self.sequential(column, uses)

    def operator(self, nodes: list[Node], uses: Uses, overwrite: bool) -> Py:
        made = list(map(module_of, nodes))
        if not made[0].callee.startswith(("nn.", "torch.")):
            self.made.support.add(made[0].callee)
        given: dict[str, Expr] = {}
        items: list[Py] = []
        skipped = False
        for i, argument in enumerate(made[0].args):
            column = [construct.args[i] for construct in made]
            expr = self.argument(column, nodes, uses, given)
            given[argument.name] = expr
            if expr.is_literal and all(a.value == a.default for a in column):
                skipped = True
                continue
            plain = argument.positional and not skipped
            text = table(column[0].value) if expr.is_literal else said(expr)
            if argument.form:
                text = argument.form.format(flat(text))
            items.append(text if plain else keyword(argument.name, text))
        if overwrite:
            items.append("inplace=True")
        py = call(made[0].callee, items, tight=True)
        times = [construct.times for construct in made if construct.times is not None]
        if all(argument.value == argument.default for argument in times):
            return py
        factor = self.argument(times, nodes, uses, given)
        return prefixed(f"{flat(said(factor, PRODUCT))} * ", py)

    def argument(
        self, column: list[Argument], nodes: list[Node], uses: Uses, given: dict[str, Expr]
    ) -> Expr:
        source, name = column[0].source, column[0].name
        values = [argument.value for argument in column]
        symbols: list[Sym | None] = [node.symbols.get(source) for node in nodes]
        candidates: list[Expr | None] = []
        if not alike(values) or len(uses) < len(self.slots.scopes):
            if source == "in.c":
                candidates.append(self.slots.channels_of([n.inputs[0] for n in nodes], uses))
                if candidates == [None]:  # then perhaps as many as it makes
                    candidates.append(self.slots.channels_of([n.index for n in nodes], uses))
            elif "{" in source:
                candidates.append(self.formula(source, nodes, uses, given))
        default = None if column[0].default is REQUIRED else column[0].default
        return self.slots.slot(name, values, symbols, uses, candidates, default)

    def formula(
        self, text: str, nodes: list[Node], uses: Uses, given: dict[str, Expr]
    ) -> Expr | None:
        """`{kernel_size} // 2`: an argument told by others."""

        def operand(word: str) -> Expr | None:
            name = word.strip("{}")
            if word == name:
                return constant([int(word)] * len(uses))
            if name in given:
                return given[name]
            if name == "in_channels":
                return self.slots.channels_of([node.inputs[0] for node in nodes], uses)
            return self.slots.channels_of([node.index for node in nodes], uses)

        words = text.split()
        left = operand(words[0])
        if len(words) == 1 or left is None:
            return left
        right = operand(words[2])
        return combined(words[1], [left, right]) if right is not None else None

    def instance(self, column: Column, uses: Uses) -> Py:
        """A use of another class of the file."""
        inner = self.class_of[column[0].scope.original]
        indices = [inner.index(item) for item in column]
        items: list[Py] = []
        for parameter in inner.slots.parameters:
            values = [parameter.value(index) for index in indices]
            symbols = [parameter.symbols.get(index) for index in indices]
            candidates: list[Expr | None] = []
            if parameter.role == "in" and not alike(values):
                candidates = [self.slots.channels_of([i.scope.entry for i in column], uses)]
            expr = self.slots.slot(
                parameter.name, values, symbols, uses, candidates, parameter.default
            )
            if parameter.default is None:
                items.append(said(expr))
            elif not (expr.is_literal and values[0] == parameter.default):
                items.append(keyword(parameter.name, said(expr)))
        return call(inner.name, items)

    def sequential(self, column: Column, uses: Uses) -> Py:
        """A chain; like neighbours are made in a loop."""
        children = []
        overwrites = chained_in_place(column)
        for i in range(len(column[0].items)):
            parts = [item.items[i] for item in column]
            children.append(self.construct(parts, uses, i in overwrites))
        names = [child.name for child in column[0].items]
        if names != [str(i) for i in range(len(names))]:
            self.made.support.add("OrderedDict")
            return call("nn.Sequential", [ordered_dict(names, children)])
        children = looped(children)
        return call("nn.Sequential", children, tight=len(children) <= 3)


def statement(py: Py, nested: int = 0) -> list[str]:
    """A statement of a method as it is wrapped there, without the method's indentation."""
    return [line[METHOD:] for line in lines(py, METHOD + 4 * nested)]


def said(expr: Expr, level: int = OR) -> Py:
    """An expression as an item of a call, or as an operand of some precedence."""
    text = expr.within(level)
    return text if expr.i is None else Counted(text, expr.i)


def module_of(node: Node) -> Construct:
    """What PyTorch module a node is."""
    construct = node.applied.module
    assert construct is not None
    return construct


def ends_as_function(group: Group, item: Item) -> bool:
    """Whether a body ends in an activation that nothing else in it uses: a function says that."""
    items = group.instances[0].items
    if item is not items[-1] or item.kind != "op" or not item.node.op.function:
        return False
    alike = [i for i in items if i.kind == "op" and i.node.op == item.node.op]
    return len(alike) == 1 and is_implicit(item)


def negated(expr: Expr) -> Expr:
    """The opposite condition, as one would write it."""
    values = tuple(not value for value in expr.values)
    if " and " in expr.text and expr.level == 0:
        parts = [flip(part) for part in expr.text.split(" and ")]
        return Expr(" or ".join(parts), values, 0, expr.params)
    if expr.level < ATOM:
        return Expr(flip(expr.text), values, expr.level, expr.params)
    return Expr(f"not {expr.text}", values, 0, expr.params)


def flip(text: str) -> str:
    """A comparison turned round."""
    for sign, opposite in ((" == ", " != "), (" != ", " == ")):
        if sign in text:
            return text.replace(sign, opposite)
    return f"not ({text})"


def suffix(py: Py, text: str) -> Py:
    """The expression before some text."""
    if isinstance(py, Wrapped):
        return replace(py, tail=py.tail + text)
    return flat(py) + text
