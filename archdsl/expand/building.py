"""What an expansion has built so far: nodes, scopes with their names, and the mistakes met."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Any, NoReturn

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, Diagnostic, Note, did_you_mean, mistake
from archdsl.expand.edits import Edits, Variant
from archdsl.expand.joins import Broken, Goal
from archdsl.graph import Node, Output, Scope, Use, joined, trail
from archdsl.modules import Declared
from archdsl.naming import Namer
from archdsl.ops import Applied, Op, apply
from archdsl.records import dataclass
from archdsl.shapes import Misfit, Shape
from archdsl.source import Span
from archdsl.symbols import Sym

BROKEN = -1  # the tensor behind a mistake: what follows is not looked at again
MAX_NODES = 100_000
MAX_STEPS = 200_000  # items walked, those that make no operator included
MAX_ELEMENTS = 10**15
MAX_DEPTH = 64
MAX_MISTAKES = 20


class Abandoned(Exception):
    """The walk cannot go on: the mistakes are in the expander."""


@dataclass
class Room:
    """What a scope has named while it is filled: labelled tensors, and items on each level.

    A level of variants has a namer of its own, and a path of the scope as it sees it. `level` is
    the walk's where the scope stands.
    """

    scope: Scope
    outer: Room | None
    level: int
    paths: list[str | None]
    namers: list[Namer]
    tensors: dict[str, int] = field(default_factory=dict)

    def within(self, names: list[str | None]) -> list[str | None]:
        """The paths of an item of these names, on each level on which it exists."""
        return [
            joined(path, name) if path is not None and name is not None else None
            for path, name in zip(self.paths, names, strict=True)
        ]


class Building:
    """The graph in the making, and the place in it where the walk stands."""

    def __init__(self, variant: Variant, uses: Mapping[Hashable, Use]) -> None:
        self.variant = variant
        self.known = dict(uses)
        self.nodes: list[Node] = []
        self.counts: list[Sym] = []
        self.outputs: list[Output] = []
        self.heads: list[Output] = []
        self.mistakes: dict[tuple[Span | None, str], Diagnostic] = {}
        self.goal: Goal | None = None
        self.device: int | None = None
        self.training = False
        self.uses: list[tuple[Declared, Span]] = []  # the blocks and lets that the walk is in
        self.aliases: dict[int, int] = {}
        self.edits = Edits(variant)
        self.level = 0  # the first on which what is walked has names
        self.asked = 0  # how often for a tensor by its label
        self.scope = Scope("network", variant.name, "", title=variant.name)
        self.room = room(self.scope, None, 0, [""] * (len(variant.levels) + 1))

    # ---- scopes ----

    def open(self, kind: Any, names: list[str | None], numbered: bool, x: int, span: Span) -> Scope:
        """Walk within a new scope, until it is closed."""
        outer = self.scope
        paths = self.room.within(names)
        name = names[-1] or ""
        scope = Scope(kind, name, paths[-1] or name, outer, numbered, span=span)
        scope.source, scope.entry = x, self.real(x)
        outer.items.append(scope)
        self.scope, self.room = scope, room(scope, self.room, self.level, paths)
        top = len(self.variant.levels)
        if self.level < top and not self.edits.reach_into(paths):
            self.level = top
            self.edits.see(paths, scope)
        return scope

    def close(self, scope: Scope) -> None:
        """Walk on behind a scope, in the one around it."""
        assert scope.parent is not None
        assert self.room.outer is not None
        self.scope, self.level, self.room = scope.parent, self.room.level, self.room.outer
        scope.exit = None if scope.end is None else self.real(scope.end)

    def left_out(self, scope: Scope) -> None:
        """Of a closed scope that makes nothing leave what was decided in it: it is no module."""
        outer = scope.parent
        assert outer is not None
        if next(scope.nodes(), None) is not None:
            raise mistake(
                "none",
                "what stands before 'none' here leads nowhere",
                scope.span,
                help="let 'none' be all of the branch, or of an alternative of it",
            )
        outer.items.remove(scope)
        for decision in scope.decisions():
            decision.path = outer.path
            if decision.parent is scope:
                decision.parent = outer
                outer.items.append(decision)

    @contextmanager
    def choice(self, span: Span, chosen: int, x: int, condition: Sym | None) -> Iterator[Scope]:
        """Walk within the mark of a decision."""
        outer = self.scope
        scope = Scope("choice", "", outer.path, outer, span=span, chosen=chosen)
        scope.source, scope.entry = x, self.real(x)
        scope.condition = condition
        scope.goal = self.goal.node if self.goal else None
        outer.items.append(scope)
        self.scope = scope
        try:
            yield scope
        finally:
            self.scope = outer

    def passed(self, scope: Scope) -> int | None:
        """The tensor behind a decision, with a number of its own where it only passed through."""
        if scope.end is not None and scope.end == scope.source != BROKEN:
            scope.end = self.alias
            scope.passes = True
            self.aliases[scope.end] = scope.entry
        scope.exit = None if scope.end is None else self.real(scope.end)
        return scope.end

    @property
    def alias(self) -> int:
        """The next number of a tensor that only passes through a decision."""
        return -2 - len(self.aliases)

    def real(self, tensor: int) -> int:
        """The node that made a tensor."""
        return self.aliases.get(tensor, tensor)

    def go_deeper(self, call: s.Call, declared: Declared) -> None:
        """Walk within a block or `let`; refuse those nested without end."""
        if len(self.uses) >= MAX_DEPTH:
            itself = any(use is declared for use, _ in self.uses)
            self.abandon(
                mistake(
                    "recursion",
                    f"'{declared.definition.name}' uses itself without end"
                    if itself
                    else f"blocks are nested deeper than {MAX_DEPTH}",
                    call.span,
                    notes=(Note(declared.definition.name_span, "declared here"),),
                    help="write 'x3' or 'x(n)' behind what repeats"
                    if itself
                    else "let fewer of them use each other",
                )
            )
        self.uses.append((declared, call.span))

    # ---- nodes ----

    def add(
        self,
        name: str,
        op: Op,
        inputs: tuple[int, ...],
        span: Span,
        symbols: dict[str, Sym] | None = None,
        branches: tuple[Span, ...] = (),
    ) -> int:
        """Add an operator; its shape is known or the mistake is told.

        Of a join `branches` are where its inputs are made.
        """
        applied = self.applied(op, inputs)
        if len(self.nodes) >= MAX_NODES:
            self.abandon(
                mistake("limit", f"the network has more than {MAX_NODES:,} operators", span)
            )
        try:
            shape = applied.shape
        except Misfit as misfit:
            shapes = applied.inputs
            where = f"{', '.join(map(str, shapes))} comes in"
            raise mistake(
                "shape",
                misfit.clause,
                span,
                label=where if shapes and not branches else "",
                notes=self.origin(inputs, branches, span),
                path=trail(self.scope, name),
                help=misfit.fix or "",
            ) from None
        if shape.elements > MAX_ELEMENTS:
            raise mistake(
                "limit", f"a tensor of {shape} has more than {MAX_ELEMENTS:,} numbers", span
            )
        return self.placed(name, applied, inputs, shape, span, symbols).index

    def applied(self, op: Op, inputs: tuple[int, ...]) -> Applied:
        """An operator on some tensors."""
        return apply(op, tuple(map(self.shape, inputs)))

    def placed(
        self,
        name: str,
        applied: Applied,
        sources: tuple[int, ...],
        shape: Shape,
        span: Span,
        symbols: dict[str, Sym] | None = None,
    ) -> Node:
        """A node of a known shape, in its place."""
        node = Node(
            len(self.nodes),
            name,
            tuple(map(self.real, sources)),
            shape,
            self.room.scope,
            sources,
            applied,
            span,
            symbols or {},
            self.device,
            self.training,
            self.uses[0][1] if self.uses else None,
        )
        self.nodes.append(node)
        self.scope.items.append(node)
        return node

    def shape(self, tensor: int) -> Shape:
        if tensor == BROKEN:
            raise Broken
        return self.nodes[self.real(tensor)].shape

    def tensor(self, name: str, span: Span) -> int:
        """The tensor that left the item of a label, in this scope or an outer one."""
        self.asked += 1
        room: Room | None = self.room
        known: list[str] = []
        while room is not None:
            if name in room.tensors:
                found = room.tensors[name]
                trained = found != BROKEN and self.nodes[self.real(found)].training_only
                if trained and not self.training:
                    raise mistake(
                        "label",
                        f"'@{name}' is made in training only, and this is there in inference too",
                        span,
                        help="use a tensor that stands outside of aux< >",
                    )
                return found
            known += room.tensors
            room = room.outer
        raise mistake(
            "unknown",
            f"no item labelled '{name}' stands before this",
            span,
            help=did_you_mean(name, known) or "a tensor is used behind the item that makes it",
        )

    # ---- mistakes ----

    def origin(
        self, inputs: tuple[int, ...], branches: tuple[Span, ...], span: Span
    ) -> tuple[Note, ...]:
        """Where the tensors that came in were made: in a join's branches, or elsewhere."""
        nodes = [self.nodes[self.real(i)] for i in inputs]
        places = branches or [node.span for node in nodes]
        notes = (
            Note(place, f"{node.shape} is made here")
            for place, node in zip(places, nodes, strict=True)
            if place is not None and place != span
        )
        return tuple(dict.fromkeys(notes))

    def report(self, error: ArchError) -> None:
        """Keep a mistake; the same one in another copy of a block counts once."""
        for diagnostic in error.diagnostics:
            key = diagnostic.span, diagnostic.message
            self.mistakes.setdefault(key, self.with_use(diagnostic))
        if len(self.mistakes) > MAX_MISTAKES:
            raise Abandoned

    def with_use(self, diagnostic: Diagnostic) -> Diagnostic:
        """A mistake of what comes into a block, with the place where the block was used."""
        if not self.uses or diagnostic.code in ("unknown", "argument", "recursion"):
            return diagnostic
        note = Note(self.uses[0][1], "in this use")
        return replace(diagnostic, notes=(*diagnostic.notes, note))

    def abandon(self, error: ArchError) -> NoReturn:
        """Tell a mistake after which nothing more can be looked at."""
        self.report(error)
        raise Abandoned


def room(scope: Scope, outer: Room | None, level: int, paths: list[str | None]) -> Room:
    """What a scope has named before it is filled: nothing."""
    return Room(scope, outer, level, paths, [Namer(scope.numbered) for _ in paths])
