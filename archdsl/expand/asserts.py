"""`assert` lines: what must hold of the network asked for, with its bounds and shapes worked out.

They are for the network that they stand in. A variant is made to differ from its base, so what
the base's author holds of that is checked where the base is, and not inherited.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, mistake
from archdsl.expand.inputs import input_shape
from archdsl.graph import Assertion, Bound, Fits
from archdsl.values import number

if TYPE_CHECKING:
    from archdsl.expand.walk import Expander

MAX_FITS = 8  # inputs that a network's lines may have it walked for


def assertions(walk: Expander) -> Iterator[Assertion]:
    lines = walk.variant.declared.definition.asserts
    conditions = [condition for line in lines for condition in line.conditions]
    fits = [condition for condition in conditions if isinstance(condition, s.Fits)]
    if len(fits) > MAX_FITS:
        message = f"a network can be asked to fit {MAX_FITS} inputs, and not more"
        walk.report(mistake("limit", message, fits[MAX_FITS].span))
        return
    for condition in conditions:
        try:
            yield assertion(walk, condition)
        except ArchError as error:
            walk.report(error)


def assertion(walk: Expander, condition: s.Condition) -> Assertion:
    """A condition with its expression worked out; names are the network's parameters."""
    value = walk.envs[-1](condition.value).value
    if isinstance(condition, s.Fits):
        dims = value if isinstance(value, tuple) else (value,)
        return Fits(input_shape(dims, condition.value.span), condition.span)
    number(value, condition.value, f"'{condition.measure}' is compared with a number")
    return Bound(condition.measure, condition.sign, value, condition.span)
