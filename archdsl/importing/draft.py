"""What is to be written: chains, joins, groups and calls, not yet text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from archdsl.ops import Identity, Op
from archdsl.records import dataclass
from archdsl.shapes import Shape


@dataclass(frozen=True)
class Formula:
    """An expression over parameters; `plain` is a name, which needs no parentheses."""

    text: str
    plain: bool = False


HOLE = Formula("_", plain=True)


@dataclass(frozen=True)
class Leaf:
    """An operator with the values of its fields; `state` tells that the state_dict knows it."""

    kind: type[Op]
    values: tuple[tuple[str, Any], ...]
    state: bool = False


@dataclass(frozen=True)
class Group:
    """A module with parts, as it is written where it stands: `( ... )`.

    `kind` is its class; `entry` the shape that comes in.
    """

    kind: str
    chain: Chain
    entry: Shape
    state: bool


@dataclass(frozen=True)
class Join:
    """Branches on one tensor."""

    sign: str
    branches: tuple[Chain, ...]


@dataclass(frozen=True)
class Either:
    """`(identity or b)`, `(a or none)`: the first that fits its join."""

    alternatives: tuple[Chain | None, ...]


@dataclass(frozen=True)
class Ref:
    """`@label`."""

    label: str


@dataclass(frozen=True)
class Use:
    """A block or `let` with its arguments; a `let` opens a group where it `groups`."""

    name: str
    values: tuple[tuple[str, Any], ...]
    groups: bool = False


@dataclass(frozen=True)
class Stack:
    """A unit several times over; with `first`, under labels numbered from there."""

    unit: Unit
    count: int
    first: int | None = None


@dataclass(frozen=True)
class Aux:
    """A head that exists in training only."""

    chain: Chain


Unit = Leaf | Group | Join | Either | Ref | Use | Stack | Aux


@dataclass(frozen=True)
class Item:
    """A step of a chain; its label is the module's name, a number where it goes by position."""

    label: str | None
    unit: Unit


Chain = tuple[Item, ...]


@dataclass(frozen=True)
class Definition:
    """A `block`, or a `let` for what is numbered by position; parameters with their defaults.

    `kind` is the class of the modules that it is made of.
    """

    name: str
    kind: str
    is_let: bool
    params: tuple[tuple[str, Any], ...]
    chain: Chain


@dataclass(frozen=True)
class Schedule:
    """What an operator is given in each use of blocks, those made of some classes of modules."""

    kinds: tuple[str, ...]
    operator: str
    rule: str


@dataclass(frozen=True)
class Draft:
    """A whole spec."""

    name: str
    input: Shape
    chain: Chain
    definitions: tuple[Definition, ...] = ()
    params: tuple[tuple[str, Any], ...] = ()
    schedule: Schedule | None = None


def leaf(op: Op, state: bool) -> Leaf:
    """An operator as it is."""
    values = ((f.name, getattr(op, f.name)) for f in fields(op) if f.metadata)
    trained = op.family == "regularisation"
    settled = ((name, short(v) if trained or name == "momentum" else v) for name, v in values)
    return Leaf(type(op), tuple(settled), state)


def short(value: Any) -> Any:
    """A value without what binary fractions add to it: `1 - 0.9997` is 0.0003.

    It is for what training alone makes use of; what the others answer would change by it.
    """
    return float(f"{value:.12g}") if isinstance(value, float) else value


def identity() -> Leaf:
    """What passes its input on, and takes a number."""
    return leaf(Identity(), False)


def stateful(unit: Unit) -> bool:
    """Whether the state_dict knows a unit or what is in it."""
    match unit:
        case Leaf(state=state) | Group(state=state):
            return state
        case Join(_, branches):
            return any(stateful(item.unit) for branch in branches for item in branch)
        case Use() | Aux():
            return True
        case Stack(inner):
            return stateful(inner)
        case Either():
            return True
        case Ref():
            return False


def mapped(chain: Chain, change: Callable[[Unit], Unit]) -> Chain:
    """A chain with each unit changed, those within before what they stand in."""

    def within(unit: Unit) -> Unit:
        match unit:
            case Group():
                unit = replace(unit, chain=mapped(unit.chain, change))
            case Join():
                unit = replace(unit, branches=tuple(mapped(b, change) for b in unit.branches))
            case Aux():
                unit = Aux(mapped(unit.chain, change))
            case Stack():
                unit = replace(unit, unit=within(unit.unit))
            case Either():
                kept = tuple(a and mapped(a, change) for a in unit.alternatives)
                unit = replace(unit, alternatives=kept)
        return change(unit)

    return tuple(replace(item, unit=within(item.unit)) for item in chain)


def units(chain: Chain) -> Iterator[Unit]:
    """All units of a chain, those within before what they stand in."""
    found: list[Unit] = []

    def note(unit: Unit) -> Unit:
        found.append(unit)
        return unit

    mapped(chain, note)
    yield from found
