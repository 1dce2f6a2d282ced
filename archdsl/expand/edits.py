"""Variants: what the lines of a `from` network do to the items of their base.

Edits name items as the base names them, so each item is named once per level of `from`: by the
base, then by what each variant has made of it. The last name is the one that it gets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field, replace
from itertools import chain as all_of
from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, Diagnostic, Note, did_you_mean, mistake
from archdsl.graph import Node, Scope, joined
from archdsl.library import shipped_networks
from archdsl.modules import Declared, DeclaredNetwork
from archdsl.records import dataclass

if TYPE_CHECKING:
    from archdsl.expand.walk import Expander


@dataclass(frozen=True)
class Variant:
    """A network with its bases worked out: `chain` from the base to the network asked for."""

    chain: tuple[DeclaredNetwork, ...]
    levels: tuple[dict[str, list[s.Edit]], ...]
    rebound: dict[Declared, Declared]
    inputs: tuple[s.Item, ...]
    inits: tuple[s.Init, ...]
    schedules: tuple[s.Schedule, ...]
    mistakes: tuple[Diagnostic, ...] = ()

    @property
    def declared(self) -> DeclaredNetwork:
        """The network asked for."""
        return self.chain[-1]

    @property
    def base(self) -> DeclaredNetwork:
        """The network at the bottom, whose body is walked."""
        return self.chain[0]

    @property
    def name(self) -> str:
        """The name of the network asked for."""
        return self.declared.definition.name

    @property
    def about(self) -> str:
        """Its description, or the nearest base's."""
        return next((d.definition.about for d in reversed(self.chain) if d.definition.about), "")


def variant_of(declared: DeclaredNetwork) -> Variant:
    """Follow `from` down to a network that has a body."""
    chain = [declared]
    while (call := chain[0].definition.base) is not None:
        below = chain[0].module.networks.get(call.name)
        if below is None:
            raise mistake(
                "unknown",
                f"there is no network '{call.name}' to start from",
                call.name_span,
                help=bring_in(call.name)
                or did_you_mean(call.name, chain[0].module.networks)
                or "bring it in: use FILE: NAME",
            )
        if below in chain:
            raise mistake("recursion", f"'{call.name}' starts from itself", call.name_span)
        chain.insert(0, below)
    rebound: dict[Declared, Declared] = {}
    inputs: tuple[s.Item, ...] = ()
    inits: tuple[s.Init, ...] = ()
    schedules: tuple[s.Schedule, ...] = ()
    mistakes: list[Diagnostic] = []
    for level in chain:
        for rebind in level.definition.rebinds:
            try:
                old, new = rebinding(rebind, chain[0], level)
                rebound[old] = new
            except ArchError as error:
                mistakes += error.diagnostics
        inputs = overridden_inputs(inputs, level.definition.inputs)
        inits = overridden_inits(inits, level.definition.inits)
        schedules = overridden_schedules(schedules, level.definition.schedules)
    levels = tuple(by_path(level.definition.edits, mistakes) for level in chain[1:])
    return Variant(tuple(chain), levels, rebound, inputs, inits, schedules, tuple(mistakes))


def bring_in(name: str) -> str:
    """The `use` line that a shipped network needs."""
    path = shipped_networks().get(name)
    return f"bring it in: use {path.stem}: {name}" if path else ""


def rebinding(
    rebind: s.Rebind, base: DeclaredNetwork, level: DeclaredNetwork
) -> tuple[Declared, Declared]:
    """The definition that a `rebind` line replaces, and its replacement."""
    old = base.module.definitions.get(rebind.name)
    if old is None:
        raise mistake(
            "unknown",
            f"the base has no 'let' or 'block' named '{rebind.name}'",
            rebind.name_span,
            help=did_you_mean(rebind.name, base.module.definitions),
        )
    definition = replace(
        old.definition,
        bodies=old.definition.bodies if rebind.bodies is None else rebind.bodies,
        params=old.definition.params if rebind.params is None else rebind.params,
        body=rebind.body,
    )
    return old, Declared(definition, level.module)


def overridden_inputs(old: tuple[s.Item, ...], new: tuple[s.Item, ...]) -> tuple[s.Item, ...]:
    """Inputs of a variant: the first replaces the first, a labelled one that of its label."""
    found = {item.label.name if item.label and i else "": item for i, item in enumerate(old)}
    found.update({item.label.name if item.label and old else "": item for item in new})
    if old:
        return tuple(found.values())
    return new


def overridden_inits(old: tuple[s.Init, ...], new: tuple[s.Init, ...]) -> tuple[s.Init, ...]:
    """`init` lines of a variant: a target named anew forgets its old line."""
    named = {target.name for line in new for target in line.targets}
    kept = (
        replace(line, targets=tuple(t for t in line.targets if t.name not in named)) for line in old
    )
    return (*(line for line in kept if line.targets), *new)


def overridden_schedules(
    old: tuple[s.Schedule, ...], new: tuple[s.Schedule, ...]
) -> tuple[s.Schedule, ...]:
    """`schedule` lines of a variant: one of the same block and operator replaces the old."""
    named = {line.target for line in new}
    return (*(line for line in old if line.target not in named), *new)


def by_path(edits: tuple[s.Edit, ...], mistakes: list[Diagnostic]) -> dict[str, list[s.Edit]]:
    """Edits by the path of their target, in the order in which they apply.

    `mistakes` gets those that contradict each other.
    """
    found: dict[str, list[s.Edit]] = {}
    for edit in edits:
        found.setdefault(edit.target.name, []).append(edit)
        doubled = [e for e in found[edit.target.name] if e.kind in ("drop", "replace")]
        if len(doubled) > 1:
            first = Note(doubled[0].target.span, "first here")
            message = f"'{edit.target.name}' is replaced or dropped twice"
            mistakes.append(Diagnostic("duplicate", message, edit.target.span, notes=(first,)))
    return {path: sorted(each, key=order) for path, each in found.items()}


@dataclass(frozen=True)
class Child:
    """An item about to be made: its label, what it is called without one, and its maker.

    `make` gets the item's name on each level (None where it does not exist) and the tensor that
    comes in.
    """

    label: s.Label | None
    stem: str
    make: Callable[[list[str | None], int], int | None]


@dataclass
class Edits:
    """Applies a variant's lines while its base is walked."""

    variant: Variant
    used: set[int] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    alike: list[tuple[str, Scope]] = field(default_factory=list)  # whose items are seen with them

    def __post_init__(self) -> None:
        self.around = [{*all_of(*map(enclosing, level))} for level in self.variant.levels]

    def reach_into(self, paths: list[str | None]) -> bool:
        """Whether a line is about something within the item that has these paths."""
        return any(path in around for path, around in zip(paths, self.around, strict=False))

    def see(self, paths: list[str | None], scope: Scope) -> None:
        """Know the names within an item that no line reaches into: each level has the same."""
        self.alike += [(path, scope) for path in paths[:-1] if path]

    def place(self, walk: Expander, child: Child, x: int) -> int | None:
        """Name an item on each level from `walk.level` up, and make what becomes of it."""
        names: list[str | None] = [None] * (len(self.variant.levels) + 1)
        return self.on_level(walk, walk.level, names, child, x)

    def on_level(
        self, walk: Expander, level: int, names: list[str | None], child: Child, x: int
    ) -> int | None:
        """One level: name the item as this level's author sees it, then edit or pass it on."""
        room = walk.room
        name = room.namers[level].take(child.label.name if child.label else None, child.stem)
        if name is None:
            raise duplicate(
                child, labelled=child.label is not None and child.label.name in room.tensors
            )
        names[level] = name
        if level == len(self.variant.levels):
            return child.make(names, x)
        above = room.paths[level]
        path = joined(above, name) if above is not None else ""
        self.seen.add(path)
        out: int | None = x
        made = False
        for edit in self.variant.levels[level].get(path, ()):
            if edit.kind == "after" and not made:
                out, made = self.on_level(walk, level + 1, names, child, defined(out)), True
            self.used.add(id(edit))
            if edit.kind in ("replace", "drop"):
                made = True
            if edit.body is not None:
                out = self.apply(walk, level, edit, name, defined(out))
        if not made:
            out = self.on_level(walk, level + 1, names, child, defined(out))
        return out

    def apply(self, walk: Expander, level: int, edit: s.Edit, name: str, x: int) -> int | None:
        """Walk what an edit brings in; the levels below do not see it."""
        assert edit.body is not None
        env = replace(walk.envs[level + 1], entry=x)
        with above(walk, level + 1):
            if edit.kind != "replace" or name.isdigit():
                return walk.seq(edit.body, env, x)
            first, *rest = edit.body.items
            label = s.Label(name, None, edit.target.span)
            out = walk.item(label, first.unit, env, x)
            return walk.seq(s.Seq(tuple(rest), edit.body.span), env, defined(out))

    def unused(self, report: Callable[[ArchError], None]) -> None:
        """Every edit must have found its item."""
        for level in self.variant.levels:
            for edit in (edit for edits in level.values() for edit in edits):
                if id(edit) not in self.used:
                    report(
                        mistake(
                            "unknown",
                            f"the base has no item '{edit.target.name}' to {VERBS[edit.kind]}",
                            edit.target.span,
                            help=did_you_mean(edit.target.name, self.known()),
                        )
                    )

    def known(self) -> set[str]:
        """The paths of all items."""
        found = set(self.seen)
        for path, scope in self.alike:
            items: list[Node | Scope] = [*scope.named_scopes(), *scope.nodes()]
            found |= {joined(path, item.path.removeprefix(scope.path)[1:]) for item in items}
        return found


VERBS = {
    "drop": "drop",
    "replace": "replace",
    "after": "insert behind",
    "before": "insert in front of",
}


def enclosing(path: str) -> Iterator[str]:
    """The paths of what an item stands in."""
    return (path[: dot.start()] for dot in re.finditer(r"\.", path))


def order(edit: s.Edit) -> int:
    """Insertions in front, then the item or its replacement, then insertions behind."""
    return ("before", "replace", "drop", "after").index(edit.kind)


def defined(tensor: int | None) -> int:
    """A tensor where a dropped branch cannot be."""
    return -1 if tensor is None else tensor


def duplicate(child: Child, *, labelled: bool) -> ArchError:
    """The mistake of two items with one name."""
    assert child.label is not None
    if not labelled:
        return mistake(
            "duplicate",
            f"an item before this is named '{child.label.name}' already, after its operator",
            child.label.span,
            help="label that one, or choose another label",
        )
    return mistake(
        "duplicate",
        f"the label '{child.label.name}' stands twice in one scope",
        child.label.span,
        help="make the 'let' a 'block', or label its uses",
    )


@contextmanager
def above(walk: Expander, level: int) -> Iterator[None]:
    """Walk text that exists only from a level up."""
    before, walk.level = walk.level, level
    try:
        yield
    finally:
        walk.level = before
