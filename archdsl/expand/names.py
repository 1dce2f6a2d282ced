"""What names mean in a stretch of text: parameters, bodies, and the tensor that `in` is."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.diagnostics import did_you_mean, mistake
from archdsl.expand.arguments import PADDINGS, padding_word
from archdsl.graph import Scope
from archdsl.modules import Declared, DeclaredNetwork
from archdsl.ops import OPS, written
from archdsl.records import dataclass
from archdsl.symbols import Binding, ChannelsOf, Given, Literally
from archdsl.values import Callee, Evaluator, Value

if TYPE_CHECKING:
    from archdsl.expand.walk import Expander


@dataclass(eq=False)
class Env(Evaluator):
    """What names mean in a stretch of text: parameters, bodies, and the tensor that `in` is.

    It evaluates the expressions that stand there.
    """

    walk: Expander
    declared: Declared | DeclaredNetwork
    home: Scope
    entry: int
    values: dict[str, Binding] = field(default_factory=dict)
    bodies: dict[str, Closure] = field(default_factory=dict)

    def lookup(self, name: s.Name) -> Value:
        binding = self.values.get(name.name)
        if binding is not None:
            return Value(binding.value, Given(binding))
        if self.walk.names(name.name, self):
            callee = Callee(name.name, self.walk.lookup(name.name, self))
            return Value(callee, Literally(name.name))
        if padding_word(name):
            return Value(name.name, Literally(name.name))
        known = self.values
        raise mistake(
            "unknown",
            f"'{name.name}' is no parameter here",
            name.span,
            help=did_you_mean(name.name, [*known, *s.CONSTANTS])
            or written(name.name)
            or did_you_mean(name.name, [*OPS, *sorted(PADDINGS)])
            or (f"parameters here: {', '.join(known)}" if known else ""),
        )

    def axis(self, expr: s.InputAxis) -> Value:
        if not self.walk.started:
            raise mistake("value", "'in' is not known before the input is", expr.span)
        shape = self.walk.shape(self.entry)
        if expr.axis == "c":
            return Value(shape.channels, ChannelsOf(self.walk.real(self.entry)))
        index = {"d": -3, "h": -2, "w": -1}[expr.axis]
        if -index > shape.rank:
            raise mistake("value", f"the map {shape} has no axis '{expr.axis}'", expr.span)
        return Value(shape[index], Literally(shape[index], written=False))


@dataclass(frozen=True, eq=False)
class Closure:
    """A chain given in `< >`, with the environment it was written in."""

    seq: s.Seq
    env: Env
