"""Dataclasses that cost a quarter to define, and half to make where they are frozen.

The standard decorator writes and compiles six methods for each frozen class, which was a quarter of
what `archdsl check` took from a cold shell, and sets their fields by `object.__setattr__`. Here
`__init__` alone is compiled and the rest is shared; that what is frozen stays so, mypy sees to.

Cached properties take no lock, which until Python 3.12 was half of what one costs to be asked for
the first time. A compilation asks for a thousand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from functools import cached_property as cached_property
else:

    def dataclass(cls=None, /, *, frozen=False, eq=True):
        """The standard decorator, with those of its options that are in use."""
        if cls is None:
            return partial(dataclass, frozen=frozen, eq=eq)
        made = dataclasses.dataclass(cls, init=False, repr=False, eq=False)
        made.__init__ = starting(made)
        if "__repr__" not in vars(cls):
            made.__repr__ = shown
        if eq:
            made.__eq__, made.__hash__ = compared(made)
        if eq and not frozen:
            made.__hash__ = None
        return made

    class cached_property:  # noqa: N801
        """The standard one without its lock: the value hides it, once it is worked out."""

        def __init__(self, work_out):
            self.work_out = work_out
            self.__doc__ = work_out.__doc__

        def __set_name__(self, owner, name):
            self.name = name

        def __get__(self, record, owner=None):
            if record is None:
                return self
            value = record.__dict__[self.name] = self.work_out(record)
            return value


def starting(cls: type[Any]) -> Callable[..., None]:
    """What compiles a class's `__init__` when it is called in its place for the first time.

    A command makes records of a few classes and defines all.
    """

    def start(self: Any, *values: Any, **named: Any) -> None:
        cls.__init__ = init(cls)
        cls.__init__(self, *values, **named)

    return start


def init(cls: type[Any]) -> Callable[..., None]:
    """An `__init__` that sets a class's fields as the standard one does."""
    parameters, lines = ["self"], ["pass"]
    names: dict[str, Any] = {"MISSING": MISSING}
    for field in dataclasses.fields(cls):
        parameter = value = field.name
        if field.default is not MISSING:
            parameter += f"=default_{field.name}"
            names[f"default_{field.name}"] = field.default
        elif field.default_factory is not MISSING:
            parameter += "=MISSING"
            value = f"make_{field.name}() if {field.name} is MISSING else {field.name}"
            names[f"make_{field.name}"] = field.default_factory
        parameters.append(parameter)
        lines.append(f"self.{field.name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(lines), names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def shown(record: Any) -> str:
    """`Number(value=64, span=...)`."""
    names = [field.name for field in dataclasses.fields(record) if field.repr]
    values = (f"{name}={getattr(record, name)!r}" for name in names)
    return f"{type(record).__qualname__}({', '.join(values)})"


def compared(cls: type[Any]) -> tuple[Any, Any]:
    """How two of a class compare, and their hash: by the values of their fields."""
    names = [field.name for field in dataclasses.fields(cls) if field.compare]
    values = attrgetter(*names) if names else lambda record: ()

    def same(one: Any, other: Any) -> Any:
        return values(one) == values(other) if one.__class__ is other.__class__ else NotImplemented

    return same, lambda record: hash(values(record))
