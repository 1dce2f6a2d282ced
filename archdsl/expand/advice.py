"""What is advised where a mistake shows what its author meant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.diagnostics import ArchError

if TYPE_CHECKING:
    from archdsl.expand.names import Env


def advised(error: ArchError, unit: s.Unit, env: Env) -> ArchError:
    """A mistake in a unit, with better help where its last words were to repeat it."""
    count = miswritten_count(unit, env) if isinstance(unit, s.Call) else None
    if count is None:
        return error
    words, meant = count
    help = f"write {meant}, which repeats the item"
    found = [
        replace(each, help=help) if each.span in [word.span for word in words] else each
        for each in error.diagnostics
    ]
    return ArchError(*found)


def miswritten_count(call: s.Call, env: Env) -> tuple[tuple[s.Arg, ...], str] | None:
    """The arguments at the end of a call that say how often, `x n` or `xn`, and what is meant."""
    match call.args:
        case (*_, s.Arg(None, s.Name("x")) as sign, s.Arg(None, value) as last):
            if "x" not in env.values and not isinstance(value, s.Size):
                text = value.span.text
                return (sign, last), f"x{text}" if isinstance(value, s.Number) else f"x({text})"
        case (*_, s.Arg(None, s.Name(name)) as last):
            if name[0] == "x" and name not in env.values and name[1:] in env.values:
                return (last,), f"x({name[1:]})"
    return None
