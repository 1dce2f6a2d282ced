"""Where a value came from, so that generated code can say `4 * c` and not 256.

A symbol is the author's expression over the parameters that were in reach. Values are computed
first; an expression is printed, and gives other values elsewhere (`expand.moulds`), only where it
is seen to give those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from archdsl.records import dataclass

if TYPE_CHECKING:
    from archdsl.graph import Scope


@dataclass(eq=False)
class Binding:
    """A parameter of one use: its value, and the expression that the call gave for it.

    `home` is the scope in whose text that expression stands; `default` the declared default.
    """

    name: str
    value: Any
    symbol: Sym
    home: Scope | None
    default: Any = None


@dataclass(frozen=True)
class Literally:
    """A value written as it is; or, not `written`, worked out from what no expression tells."""

    value: Any
    written: bool = True


@dataclass(frozen=True)
class Given:
    """A parameter, by name."""

    binding: Binding


@dataclass(frozen=True)
class Computed:
    """Arithmetic, a comparison or a function call over symbols."""

    sign: str
    operands: tuple[Sym, ...]


@dataclass(frozen=True)
class ChannelsOf:
    """The channels of the tensor that a node makes (`in.c`)."""

    node: int


@dataclass(frozen=True)
class Solved:
    """What `_` became: the channels of a join's other branch, or the stride down to it."""

    what: Literal["channels", "stride"]
    goal: int
    entry: int


@dataclass(frozen=True)
class Position:
    """`i` in a `schedule` line: which use it is, from 0."""

    i: int


Sym = Literally | Given | Computed | ChannelsOf | Solved | Position


def about(
    symbol: Sym, parameter: Callable[[Binding], bool], channels: Callable[[int], bool]
) -> bool:
    """Whether an expression is about a parameter, or a tensor's channels, of which that holds."""
    match symbol:
        case Given(binding):
            return parameter(binding)
        case Computed(_, operands):
            return any(about(operand, parameter, channels) for operand in operands)
        case ChannelsOf(node) | Solved("channels", node):
            return channels(node)
    return False


def counts(symbol: Sym | None) -> bool:
    """Whether a value depends on which use it is for, by a `schedule` line."""
    if isinstance(symbol, Given):
        return counts(symbol.binding.symbol)
    if isinstance(symbol, Computed):
        return any(map(counts, symbol.operands))
    return isinstance(symbol, Position)
