"""The inputs of a network, in the order of its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, mistake
from archdsl.expand.building import BROKEN
from archdsl.ops import Input
from archdsl.shapes import Shape
from archdsl.source import Span

if TYPE_CHECKING:
    from archdsl.expand.names import Env
    from archdsl.expand.walk import Expander


def input_node(walk: Expander, item: s.Item, env: Env, *, first: bool) -> int:
    """The node of an `input` line."""
    call = item.unit
    assert isinstance(call, s.Call)
    if not first and item.label is None:
        walk.report(
            mistake(
                "input",
                "a second input needs a label, to be used as @label",
                item.span,
                help="meta: input 16",
            )
        )
        return BROKEN
    try:
        values = [env(arg.value).value for arg in call.args]
        dims = values[0] if len(values) == 1 and isinstance(values[0], tuple) else values
        shape = input_shape(dims, call.span)
    except ArchError as error:
        walk.report(error)
        return BROKEN
    node = walk.add(item.label.name if item.label else "input", Input(shape), (), item.span)
    if item.label:
        walk.room.tensors[item.label.name] = node
    return node


def input_shape(dims: Sequence[Any], span: Span) -> Shape:
    """The shape of some values, where they can be an input's."""
    good = all(isinstance(d, int) and not isinstance(d, bool) and d > 0 for d in dims)
    if not good or not 1 <= len(dims) <= 4:
        raise mistake(
            "input",
            "an input is channels and up to three axes, each at least 1",
            span,
            help="input 3x224x224",
        )
    return Shape(dims)
