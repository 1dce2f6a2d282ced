"""What a file names and nothing uses: parameters, which are mistakes, and the rest, which warns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archdsl import syntax as s
from archdsl.diagnostics import Diagnostic, warning
from archdsl.source import Span

PASSING = ("identity", "none", "output")  # they compute nothing


def unused_parameters(spec: s.Spec) -> Iterator[Diagnostic]:
    """The mistakes of parameters and bodies that nothing uses."""
    declarations: tuple[s.Definition | s.NetworkDef, ...] = (*spec.definitions, *spec.networks)
    for definition in declarations:
        used = {*s.names(definition)}
        if isinstance(definition, s.Definition):
            for name in set(definition.bodies) - used:
                yield nothing_uses(name, definition, definition.name_span)
        for param in definition.params:
            for name in (name for name in param.names if name not in used):
                yield nothing_uses(name, definition, param.span)


def nothing_uses(name: str, definition: s.Definition | s.NetworkDef, span: Span) -> Diagnostic:
    """The mistake of a parameter without a use."""
    return Diagnostic(
        "unused",
        f"nothing in '{definition.name}' uses '{name}'",
        span,
        help="remove it, or use it",
    )


def unused_names(spec: s.Spec) -> Iterator[Diagnostic]:
    """Warnings of what is brought in, declared or labelled, and not used."""
    yield from unused_uses(spec)
    yield from unused_blocks(spec)
    yield from unused_labels(spec)


def unused_uses(spec: s.Spec) -> Iterator[Diagnostic]:
    """Names that a `use` line brings in; a file of nothing but `use` hands them on."""
    declared = (*spec.definitions, *spec.networks)
    if not spec.uses or not declared:
        return
    used = {*s.names(*declared)}
    for use in spec.uses:
        for name in use.names:
            if name.name not in used:
                message = f"nothing here uses '{name.name}' of '{use.spec}'"
                yield warning(
                    "unused-use", message, name.span, help="take it out of the 'use' line"
                )


def unused_blocks(spec: s.Spec) -> Iterator[Diagnostic]:
    """Blocks and lets that no network leads to; a file without networks is a library."""
    waiting = {*s.names(*spec.networks)}
    unreached = {definition.name: definition for definition in spec.definitions}
    while waiting and spec.networks:
        definition = unreached.pop(waiting.pop(), None)
        waiting |= {*s.names(definition)} if definition else set()
    for definition in unreached.values() if spec.networks else ():
        yield warning(
            "unused-block",
            f"no network here uses the {definition.kind} '{definition.name}'",
            definition.name_span,
            help="remove it, or use it",
        )


def unused_labels(spec: s.Spec) -> Iterator[Diagnostic]:
    """Labels of tensors that nothing refers to, on items that have nothing else to name.

    A label on an operator, or on a group with operators in it, names a module and is never unused.
    """
    parts = [*s.within(spec)]
    referred = {*references(parts)}
    for item in (part for part in parts if isinstance(part, s.Item)):
        if item.label and passes(item.unit) and item.label.name not in referred:
            name = item.label.name
            yield warning(
                "unused-label",
                f"nothing refers to '{name}', and there is nothing else that the label names",
                item.label.span,
                help=f"refer to the tensor as @{name}, or remove the label",
            )


def references(parts: Iterable[object]) -> Iterator[str]:
    """The labels that parts of a tree refer to, with those on the way of a path."""
    for part in parts:
        match part:
            case s.Ref(name) | s.TensorRef(name):
                yield name
            case s.Edit(_, target):
                yield from target.name.split(".")
            case s.Init(targets):
                yield from (name for target in targets for name in target.name.split("."))


def passes(unit: s.Unit) -> bool:
    """Whether a unit makes no operator but joins: its label can name nothing but its tensor."""
    match unit:
        case s.Call():
            return unit.name in PASSING
        case s.Ref():
            return True
        case s.Group(body):
            return all(passes(item.unit) for item in body.items)
        case s.Join(_, bodies) | s.Choice(bodies):
            return all(passes(item.unit) for body in bodies for item in body.items)
        case s.Repeat(inner):
            return passes(inner)
        case s.If(then, _, otherwise):
            return passes(then) and (otherwise is None or passes(otherwise.unit))
