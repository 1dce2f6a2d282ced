"""`forward` of a class: the block's formula, a statement for each layer with weights."""

from __future__ import annotations

from dataclasses import field, replace

from archdsl.graph import Scope
from archdsl.naming import FILE_NAMES, identifier, is_attribute
from archdsl.pytext import WIDTH, Py, Wrapped, call, flat, lines, literal, prefixed
from archdsl.records import dataclass
from archdsl.shapes import Shape
from archdsl.torchgen.bodies import Item, all_sources
from archdsl.torchgen.constructor import METHOD, Class
from archdsl.torchgen.expressions import ATOM, PRODUCT, SUM

NAMES = ("x", "y", "z", "u", "v", "w")
MOST_OPERANDS = 56  # characters


@dataclass
class Pending:
    """An expression that is not yet in a variable: the tensors it reads, and what it contains."""

    py: Py
    reads: list[int]
    depth: int = 0
    weights: int = 0
    closed: bool = False  # a part of its own, behind which a new statement begins
    training: bool = False
    level: int = ATOM


@dataclass
class Forward:
    """Writes the statements of one class."""

    made: Class
    statements: list[str] = field(default_factory=list)
    variables: dict[int, str] = field(default_factory=dict)  # tensor: variable that holds it
    held: set[int] = field(default_factory=set)  # tensors in variables, with uses to come
    pending: dict[int, Pending] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)  # tensor: uses still to come
    inputs: list[str] = field(default_factory=list)
    heads: dict[int, str] = field(default_factory=dict)  # tensor of a head: its variable
    training: bool = False
    shown: Shape | None = None
    last: tuple[int, Shape | None, Pending, int] | None = None  # the last statement

    def __post_init__(self) -> None:
        self.group = self.made.group
        self.instance = self.group.instances[0]
        self.root = self.made.slots.root
        self.network = self.instance.network
        self.results = self.find_results()
        self.items = self.needed()
        self.nodes = {item.end: self.node(item) for _, item in self.items}
        for _, item in self.items:
            for tensor in self.sources(item):
                self.left[tensor] = self.left.get(tensor, 0) + 1
        for tensor in self.results:
            self.left[tensor] = self.left.get(tensor, 0) + 1

    def head_names(self, taken: set[str]) -> dict[int, str]:
        """Variables for the training-only heads, by their tensors."""
        found: dict[int, str] = {}
        for head in self.network.heads:
            name = identifier(head.name.lower(), {*FILE_NAMES, *taken, "branches"})
            found[self.instance.known[head.node]] = name
            taken.add(name)
        return found

    def find_results(self) -> list[int]:
        """The tensors that are returned."""
        if self.root:
            nodes = [output.node for output in self.network.outputs]
            nodes += [head.node for head in reversed(self.network.heads)]
            return [self.instance.known[node] for node in nodes]
        assert self.instance.end is not None
        return [self.instance.end]

    def needed(self) -> list[tuple[int, Item]]:
        """Position and item of what leads to a result; what comes in is known already."""
        wanted: set[int | None] = set(self.results)
        asked: set[object] = set()
        found = []
        for position, item in reversed(list(enumerate(self.instance.items))):
            if item.end not in wanted and item.thing not in asked:
                continue
            wanted.update(all_sources(item))
            asked.update(item.asks)
            if item.kind != "op" or item.node.op.inputs != 0:
                found.append((position, item))
        return found[::-1]

    def node(self, item: Item) -> int | None:
        """The node that makes what an item hands on."""
        return item.node.index if item.kind == "op" else item.scope.exit

    def sources(self, item: Item) -> list[int]:
        """The tensors that an item reads; a branch that was dropped reads its input."""
        asks = iter(item.asks)
        return [self.dropped(next(asks)) if number is None else number for number in item.sources]

    def dropped(self, asked: Scope | None) -> int:
        """The tensor that came into a choice which has dropped a branch."""
        choice = next(item for item in self.instance.items if item.thing is asked)
        (number,) = choice.sources
        assert number is not None
        return number

    # ---- the walk ----

    def write(self, inputs: list[str]) -> list[str]:
        """The statements; `inputs` are the names of what comes in."""
        self.inputs = inputs
        if self.root:
            entries = [node.index for node in self.network.inputs]
            self.variables = {
                self.instance.known[i]: name for i, name in zip(entries, inputs, strict=True)
            }
            self.nodes |= {self.instance.known[i]: i for i in entries}
            self.shown = self.network.inputs[0].shape
            self.heads = self.head_names({*NAMES, *inputs})
        else:
            self.variables = dict(zip(self.instance.reads, inputs, strict=True))
        self.held = set(self.variables)
        for place, (position, item) in enumerate(self.items):
            self.place = place
            self.step(position, item)
        self.finish()
        return self.statements

    def step(self, position: int, item: Item) -> None:
        if item.kind == "choice" and (item.end is None or not self.attribute(position)):
            self.pass_through(item)
            return
        sources = self.sources(item)
        weights = int(self.weighs(item))
        closed = item.kind in ("class", "chain", "choice")
        if self.is_gate(position, item) or self.is_long(item, sources):
            for tensor in sources:
                self.flush(tensor)
        for tensor in sources:
            self.settle(tensor, item, weights, closed, len(sources) > 1)
        made = self.expression(position, item, sources)
        made.weights += weights
        made.closed = made.closed or closed
        made.training = self.in_training(item)
        assert item.end is not None
        self.pending[item.end] = made
        several = self.left[item.end] != 1 or item.end in self.results
        if several or self.is_gate(position, item):
            self.flush(item.end)

    def is_long(self, item: Item, sources: list[int]) -> bool:
        """Whether operands of a sign, which cannot be wrapped, would fill a line."""
        operands = [self.pending[tensor].py for tensor in sources if tensor in self.pending]
        return level(item) < ATOM and sum(len(flat(py)) for py in operands) > MOST_OPERANDS

    def is_gate(self, position: int, item: Item) -> bool:
        """Whether an item is a join that asks whether to join."""
        return item.is_joint and bool(self.attribute(position))

    def pass_through(self, item: Item) -> None:
        """What a dropped or empty decision passes on is its input under another number."""
        (tensor,) = item.sources
        assert tensor is not None
        if item.end is not None:
            self.flush(tensor)
            self.variables[item.end] = self.variables[tensor]
            self.held.add(item.end)
            self.nodes[item.end] = self.nodes.get(tensor)
            self.left[tensor] += self.left.get(item.end, 0) - 1
        else:
            self.left[tensor] -= 1

    def settle(self, tensor: int, item: Item, weights: int, closed: bool, joint: bool) -> None:
        """Put a source into a variable unless it may stand within the new expression."""
        waiting = self.pending.get(tensor)
        if waiting is None:
            return
        keep = (
            waiting.depth <= 1
            if joint
            else not (weights and waiting.weights)
            and not (closed and (waiting.weights or waiting.depth > 1))
            and (not waiting.closed or self.trails(item))
        )
        if not keep or waiting.depth >= 5 or waiting.training != self.in_training(item):
            self.flush(tensor)

    def trails(self, item: Item) -> bool:
        """Whether no layer with weights of its own follows before the next part or the end."""
        for place in range(self.place, len(self.items)):
            _, follower = self.items[place]
            if follower.kind != "op" or follower.is_joint:
                return True
            if self.weighs(follower):
                return False
        return True

    def in_training(self, item: Item) -> bool:
        """Whether the network needs an item in training only; within blocks nobody asks."""
        return self.root and all(node.training_only for node in item.nodes())

    def weighs(self, item: Item) -> bool:
        """Whether an item has weights that one would give a line of its own."""
        if item.kind == "op":
            return item.node.op.family in ("conv", "linear")
        return item.kind in ("class", "chain", "choice")

    def attribute(self, position: int) -> str:
        return self.made.attributes.get(position, "")

    def expression(self, position: int, item: Item, sources: list[int]) -> Pending:
        """The expression of an item over what its sources are now."""
        parts = [self.pending.pop(tensor, None) for tensor in sources]
        values: list[Py] = []
        made = Pending("", [])
        for i, (tensor, part) in enumerate(zip(sources, parts, strict=True)):
            if part is None:
                values.append(self.moved(self.variables[tensor], tensor, item))
                made.reads.append(tensor)
            else:
                least = level(item) + (i > 0) if level(item) < ATOM else 0
                if item.is_parameter or self.moves(tensor, item) or self.asked_for_shape(item, i):
                    least = ATOM
                values.append(self.moved(within(part, least), tensor, item))
                made.reads += part.reads
                made.depth = max(made.depth, part.depth)
                made.weights += part.weights
                made.closed = made.closed or part.closed
        if item.is_joint:
            made.py = self.joined(position, item, values)
            made.weights = made.weights if len(values) == 1 else 0
            made.closed = False
            made.level = level(item)
        elif item.kind == "op" and (said := item.node.op.expression(values)) is not None:
            made.py = said
        elif position in self.made.functions:
            overwrite = ["inplace=True"] if self.made.functions[position] else []
            made.py = call(item.node.op.function, [*values, *overwrite])
        else:
            name, kind = self.attribute(position), "parameter" if item.is_parameter else "submodule"
            own = f"self.{name}" if is_attribute(name) else f"self.get_{kind}({literal(name)})"
            if item.is_parameter:
                made.py, made.level = prefixed(f"{own} * ", values[0]), PRODUCT
            else:
                made.py = call(own, values)
        made.depth += 1
        return made

    def asked_for_shape(self, item: Item, i: int) -> bool:
        """Whether a source only lends its extents (`to=@name`)."""
        return i > 0 and not item.is_joint

    def joined(self, position: int, item: Item, values: list[Py]) -> Py:
        said = item.operator.expression(values)
        assert said is not None
        name = self.attribute(position)
        if not name:
            return said
        # The branch that may be missing is the one that passes the input on.
        (kept,) = [value for i, value in enumerate(values) if i != self.droppable(position)]
        return f"{flat(said)} if self.{name} else {flat(kept)}"

    def droppable(self, position: int) -> int:
        """Which branch of a join may be missing."""
        item = next(i for i in self.group.column(position) if i.kind == "gate")
        return item.sources.index(None)

    # ---- devices ----

    def moved(self, py: Py, tensor: int, item: Item) -> Py:
        """A tensor on the device of the item that reads it."""
        if not self.moves(tensor, item):
            return py
        return f"{flat(py)}.to(self.devices[{self.device(item)}])"

    def moves(self, tensor: int, item: Item) -> bool:
        """Whether a tensor comes from elsewhere; inputs may lie anywhere."""
        if not self.root or not self.network.devices:
            return False
        here = self.network.nodes[self.nodes[tensor] or 0]
        return here.op.inputs == 0 or (here.device or 0) != self.device(item)

    def device(self, item: Item) -> int:
        """The index of the device where an item stands."""
        there = next(item.nodes(), None)
        return (there.device if there else None) or 0

    # ---- statements ----

    def flush(self, tensor: int) -> None:
        """Put a pending tensor into a variable, behind what comes before it.

        In another order than the spec's, gradients of branches would be summed in another.
        """
        if tensor not in self.pending:
            return
        while (earlier := next(iter(self.pending))) != tensor:
            self.flush(earlier)
        made = self.pending.pop(tensor)
        for read in made.reads:
            self.left[read] -= 1
        name = self.variable(tensor, made)
        self.variables[tensor] = name
        self.held.add(tensor)
        self.statement(f"{name} = ", made, tensor)

    def statement(self, head: str, made: Pending, tensor: int) -> None:
        self.last = (len(self.statements), self.shown, made, tensor)
        indent = METHOD
        if made.training:
            if not self.training:
                self.statements.append(" " * METHOD + "if self.training:")
            indent += 4
        self.training = made.training
        py = made.py
        if indent + len(head) + len(flat(py)) > WIDTH and (branches := listed(py)) is not None:
            # A join of many branches reads better when they are named first.
            self.statements += lines(prefixed("branches = ", branches), indent)
            py = without_list(py)
        text = lines(prefixed(head, py), indent)
        shape = self.shape(tensor)
        if self.root and not made.training and shape != self.shown:
            comment = f"  # (N, {', '.join(map(str, shape.laid_out))})"
            if len(text[-1]) + len(comment) <= WIDTH:
                text[-1] += comment
            self.shown = shape
        self.statements += text

    def shape(self, tensor: int) -> Shape:
        return self.network.nodes[self.nodes[tensor] or 0].shape

    def variable(self, tensor: int, made: Pending) -> str:
        """A name for a tensor: that of one no longer needed, or the next free letter."""
        if tensor in self.heads:
            return self.heads[tensor]
        self.held = {other for other in self.held if self.left.get(other, 0) > 0}
        held = {self.variables[other] for other in self.held if other != tensor}
        held |= {
            self.variables[read]
            for waiting in self.pending.values()
            for read in waiting.reads
            if read in self.variables
        }
        for read in made.reads:
            if self.variables[read] not in held and self.variables[read] in NAMES:
                return self.variables[read]
        free = [name for name in NAMES if name not in held]
        return free[0] if free else f"x{tensor}"

    # ---- the end ----

    def finish(self) -> None:
        """The `return` statement, through a variable that is known to be a Tensor."""
        names = [self.variables[tensor] for tensor in self.results]
        if len(names) > 1 or (self.root and self.network.heads):
            self.return_several(names)
            return
        if self.last is None or self.last[3] != self.results[0]:
            self.annotate(names[0])
            self.statements.append(f"{' ' * METHOD}return {names[0]}")
            return
        start, self.shown, made, tensor = self.last
        del self.statements[start:]
        if is_tensor(made.py):
            self.statement("return ", made, tensor)
        else:
            self.statement("x = ", made, tensor)
            self.statements.append(f"{' ' * METHOD}return x")

    def annotate(self, name: str) -> None:
        """Say that a variable is a Tensor, where calls of modules say nothing."""
        head = f"{' ' * METHOD}{name} = "
        for i, line in enumerate(self.statements):
            if line.startswith(head):
                if name not in self.inputs and not is_tensor(line.removeprefix(head)):
                    self.statements[i] = line.replace(" = ", ": Tensor = ", 1)
                return

    def return_several(self, names: list[str]) -> None:
        outputs = len(self.network.outputs)
        name = self.made.name
        if self.network.heads:
            self.statements.append(" " * METHOD + "if self.training:")
            self.statements += lines(call(f"return {name}Output", names), METHOD + 4)
            names = names[:outputs]
        if outputs == 1:
            self.annotate(names[0])
            self.statements.append(f"{' ' * METHOD}return {names[0]}")
        else:
            kind = f"{name}Output" if not self.network.heads else f"{name}EvalOutput"
            self.statements += lines(call(f"return {kind}", names), METHOD)


def is_tensor(py: Py) -> bool:
    """Whether the type of an expression is known without annotations of modules."""
    return flat(py).startswith(("torch.", "nn.functional."))


def level(item: Item) -> int:
    """How tightly the sign binds that an item is written with."""
    sign = item.operator.sign if item.is_joint else ""  # type: ignore[attr-defined]
    return {"+": SUM, "*": PRODUCT}.get(sign, ATOM)


def within(part: Pending, least: int) -> Py:
    """An expression as an operand, in parentheses where it binds less tightly."""
    return part.py if part.level >= least else f"({flat(part.py)})"


def listed(py: Py) -> Py | None:
    """The list within an expression, if it has one."""
    if not isinstance(py, Wrapped):
        return None
    if py.head == "[":
        return py
    return next((found for item in py.items if (found := listed(item)) is not None), None)


def without_list(py: Py) -> Py:
    """The expression with its list under a name."""
    if not isinstance(py, Wrapped):
        return py
    if py.head == "[":
        return "branches"
    return replace(py, items=tuple(map(without_list, py.items)))
