"""What a file names and nothing uses: parameters, which are mistakes, and the rest, which warns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from archdsl import syntax as s
from archdsl.diagnostics import Diagnostic, warning
from archdsl.source import Span

PASSING = ("identity", "none", "output")  # they compute nothing


Parts = dict[str, list[object]]  # of each declaration of a file, by its name


def unused_parameters(spec: s.Spec, parts: Parts) -> Iterator[Diagnostic]:
    """The mistakes of parameters and bodies that nothing uses."""
    declarations: tuple[s.Definition | s.NetworkDef, ...] = (*spec.definitions, *spec.networks)
    for definition in declarations:
        used = {*s.names(parts[definition.name])}
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


def unused_names(spec: s.Spec, parts: Parts) -> Iterator[Diagnostic]:
    """Warnings of what is brought in, declared or labelled, and not used."""
    used = {name: {*s.names(inner)} for name, inner in parts.items()}
    yield from unused_uses(spec, used)
    yield from unused_blocks(spec, used)
    yield from unused_labels(list(chain(*parts.values())))


def unused_uses(spec: s.Spec, used: dict[str, set[str]]) -> Iterator[Diagnostic]:
    """Names that a `use` line brings in; a file of nothing but `use` hands them on."""
    found = set().union(*used.values())
    for use in spec.uses if used else ():
        for name in use.names:
            if name.name not in found:
                message = f"nothing here uses '{name.name}' of '{use.spec}'"
                yield warning(
                    "unused-use", message, name.span, help="take it out of the 'use' line"
                )


def unused_blocks(spec: s.Spec, used: dict[str, set[str]]) -> Iterator[Diagnostic]:
    """Blocks and lets that no network leads to; a file without networks is a library."""
    waiting = [network.name for network in spec.networks]
    unreached = {definition.name: definition for definition in spec.definitions}
    while waiting:
        for name in used.get(waiting.pop(), ()):
            if unreached.pop(name, None):
                waiting.append(name)
    for definition in unreached.values() if spec.networks else ():
        yield warning(
            "unused-block",
            f"no network here uses the {definition.kind} '{definition.name}'",
            definition.name_span,
            help="remove it, or use it",
        )


def unused_labels(parts: list[object]) -> Iterator[Diagnostic]:
    """Labels of tensors that nothing refers to, on items that have nothing else to name.

    A label on an operator, or on a group with operators in it, names a module and is never unused.
    """
    items = (part for part in parts if isinstance(part, s.Item))
    labels = [item.label for item in items if item.label and passes(item.unit)]
    referred = {*references(parts)} if labels else set()
    for label in labels:
        if label.name not in referred:
            yield warning(
                "unused-label",
                f"nothing refers to '{label.name}', and there is nothing else that the label names",
                label.span,
                help=f"refer to the tensor as @{label.name}, or remove the label",
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
