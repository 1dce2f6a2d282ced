"""Python expressions that know how to wrap, laid out as the usual formatters do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from archdsl.records import cached_property, dataclass

WIDTH = 88


@dataclass(frozen=True)
class Wrapped:
    """Items between brackets: on one line where they fit, else one a line with a last comma.

    With `tight`, items that fit on one line of their own share it. A `clause`, `for ...`, follows a
    single item, and no comma then.
    """

    head: str
    items: tuple[Py, ...]
    tail: str
    tight: bool = False
    clause: str = ""

    @cached_property
    def inside(self) -> str:
        """What stands between the brackets, on one line."""
        clause = f" {self.clause}" if self.clause else ""
        return ", ".join(map(flat, self.items)) + clause


@dataclass(frozen=True)
class Counted:
    """An expression of some `i`, with what that stands for here: `0.2 * i / 16`."""

    text: str
    i: int


Py = str | Wrapped | Counted


def call(function: str, items: Iterable[Py], *, tight: bool = False) -> Wrapped:
    """`function(item, ...)`."""
    return Wrapped(f"{function}(", tuple(items), ")", tight)


def listing(items: Iterable[Py]) -> Wrapped:
    """`[item, ...]`."""
    return Wrapped("[", tuple(items), "]")


def keyword(name: str, value: Py) -> Py:
    """`name=value`."""
    return prefixed(f"{name}=", value)


def prefixed(prefix: str, value: Py) -> Py:
    """The expression with text in front."""
    if isinstance(value, str):
        return prefix + value
    if isinstance(value, Counted):
        return Counted(prefix + value.text, value.i)
    return Wrapped(prefix + value.head, value.items, value.tail, value.tight, value.clause)


def flat(py: Py) -> str:
    """The expression on one line."""
    if isinstance(py, str):
        return py
    if isinstance(py, Counted):
        return re.sub(r"\bi\b", str(py.i), py.text)
    return py.head + py.inside + py.tail


def lines(py: Py, indent: int = 0, suffix: str = "") -> list[str]:
    """The expression in lines of at most WIDTH characters where wrapping can achieve it."""
    text = " " * indent + flat(py) + suffix
    if len(text) <= WIDTH or isinstance(py, (str, Counted)) or not py.items:
        return [text]
    together = " " * (indent + 4) + py.inside
    if (py.tight or py.clause) and len(together) <= WIDTH:
        inner = [together]
    elif py.clause:
        inner = [*lines(py.items[0], indent + 4), " " * (indent + 4) + py.clause]
    else:
        inner = [line for item in py.items for line in lines(item, indent + 4, ",")]
    return [" " * indent + py.head, *inner, " " * indent + py.tail + suffix]


def table(value: object) -> Py:
    """A value as Python source; a tuple of tuples may wrap."""
    if isinstance(value, tuple) and any(isinstance(part, tuple) for part in value):
        return Wrapped("(", tuple(map(table, value)), ")" if len(value) > 1 else ",)")
    return literal(value)


def literal(value: object) -> str:
    """A value as Python source; integral floats of layers keep their point."""
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, float):
        return repr(value).replace("e-0", "e-")
    if isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False)
    return repr(value)
