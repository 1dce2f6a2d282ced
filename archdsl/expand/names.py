"""What names mean in a stretch of text: parameters, bodies, and the tensor that `in` is."""

from __future__ import annotations

from dataclasses import field

from archdsl import syntax as s
from archdsl.graph import Scope
from archdsl.modules import Declared, DeclaredNetwork
from archdsl.records import dataclass
from archdsl.symbols import Binding


@dataclass(eq=False)
class Env:
    """What names mean in a stretch of text: parameters, bodies, and the tensor that `in` is."""

    declared: Declared | DeclaredNetwork
    home: Scope
    entry: int
    values: dict[str, Binding] = field(default_factory=dict)
    bodies: dict[str, Closure] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Closure:
    """A chain given in `< >`, with the environment it was written in."""

    seq: s.Seq
    env: Env
