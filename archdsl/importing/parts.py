"""A record as operators in nested parts, as the foreign module's own parts nest them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any, NoReturn

from archdsl.diagnostics import mistake
from archdsl.importing.record import Called, Record, Seen, Visit
from archdsl.ops import Identity, Input, Op
from archdsl.ops.applied import Applied
from archdsl.ops.functions import Extents, applied, module
from archdsl.ops.reading import Unreadable
from archdsl.records import dataclass
from archdsl.shapes import Misfit, Shape


@dataclass(eq=False)
class Node:
    """An operator; `name` is its module's within the part, None where a function made it."""

    op: Op
    inputs: list[Node]
    shape: Shape
    name: str | None
    part: Part

    @property
    def stateful(self) -> bool:
        """Whether the state_dict knows it."""
        return bool(self.op.tensors(*(each.shape for each in self.inputs)))

    @property
    def path(self) -> str:
        """Its module's path."""
        return ".".join(filter(None, (self.part.path, self.name)))


@dataclass(eq=False)
class Part:
    """A module with parts, or a mere container of some; `kind` is its class."""

    name: str
    path: str
    kind: str
    parent: Part | None = None
    items: list[Node | Part] = field(default_factory=list)

    @property
    def numbers(self) -> bool:
        """Whether its children go by position."""
        return any(item.name is not None and item.name.isdecimal() for item in self.items)

    def nodes(self) -> Iterator[Node]:
        """All operators within, in the order of the run."""
        for item in self.items:
            if isinstance(item, Node):
                yield item
            else:
                yield from item.nodes()

    def ancestry(self) -> list[Part]:
        """The parts around it from the outermost on, and itself."""
        return [*(self.parent.ancestry() if self.parent else []), self]

    def encloses(self, other: Part) -> bool:
        """Whether the other part is this one or lies within it."""
        return self in other.ancestry()


@dataclass(frozen=True, eq=False)
class Whole:
    """A record that was understood: what comes in, what goes out."""

    root: Part
    entry: Node
    outputs: tuple[Node, ...]


def parts(record: Record) -> Whole:
    """The operators of a record; what there is none for is told with its module."""
    return Reader(record).whole()


class Reader:
    """Follows a record, call by call."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.root = Part("", "", record.root.kind)
        self.entry = Node(Input(Shape(record.input)), [], Shape(record.input), None, self.root)
        self.values: dict[int, Any] = {0: self.entry}
        self.called: set[str] = set()

    def whole(self) -> Whole:
        self.visit(self.record.root, self.root)
        outputs = tuple(self.values.get(number) for number in self.record.outputs)
        if not outputs or not all(isinstance(output, Node) for output in outputs):
            refuse(self.record.root.kind, "", "returns something else than tensors of its own")
        return Whole(self.root, self.entry, outputs)  # type: ignore[arg-type]

    def visit(self, visit: Visit, part: Part) -> None:
        for item in visit.items:
            if isinstance(item, Visit):
                inner, name = self.within(part, item.path, item.kind)
                found = Part(name, item.path, item.kind, inner)
                inner.items.append(found)
                self.visit(item, found)
            else:
                self.apply(item, part)

    def within(self, part: Part, path: str, kind: str) -> tuple[Part, str]:
        """The container within a part that a path names, and the path's last name."""
        prefix = f"{part.path}." if part.path else ""
        if not path.startswith(prefix) or path == part.path:
            refuse(kind, path, f"is called by '{part.path}', which it is no part of")
        *containers, name = path.removeprefix(prefix).split(".")
        for container in containers:
            last = part.items[-1] if part.items else None
            if not isinstance(last, Part) or last.name != container:
                last = Part(container, ".".join(filter(None, (part.path, container))), "", part)
                part.items.append(last)
            part = last
        return part, name

    def bearer(self, part: Part, path: str, kind: str) -> tuple[Part, str]:
        """Where something with weights stands; where they are the part's own, beside the part."""
        if path == part.path and part.parent is not None:
            return part.parent, part.name
        return self.within(part, path, kind)

    def apply(self, call: Called, part: Part) -> None:
        name: str | None = None
        kind = call.foreign.name if call.path is not None else part.kind
        place = call.path if call.path is not None else part.path
        if call.path is not None:
            part, name = self.within(part, call.path, kind)

        def make(op: Op, *inputs: Node, path: str | None = None) -> Node:
            if isinstance(op, Identity):
                return inputs[0]
            home, label = (part, name) if path is None else self.bearer(part, path, kind)
            node = Node(op, [*inputs], applied_shape(op, inputs), label, home)
            if node.stateful:
                self.once(node, kind)
            home.items.insert(len(home.items) - (home is part.parent), node)
            return node

        try:
            args, kwargs = self.given(call.args), self.given(call.kwargs)
            if call.path is None:
                result = applied(make, call.foreign.name, args, kwargs)
            elif len(args) == 1 and not kwargs:
                result = module(make, call.foreign, args[0])
            else:
                raise Unreadable(f"{kind} on several tensors")
        except Unreadable as reason:
            refuse(kind, place, f"has no operator in Arch: {reason}")
        made = result if isinstance(result, list) else [result]
        for number, value, shape in zip(call.results, made, call.shapes, strict=True):
            if isinstance(value, Node) and value.shape.laid_out != shape:
                refuse(kind, place, f"makes {Shape(shape)}, and Arch's would make {value.shape}")
            self.values[number] = value

    def once(self, node: Node, kind: str) -> None:
        """Refuse weights that are used twice."""
        if node.path in self.called:
            refuse(kind, node.path, "is called twice, and weights cannot be shared in Arch")
        self.called.add(node.path)

    def given(self, value: Any) -> Any:
        """An argument with its tensors as nodes."""
        match value:
            case Seen(number):
                return self.values[number]
            case Extents():
                return Extents(value, self.given(value.of))
            case tuple():
                return tuple(map(self.given, value))
            case dict():
                return {key: self.given(part) for key, part in value.items()}
        return value


def applied_shape(op: Op, inputs: Sequence[Node]) -> Shape:
    """The shape that an operator makes; raises Unreadable."""
    try:
        return Applied(op, tuple(each.shape for each in inputs)).shape
    except Misfit as misfit:
        raise Unreadable(misfit.clause) from None


def refuse(kind: str, path: str, why: str) -> NoReturn:
    """Tell what the language does not express, with the module's path and class."""
    where = f"'{path}' ({kind})" if path else kind
    raise mistake("import", f"{where} {why}")
