"""The tree of a spec: what the author wrote, each part with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Literal

from archdsl.records import cached_property, dataclass
from archdsl.source import Source, Span

MAX_NUMBER = 10**12  # what a spec may write or calculate
CONSTANTS = {"true": True, "false": False}

# ---- expressions ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """`64`, `0.5`, `1e-3`, `2K`."""

    value: int | float
    span: Span


@dataclass(frozen=True)
class Size:
    """`3x3`, `3x224x224`; `64x3` is one too, until it meets a channel count."""

    dims: tuple[int, ...]
    span: Span


@dataclass(frozen=True)
class Text:
    """A string in quotes."""

    value: str
    span: Span


@dataclass(frozen=True)
class Name:
    """A parameter, a flag, an operator or a block, by name."""

    name: str
    span: Span


@dataclass(frozen=True)
class Hole:
    """`_`: solved from the join."""

    span: Span


@dataclass(frozen=True)
class InputAxis:
    """`in.c`, `in.h`, `in.w`, `in.d`."""

    axis: str
    span: Span


@dataclass(frozen=True)
class TensorRef:
    """`@name` as the value of an argument, `to=@enc3`."""

    name: str
    span: Span


@dataclass(frozen=True)
class Operation:
    """An operator of arithmetic or comparison applied to one or two operands."""

    sign: str
    operands: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True)
class Apply:
    """`round_to(x, 8)`: a function of expressions."""

    function: str
    operands: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True)
class ChainValue:
    """`96>128`: an argument for a parameter written as a pattern."""

    parts: tuple[Expr, ...]
    span: Span


Expr = Number | Size | Text | Name | Hole | InputAxis | TensorRef | Operation | Apply | ChainValue


@dataclass(frozen=True)
class Arg:
    """One argument of a call; `name` where it was given as `name=value`."""

    name: str | None
    value: Expr
    span: Span


# ---- chains --------------------------------------------------------------------------------


class Mentions:
    """What a stretch of text is asked about the names in it."""

    @cached_property
    def mentioned(self) -> tuple[str, ...]:
        """The names of values, and of what is called."""
        return tuple(dict.fromkeys(names(within(self))))

    @cached_property
    def reads_input(self) -> bool:
        """Whether it says `in.c` or another axis of `in`."""
        return any(isinstance(part, InputAxis) for part in within(self))


@dataclass(frozen=True)
class Call(Mentions):
    """A name with its bodies in `< >` and its arguments."""

    name: str
    bodies: tuple[Seq, ...]
    args: tuple[Arg, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True)
class Group:
    """`( ... )`."""

    body: Seq
    span: Span


@dataclass(frozen=True)
class Choice:
    """`(a or b)`: the first alternative that fits the join."""

    alternatives: tuple[Seq, ...]
    span: Span


@dataclass(frozen=True)
class Join:
    """`[ a | b ]`, `[ a + b ]`, `[ a * b ]`."""

    sign: Literal["|", "+", "*"]
    branches: tuple[Seq, ...]
    span: Span


@dataclass(frozen=True)
class Ref:
    """`@name`: the tensor that left the item of that label."""

    name: str
    span: Span


@dataclass(frozen=True)
class Repeat:
    """`unit x3`, `unit x(n)`."""

    unit: Unit
    count: Expr
    span: Span


@dataclass(frozen=True)
class If:
    """`a if (cond) else b`; without `else` it may be absent."""

    then: Unit
    condition: Expr
    otherwise: Item | None
    span: Span


Unit = Call | Group | Choice | Join | Ref | Repeat | If


@dataclass(frozen=True)
class Label:
    """A name for an item; `first` is where a `#` label starts to count."""

    name: str
    first: int | None
    span: Span


@dataclass(frozen=True)
class Item:
    """One step of a chain, with its label where it has one."""

    label: Label | None
    unit: Unit
    span: Span


@dataclass(frozen=True)
class Seq(Mentions):
    """Items fed one into the next."""

    items: tuple[Item, ...]
    span: Span


# ---- declarations --------------------------------------------------------------------------


@dataclass(frozen=True)
class Param:
    """A parameter; a pattern such as `b0>b` has several names."""

    names: tuple[str, ...]
    default: Expr | None
    span: Span

    @cached_property
    def literal(self) -> object:
        """The default where it is a plain value, for the signature of generated code."""
        if isinstance(self.default, Name):
            return CONSTANTS.get(self.default.name)
        return getattr(self.default, "value", None)


@dataclass(frozen=True)
class Use:
    """`use NAME: a, b` (a shipped spec) or `use "file.arch": a`."""

    spec: str
    is_path: bool
    names: tuple[Name, ...]
    span: Span


@dataclass(frozen=True)
class Definition:
    """A `let` or a `block`."""

    kind: Literal["let", "block"]
    name: str
    bodies: tuple[str, ...]
    params: tuple[Param, ...]
    body: Seq
    span: Span
    name_span: Span

    @cached_property
    def named(self) -> Mapping[str, tuple[str, ...]]:
        """The names of its parameters by what a call writes for them, `b0>b`."""
        return {">".join(param.names): param.names for param in self.params}


@dataclass(frozen=True)
class Init:
    """`init conv, fc: normal std=0.01 bias=0`: how the weights of those start."""

    targets: tuple[Name, ...]
    scheme: Name | None
    args: tuple[Arg, ...]
    span: Span


@dataclass(frozen=True)
class Schedule:
    """`schedule residual droppath: 0.2 * i / n`: an operator's first number, use by use."""

    blocks: tuple[Name, ...]  # whose uses are counted together; of the operator itself if none
    operator: Name
    value: Expr
    span: Span

    @property
    def target(self) -> tuple[str, ...]:
        """The blocks, and the operator."""
        return *(block.name for block in self.blocks), self.operator.name


@dataclass(frozen=True)
class Bound:
    """`params < 5M`: a figure of the network, a comparison and what it is compared with."""

    measure: str
    sign: str
    value: Expr
    span: Span


@dataclass(frozen=True)
class Fits:
    """`fits 3x192x192`: an input that the network must take besides its own."""

    value: Expr
    span: Span


Condition = Bound | Fits


@dataclass(frozen=True)
class Assert:
    """`assert params < 5M, fits 3x192x192`: what must hold of the network."""

    conditions: tuple[Condition, ...]
    span: Span


@dataclass(frozen=True)
class Edit:
    """`drop LABEL`, `after LABEL: chain`, `before LABEL: chain` or a replacement."""

    kind: Literal["drop", "after", "before", "replace"]
    target: Name
    body: Seq | None
    span: Span


@dataclass(frozen=True)
class Rebind:
    """`rebind NAME<bodies>(params) = chain`."""

    name: str
    bodies: tuple[str, ...] | None
    params: tuple[Param, ...] | None
    body: Seq
    span: Span
    name_span: Span


@dataclass(frozen=True)
class NetworkDef:
    """A `network`; `base` is the call behind `from`, and only then are there `edits`."""

    name: str
    params: tuple[Param, ...]
    about: str
    base: Call | None
    inputs: tuple[Item, ...]
    body: Seq
    inits: tuple[Init, ...]
    schedules: tuple[Schedule, ...]
    asserts: tuple[Assert, ...]
    edits: tuple[Edit, ...]
    rebinds: tuple[Rebind, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True)
class Spec:
    """A whole file."""

    source: Source
    uses: tuple[Use, ...]
    definitions: tuple[Definition, ...]
    networks: tuple[NetworkDef, ...]


def holding(part: type) -> list[str]:
    """The fields of a class that hold others of this file."""
    return [field.name for field in fields(part) if CLASS.search(str(field.type))]


# The name of a class of this file, or of a union of them, in the type of a field.
CLASS = re.compile(r"\b(?!None|Literal|Source|Span)[A-Z]")
# Of the classes of this file, what tells those of their fields that hold others of them.
PARTS: dict[type, Callable[[object], object] | None] = {
    part: attrgetter(*held) if (held := holding(part)) else None
    for part in vars().copy().values()
    if isinstance(part, type) and is_dataclass(part) and part not in (Source, Span)
}


def within(*parts: object) -> list[object]:
    """Parts of a tree, and all that they are made of."""
    found: list[object] = []
    waiting = [*parts]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
        elif part is not None:
            found.append(part)
            if (held := PARTS[type(part)]) is not None:
                waiting.append(held(part))
    return found


def names(parts: Iterable[object]) -> Iterator[str]:
    """The names among parts of a tree: of values, and of what is called."""
    return (part.name for part in parts if isinstance(part, (Name, Call)))
