"""The one room for operators: a class each, and the registry that finds them by name.

Everything else asks an operator; nothing else knows one.
"""

from __future__ import annotations

from archdsl.ops import convolutions, layout, pointwise, pools
from archdsl.ops.applied import Applied, apply
from archdsl.ops.base import (
    REQUIRED,
    Argument,
    Buffer,
    Construct,
    Kind,
    Op,
    Pointwise,
    Saved,
    Tensor,
    Window,
    least,
)
from archdsl.ops.elsewhere import written
from archdsl.ops.fused import activated, summed
from archdsl.ops.joins import Add, Concat, Input, Joint, Multiply, Unclear

__all__ = [
    "JOINTS",
    "OPS",
    "REQUIRED",
    "Applied",
    "Argument",
    "Buffer",
    "Construct",
    "Identity",
    "Input",
    "Joint",
    "Kind",
    "Op",
    "Pointwise",
    "Saved",
    "Slice",
    "Tensor",
    "Unclear",
    "Window",
    "activated",
    "apply",
    "least",
    "summed",
    "written",
]

Identity = layout.Identity
Slice = layout.Slice


def _registry() -> dict[str, type[Op]]:
    found = {}
    for room in (convolutions, pools, pointwise, layout):
        for value in vars(room).values():
            if isinstance(value, type) and issubclass(value, Op) and hasattr(value, "name"):
                found[value.name] = value
                if value.alias:
                    found[value.alias] = value
    return found


OPS: dict[str, type[Op]] = _registry()
JOINTS: dict[str, type[Joint]] = {joint.sign: joint for joint in (Concat, Add, Multiply)}
