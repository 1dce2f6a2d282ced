"""Uses of a block that come to the same as an earlier one: copied, and not walked again.

Compared are calls in the network's own text and in that of a `let`, outside of joins, where what
becomes of a block depends on its call, on the parameters that this names, and on the shapes that
come in.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import islice
from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.copying import Copier
from archdsl.expand.building import BROKEN, MAX_NODES, MAX_STEPS
from archdsl.expand.names import Env
from archdsl.graph import Scope, Use, joined
from archdsl.values import Callee, Strided

if TYPE_CHECKING:
    from archdsl.expand.walk import Expander


Before = tuple[int, int, int, int, int]


class Reuse:
    """How an expander takes over what it knows, or an expansion with other settings knew."""

    def __init__(self, walk: Expander) -> None:
        self.walk = walk

    def key(self, call: s.Call, env: Env, names: list[str | None], x: int) -> Hashable:
        """Where and on what a block is called; None where that does not tell what becomes of it."""
        walk = self.walk
        if walk.joining or walk.mistakes or x == BROKEN:
            return None
        within = env.declared.definition
        if env.bodies or (isinstance(within, s.Definition) and within.kind == "block"):
            return None
        if walk.edits.reach_into(walk.room.within(names)):
            return None
        passed, shapes = x < 0, (walk.shape(x), walk.shape(env.entry))
        uses = len(walk.uses), walk.uses[0][1]  # the outermost is the one that nodes tell
        return call.span, passed, shapes, walk.device, walk.training, uses

    def earlier(self, key: Hashable, name: str, call: s.Call, env: Env) -> Use | None:
        """A use that comes to the same; if there is one, that in the same place."""
        if key is None:
            return None
        walk, uses = self.walk, self.walk.known
        use = uses.get((key, joined(walk.scope.path, name)), uses.get(key))
        if use is None or use.call != call or call.reads_input:
            return None  # `in` is another tensor where a `let` is spliced in again
        if len(walk.nodes) + use.size > MAX_NODES or walk.steps + use.steps > MAX_STEPS:
            return None  # walked, it tells where there are too many
        same = all(alike(env.values[name].value, was.value) for name, was in use.given.items())
        return use if same else None

    def before(self) -> Before:
        """How far the walk has come, where a use may begin that is kept."""
        walk = self.walk
        return len(walk.nodes), walk.asked, walk.steps, len(walk.aliases), len(walk.counts)

    def keep(self, key: Hashable, before: Before, scope: Scope, call: s.Call, env: Env) -> None:
        """Keep what has become of a use, if that is told by the key."""
        walk = self.walk
        start, asked, steps, passed, counts = before
        if key is None or walk.mistakes or walk.asked != asked:
            return
        walk.known[key] = Use(
            call,
            env.home,
            env.values,
            scope,
            start,
            len(walk.nodes) - start,
            dict(islice(reversed(walk.aliases.items()), len(walk.aliases) - passed)),
            tuple(walk.counts[counts:]),
            walk.steps - steps,
        )

    def again(
        self, use: Use, key: Hashable, names: list[str | None], env: Env, x: int
    ) -> int | None:
        """Add a use under its names: the same where it stands in the same place, or a copy."""
        walk, name = self.walk, names[-1] or ""
        if not self.in_place(use, name, x):
            use = self.copied(use, name, env, x)
            walk.known[key, use.scope.path] = use
        walk.edits.see(walk.room.within(names), use.scope)
        walk.scope.items.append(use.scope)
        walk.nodes += use.scope.nodes()
        walk.aliases |= use.passed
        walk.counts += use.counts
        walk.steps += use.steps
        return use.scope.end

    def forget(self) -> None:
        """Know of no two uses that they come to the same."""
        self.walk.known.clear()
        for scope in self.walk.scope.named_scopes():
            scope.like = None

    def in_place(self, use: Use, name: str, x: int) -> bool:
        """Whether a use of another expansion has the path and the numbers that it would get."""
        walk, scope = self.walk, use.scope
        return (
            scope.path == joined(walk.scope.path, name)
            and (scope.source, use.start) == (x, len(walk.nodes))
            and max(use.passed, default=walk.alias) == walk.alias
        )

    def copied(self, use: Use, name: str, env: Env, x: int) -> Use:
        """A copy of a use on another tensor."""
        walk = self.walk
        start = len(walk.nodes)
        numbers = {use.start + i: start + i for i in range(use.size)}
        numbers |= {use.scope.entry: walk.real(x), use.scope.source: x}
        numbers |= {tensor: walk.alias - i for i, tensor in enumerate(use.passed)}
        bindings = {was: env.values[name] for name, was in use.given.items()}
        copier = Copier(numbers, {use.home: env.home}, bindings)
        scope = copier.copy(use.scope, walk.scope, name)
        scope.like = use.scope.original
        passed = {numbers[tensor]: copier.number(node) for tensor, node in use.passed.items()}
        return Use(
            use.call,
            env.home,
            env.values,
            scope,
            start,
            use.size,
            passed,
            tuple(map(copier.symbol, use.counts)),
            use.steps,
        )


def alike(one: object, other: object) -> bool:
    """Whether two values are equal and of one kind; one name may mean several blocks."""
    if isinstance(one, Callee) and isinstance(other, Callee):
        return one.name == other.name and one.declared is other.declared
    if isinstance(one, Strided) and isinstance(other, Strided):
        return alike(one.size, other.size) and alike(one.stride, other.stride)
    return type(one) is type(other) and one == other
