"""Parameters' values and the author's expressions in a document, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from archdsl.documents.base import Document, Index, Name, Value
from archdsl.symbols import Binding, ChannelsOf, Computed, Given, Literally, Position, Solved, Sym
from archdsl.values import Callee, Strided, Unsolved


class CalleeDocument(Document):
    """The name of an operator or block, as the value of a parameter."""

    calls: Name


class StridedDocument(Document):
    """A size with a stride, as the value of a parameter."""

    size: Value
    stride: Value


GivenValue = CalleeDocument | StridedDocument | Value


class LiterallyDocument(Document):
    """A value written as it is."""

    type: Literal["literally"] = "literally"
    value: GivenValue


class GivenDocument(Document):
    """A parameter, by the index of its binding."""

    type: Literal["given"] = "given"
    binding: Index


class ComputedDocument(Document):
    """Arithmetic, a comparison or a function call."""

    type: Literal["computed"] = "computed"
    sign: str
    operands: tuple[SymbolDocument, ...]


class ChannelsOfDocument(Document):
    """The channels of the tensor that a node makes."""

    type: Literal["channels_of"] = "channels_of"
    node: int


class SolvedDocument(Document):
    """What `_` became: the channels of a join's other branch, or the stride down to it."""

    type: Literal["solved"] = "solved"
    what: Literal["channels", "stride"]
    goal: int
    entry: int


class PositionDocument(Document):
    """`i` in a `schedule` line: which use it is, from 0."""

    type: Literal["position"] = "position"
    i: Index


SymbolDocument = Annotated[
    LiterallyDocument
    | GivenDocument
    | ComputedDocument
    | ChannelsOfDocument
    | SolvedDocument
    | PositionDocument,
    Field(discriminator="type"),
]
ComputedDocument.model_rebuild()


class BindingDocument(Document):
    """A parameter of one use; `home` is the index of the scope in whose text its value stands."""

    name: Name
    value: GivenValue
    symbol: SymbolDocument
    home: Index | None
    default: GivenValue


def written(value: Any) -> Any:
    """A parameter's value as its document takes it."""
    if isinstance(value, Callee):
        return CalleeDocument(calls=value.name)
    if isinstance(value, Strided):
        return StridedDocument(size=value.size, stride=written(value.stride))
    if isinstance(value, Unsolved):
        return "_"  # what it became stands where it was solved
    return value


def read(value: Any) -> Any:
    """A parameter's value from its document."""
    if isinstance(value, CalleeDocument):
        return Callee(value.calls)
    if isinstance(value, StridedDocument):
        return Strided(value.size, value.stride)
    return value


def symbol_document(symbol: Sym, index: Callable[[Binding], int]) -> Any:
    """An expression; `index` numbers the parameters in it."""
    match symbol:
        case Literally(value):
            return LiterallyDocument(value=written(value))
        case Given(binding):
            return GivenDocument(binding=index(binding))
        case Computed(sign, operands):
            parts = tuple(symbol_document(operand, index) for operand in operands)
            return ComputedDocument(sign=sign, operands=parts)
        case ChannelsOf(node):
            return ChannelsOfDocument(node=node)
        case Solved(what, goal, entry):
            return SolvedDocument(what=what, goal=goal, entry=entry)
        case Position(i):
            return PositionDocument(i=i)


def symbol_of(document: Any, bindings: Sequence[Binding]) -> Sym:
    """An expression from its document; raises IndexError for a parameter that is not there."""
    match document:
        case LiterallyDocument(value=value):
            return Literally(read(value))
        case GivenDocument(binding=index):
            return Given(bindings[index])
        case ComputedDocument(sign=sign, operands=operands):
            return Computed(sign, tuple(symbol_of(operand, bindings) for operand in operands))
        case ChannelsOfDocument(node=node):
            return ChannelsOf(node)
        case PositionDocument(i=i):
            return Position(i)
        case _:
            return Solved(document.what, document.goal, document.entry)
