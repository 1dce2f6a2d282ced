"""Words of the language that look like calls: `none`, `output`, `aux`, `on`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.diagnostics import mistake
from archdsl.expand.names import Env
from archdsl.graph import Output
from archdsl.source import Span
from archdsl.values import kind_of

if TYPE_CHECKING:
    from archdsl.expand.walk import Expander


class Words:
    """How an expander takes its own words."""

    def __init__(self, walk: Expander) -> None:
        self.walk = walk

    def word(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int | None:
        """`none`, `output`, `aux`, `on`: words of the language that look like calls."""
        if call.name == "none":
            if not self.walk.joining:
                raise mistake(
                    "none",
                    "'none' drops a branch, and this is none",
                    call.span,
                    help="remove it, or write identity",
                )
            return None
        if call.name == "output":
            self.in_network(call)
            return self.output(call, x)
        if call.name in ("aux", "on"):
            self.in_network(call)
            if len(call.bodies) != 1:
                raise mistake(
                    "argument", f"'{call.name}' needs one body, {call.name}<...>", call.span
                )
            return (self.aux if call.name == "aux" else self.on)(label, call, env, x)
        raise mistake(
            call.name,
            f"'{call.name}' cannot stand here",
            call.span,
            help="input lines stand in the body of a network" if call.name == "input" else "",
        )

    def in_network(self, call: s.Call) -> None:
        """Refuse what belongs to a network as a whole within its parts."""
        scope = self.walk.room.scope
        if scope.kind != "network":
            raise mistake(
                call.name,
                f"'{call.name}' stands in the network's own body, not within '{scope.path}'",
                call.span,
            )

    def output(self, call: s.Call, x: int) -> int:
        if len(call.args) != 1 or not isinstance(call.args[0].value, s.Name):
            raise mistake("argument", "'output' takes a name", call.span, help="output mask")
        name = call.args[0].value.name
        if any(output.name == name for output in self.walk.outputs):
            raise mistake("duplicate", f"there are two outputs '{name}'", call.span)
        self.walk.outputs.append(Output(name, self.walk.real(x)))
        return x

    def aux(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int:
        weight = 1.0
        for arg in call.args:
            if arg.name != "weight":
                raise mistake(
                    "argument", "'aux' takes weight=", arg.span, help="aux<head>(weight=0.3)"
                )
            weight = env(arg.value).value
            if isinstance(weight, bool) or not isinstance(weight, (int, float)):
                raise mistake("kind", f"a weight is a number, not {kind_of(weight)}", arg.span)
        before, self.walk.training = self.walk.training, True
        try:
            end = self.labelled(label, call.bodies[0], env, x, call.span)
        finally:
            self.walk.training = before
        if end is not None:
            name = label.name if label else f"aux{len(self.walk.heads) + 1}"
            self.walk.heads.append(Output(name, self.walk.real(end), weight))
        return x

    def on(self, label: s.Label | None, call: s.Call, env: Env, x: int) -> int | None:
        found = env(call.args[0].value)
        self.walk.counts.append(found.symbol)
        device = found.value
        if not isinstance(device, int) or isinstance(device, bool) or not 0 <= device < 64:
            raise mistake("value", "'on' takes the index of a device, 0 to 63", call.args[0].span)
        before, self.walk.device = self.walk.device, device
        try:
            return self.labelled(label, call.bodies[0], env, x, call.span)
        finally:
            self.walk.device = before

    def labelled(
        self, label: s.Label | None, seq: s.Seq, env: Env, x: int, span: Span
    ) -> int | None:
        """A chain whose label goes to its only item, or else opens a group."""
        if label is None:
            return self.walk.seq(seq, env, x)
        if len(seq.items) == 1 and seq.items[0].label is None:
            return self.walk.item(label, seq.items[0].unit, env, x)
        return self.walk.group(label, seq, env, x, span)
