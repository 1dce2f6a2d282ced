"""Joins: branches on one input, `_` solved from the others, `(a or b)` taken as it fits.

Branches that know their shape are walked first. One that asks for a shape raises `Deferred`, is
taken back, and is walked again in its place with the others' shape as its goal.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, mistake
from archdsl.expand.advice import advised_join
from archdsl.expand.arguments import OpArguments
from archdsl.graph import Node, Scope
from archdsl.ops import JOINTS, Joint
from archdsl.records import dataclass
from archdsl.shapes import Misfit, Shape
from archdsl.source import Span
from archdsl.symbols import Solved

if TYPE_CHECKING:
    from archdsl.expand.names import Env
    from archdsl.expand.walk import Expander

MAX_PLANS = 64


class Deferred(Exception):
    """A branch needs the shape of the others before it can be walked."""


class Broken(Exception):
    """Something needs a shape that an earlier mistake has left unknown."""


@dataclass(frozen=True)
class Goal:
    """What a branch has to fit: the shape of the node that another branch ends in."""

    shape: Shape
    node: int
    joint: type[Joint]
    entry: int


@dataclass(frozen=True)
class Mark:
    """A state of the walk to come back to."""

    nodes: int
    items: int
    namers: list[tuple[int, int, dict[str, int]]]
    tensors: int
    outputs: int
    heads: int


class Joins:
    """How an expander walks `[ ... ]`."""

    def __init__(self, walk: Expander) -> None:
        self.walk = walk
        self.trying = 0  # walking an alternative: mistakes decide instead of being reported
        self.plan: list[int] = []  # which alternative to take at each `or` of the branch
        self.widths: list[int] = []  # how many alternatives each of them has

    # ---- taking steps back ----

    def mark(self) -> Mark:
        walk = self.walk
        room = walk.room
        return Mark(
            len(walk.nodes),
            len(walk.scope.items),
            [namer.mark() for namer in room.namers],
            len(room.tensors),
            len(walk.outputs),
            len(walk.heads),
        )

    def back(self, mark: Mark) -> None:
        walk = self.walk
        room = walk.room
        del walk.nodes[mark.nodes :]
        del walk.scope.items[mark.items :]
        for namer, names in zip(room.namers, mark.namers, strict=True):
            namer.back(names)
        while len(room.tensors) > mark.tensors:
            room.tensors.popitem()
        del walk.outputs[mark.outputs :]
        del walk.heads[mark.heads :]

    # ---- the join ----

    def join(self, join: s.Join, env: Env, x: int) -> int | None:
        """Walk the branches and join what they make."""
        walk = self.walk
        goal, joining = walk.goal, walk.joining
        walk.joining = True
        start = len(walk.nodes)
        try:
            ends, droppers = self.branches(join, env, x)
        finally:
            walk.goal, walk.joining = goal, joining
        kept = [end for end in ends if end is not None]
        joint = JOINTS[join.sign]
        if not kept:
            raise mistake("none", "every branch of the join is dropped", join.span)
        if len(kept) == 1:
            return self.dropped(join, ends, droppers, kept[0])
        name = walk.room.namers[-1].take(None, joint.name, counts=False)
        branches = zip(join.branches, ends, strict=True)
        spans = tuple([branch.span for branch, end in branches if end is not None])
        try:
            return walk.add(name or joint.name, joint(), tuple(kept), join.span, branches=spans)
        except ArchError as error:
            if self.trying:  # nobody reads the help of an alternative that is refused
                raise
            raise advised_join(error, walk, join, ends, x, start) from None

    def dropped(
        self, join: s.Join, ends: list[int | None], droppers: list[Scope | None], kept: int
    ) -> int | None:
        """A join of which one branch is left: the mark of what was decided, and no operator."""
        if kept == -1:
            return kept
        with self.walk.choice(join.span, 1, kept, None) as scope:
            scope.joint, scope.ends, scope.end = JOINTS[join.sign](), tuple(ends), kept
            scope.dropped = tuple(
                dropper for dropper, end in zip(droppers, ends, strict=True) if end is None
            )
        return self.walk.passed(scope)

    def branches(
        self, join: s.Join, env: Env, x: int
    ) -> tuple[list[int | None], list[Scope | None]]:
        """The tensors that the branches end in, and the decisions that dropped some."""
        ends: dict[int, int | None] = {}
        droppers: dict[int, Scope | None] = {}
        items = self.walk.scope.items
        waiting: dict[int, Mark] = {}
        for i, branch in enumerate(join.branches):
            mark = self.mark()
            self.walk.goal = None
            plan, widths = self.plan, self.widths
            start = len(items)
            try:
                ends[i] = self.walk.seq(branch, env, x)
                droppers[i] = dropper(items[start:])
            except Deferred:
                self.back(mark)
                waiting[i] = mark
            finally:
                self.plan, self.widths = plan, widths
        if waiting:
            giver, goal = self.goal(join, ends, x)
            first = min(waiting)
            self.back(waiting[first])
            if giver > first:  # it is walked again, and ends in another node then
                goal = replace(goal, node=-2 - len(self.walk.nodes))
            for i in range(first, len(join.branches)):
                self.walk.goal = goal if i in waiting else None
                start = len(items)
                ends[i] = (self.fitted if i in waiting else self.plain)(join.branches[i], env, x)
                droppers[i] = dropper(items[start:])
            self.settle(goal, ends[giver], items[waiting[first].items :])
        places = range(len(join.branches))
        return [ends[i] for i in places], [droppers[i] for i in places]

    def plain(self, branch: s.Seq, env: Env, x: int) -> int | None:
        return self.walk.seq(branch, env, x)

    def goal(self, join: s.Join, ends: dict[int, int | None], x: int) -> tuple[int, Goal]:
        """The shape that deferred branches have to fit, and the branch that gives it."""
        for giver, end in ends.items():
            if end is not None and end != -1:
                node = self.walk.real(end)
                joint = JOINTS[join.sign]
                return giver, Goal(self.walk.shape(node), node, joint, self.walk.real(x))
        if any(end is not None for end in ends.values()):
            raise Broken
        raise mistake(
            "hole",
            "no branch of this join has a shape of its own, so nothing can be solved from it",
            join.span,
            help="give one branch without '_' and 'or'",
        )

    def settle(self, goal: Goal, end: int | None, items: list[Node | Scope]) -> None:
        """Tell what was solved or chosen for a goal which node it became."""
        if goal.node >= 0 or end is None or end == -1:
            return
        node = self.walk.real(end)
        for item in items:
            if isinstance(item, Node):
                for name, symbol in item.symbols.items():
                    if isinstance(symbol, Solved) and symbol.goal == goal.node:
                        item.symbols[name] = replace(symbol, goal=node)
            else:
                if item.goal == goal.node:
                    item.goal = node
                self.settle(goal, end, item.items)

    # ---- alternatives ----

    def choose(self, label: s.Label | None, choice: s.Choice, env: Env, x: int) -> int | None:
        """`(a or b)`: walk the alternative that the plan of the branch names."""
        walk = self.walk
        if not walk.joining:
            raise mistake(
                "choice",
                "'or' chooses what fits a join, and this stands in none",
                choice.span,
                help="choose by parameters: a if (cond) else b",
            )
        if walk.goal is None:
            raise Deferred
        index = len(self.widths)
        self.widths.append(len(choice.alternatives))
        chosen = self.plan[index] if index < len(self.plan) else 0
        body = choice.alternatives[chosen]
        with walk.choice(choice.span, chosen, x, None) as scope:
            passes = len(body.items) == 1 and is_word(body.items[0].unit)
            if label is None or passes:
                scope.end = walk.seq(body, env, x)
            else:
                scope.end = walk.group(label, body, env, x, choice.span)
        return walk.passed(scope)

    def fitted(self, branch: s.Seq, env: Env, x: int) -> int | None:
        """Walk a branch, trying its alternatives in order until the end fits the goal."""
        goal = self.walk.goal
        assert goal is not None
        before = self.plan, self.widths
        mark = self.mark()
        self.plan, refused = [], []
        try:
            for _ in range(MAX_PLANS):
                self.widths = []
                end, failure = self.attempt(branch, env, x)
                if not self.widths:  # no alternatives: what is wrong is wrong
                    if failure is not None:
                        raise failure
                    return end
                shape = None if end is None or failure else self.walk.shape(end)
                if failure is None and (shape is None or goal.joint().fits(shape, goal.shape)):
                    return end
                refused.append(failure.diagnostics[0].message if failure else f"{shape}")
                self.back(mark)
                if not self.next_plan():
                    break
            raise self.none_fits(branch, goal, refused)
        finally:
            self.plan, self.widths = before

    def attempt(self, branch: s.Seq, env: Env, x: int) -> tuple[int | None, ArchError | None]:
        """Walk a branch with the present plan; a mistake is an answer."""
        self.trying += 1
        scope, joining, goal = self.walk.scope, self.walk.joining, self.walk.goal
        try:
            return self.walk.seq(branch, env, x), None
        except ArchError as error:
            return None, error
        finally:
            self.trying -= 1
            self.walk.scope, self.walk.joining, self.walk.goal = scope, joining, goal

    def next_plan(self) -> bool:
        """The next combination of alternatives, the last `or` turning first."""
        plan = [*self.plan, *[0] * (len(self.widths) - len(self.plan))][: len(self.widths)]
        while plan and plan[-1] + 1 >= self.widths[len(plan) - 1]:
            plan.pop()
        if not plan:
            return False
        plan[-1] += 1
        self.plan = plan
        return True

    def none_fits(self, branch: s.Seq, goal: Goal, refused: list[str]) -> ArchError:
        return mistake(
            "choice",
            f"no alternative fits the join, where {goal.shape} is needed",
            branch.span,
            label="; ".join(f"{i}: {text}" for i, text in enumerate(refused, 1)),
            help="end with an alternative that adapts: (identity or conv 1x1/_ _)",
        )

    # ---- holes ----

    def solve(self, found: OpArguments, inputs: tuple[int, ...], span: Span) -> None:
        """Give the `_` of an operator the values that make its output fit the join."""
        goal = self.walk.goal
        if not self.walk.joining:
            raise mistake(
                "hole",
                "'_' is solved from a join, and this stands in none",
                next(iter(found.holes.values())).span,
                help="write a number, or let this be a branch of [ ... + ... ]",
            )
        if goal is None:
            raise Deferred
        kinds = {f.name: f.metadata["kind"] for f in found.op.arguments().values()}
        sizes = [name for name in found.holes if kinds[name] == "size"]
        for name, hole in found.holes.items():
            if kinds[name] == "count":
                self.solve_channels(found, name, hole, goal)
        if sizes:
            self.solve_sizes(found, sizes, goal, inputs, span)

    def solve_channels(self, found: OpArguments, name: str, hole: s.Hole, goal: Goal) -> None:
        if not goal.joint().fits(goal.shape, goal.shape) or goal.joint.sign == "|":
            raise mistake(
                "hole",
                "channels are concatenated here, so any number would do",
                hole.span,
                help="write the number of channels",
            )
        found.fields[name] = goal.shape.channels
        found.symbols[name] = Solved("channels", goal.node, goal.entry)

    def solve_sizes(
        self, found: OpArguments, names: list[str], goal: Goal, inputs: tuple[int, ...], span: Span
    ) -> None:
        shapes = [self.walk.shape(i) for i in inputs]
        per_axis = []
        for size, target in zip(shapes[0].spatial, goal.shape.spatial, strict=False):
            per_axis.append(sorted({max(1, size // target), -(-size // target)}))
        for steps in product(*per_axis):
            trial = OpArguments(found.op, found.rank, dict(found.fields))
            trial.fields.update(dict.fromkeys(names, steps))
            try:
                fits = trial.operator.shape(*shapes).spatial == goal.shape.spatial
            except (Misfit, LookupError):
                continue
            if fits:
                for name in names:
                    found.fields[name] = steps
                    found.symbols[name] = Solved("stride", goal.node, goal.entry)
                return
        raise mistake(
            "hole",
            f"no stride takes {shapes[0]} to the {goal.shape} of the other branch",
            span,
            help="check the strides of the other branch",
        )


def is_word(unit: s.Unit) -> bool:
    """Whether an alternative is `identity` or `none`, which need no scope."""
    return isinstance(unit, s.Call) and unit.name in ("identity", "none") and not unit.args


def dropper(items: list[Node | Scope]) -> Scope | None:
    """The decision that a branch ends in, if it has dropped the branch."""
    last = items[-1] if items else None
    dropped = isinstance(last, Scope) and last.kind == "choice" and last.end is None
    return last if dropped and isinstance(last, Scope) else None
