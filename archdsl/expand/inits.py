"""`init` lines: whose weights they are for, and whether their scheme takes what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, did_you_mean, mistake
from archdsl.graph import Initialisation
from archdsl.ops import OPS, Applied
from archdsl.schemes import SCHEMES, WORDS

if TYPE_CHECKING:
    from archdsl.expand.walk import Expander


def initialisations(walk: Expander) -> Iterator[Initialisation]:
    if not walk.variant.inits:
        return
    bearing = {f"{node.path}.": node.applied for node in walk.nodes if node.applied.tensors}
    for line in walk.variant.inits:
        try:
            yield init(walk, line, bearing)
        except ArchError as error:
            walk.report(error)


def init(walk: Expander, line: s.Init, bearing: Mapping[str, Applied]) -> Initialisation:
    """An `init` line; its targets are operators or labels, and have what it fills.

    `bearing` are the operators that have tensors, by their paths.
    """
    options = init_options(walk, line)
    wanted = ["weight"] if line.scheme else []
    wanted += ["bias"] if "bias" in dict(options) else []
    for target in line.targets:
        found = tensors_of(bearing, target.name)
        if target.name in OPS and "" not in found:
            continue
        for name in [name for name in wanted if name not in found][:1]:
            used = {path for node in walk.nodes for path in paths_to(node.path)}
            walk.report(
                mistake(
                    "unknown",
                    f"'{target.name}' has no {name} to fill"
                    if found or target.name in used
                    else f"'{target.name}' names no operator and no item with weights",
                    target.span,
                    help=did_you_mean(target.name, used - {target.name}),
                )
            )
    return Initialisation(
        tuple(target.name for target in line.targets),
        line.scheme.name if line.scheme else None,
        options,
        line.span,
    )


def tensors_of(bearing: Mapping[str, Applied], target: str) -> set[str]:
    """The names of the tensors of an operator, or within the items of a label."""
    above = f"{target}."
    return {
        tensor.name
        for path, applied in bearing.items()
        if applied.op.name == target or path.startswith(above)
        for tensor in applied.tensors
    }


def init_options(walk: Expander, line: s.Init) -> tuple[tuple[str, float | str], ...]:
    """The options of an `init` line: those of its scheme, and `bias`."""
    name = line.scheme.name if line.scheme else None
    if name is not None and name not in SCHEMES:
        assert line.scheme is not None
        raise mistake(
            "unknown",
            f"there is no initialisation '{name}'",
            line.scheme.span,
            help=did_you_mean(name, SCHEMES) or f"there are: {', '.join(SCHEMES)}",
        )
    scheme = SCHEMES[name] if name else None
    known = dict(scheme.options) if scheme else {}
    words = {**WORDS, "bias": (*SCHEMES,)}
    names = {name for of in words.values() for name in of}
    found: dict[str, float | str] = {}
    for arg in line.args:
        value = arg.value
        if isinstance(value, s.Name) and value.name in names:
            given: float | str = value.name
        else:
            given = walk.envs[-1](value).value
        key = arg.name or ("mode" if "mode" in known else next(iter(known), ""))
        allowed = key == "bias" or key in known
        fits = given in words.get(key, ()) if isinstance(given, str) else key not in WORDS
        if not allowed or not fits or not isinstance(given, (int, float, str)):
            raise mistake(
                "argument",
                f"'{name or 'init'}' does not take this",
                arg.span,
                help=f"options: {', '.join([*known, 'bias'])}",
            )
        found[key] = given
    missing = [key for key, default in known.items() if default is None and key not in found]
    if missing:
        raise mistake(
            "argument", f"'{name}' needs {missing[0]}=", line.span, help=f"{name} {missing[0]}=0.01"
        )
    return tuple(found.items())


def paths_to(path: str) -> Iterator[str]:
    """A path, and those of the scopes around it."""
    while path:
        yield path
        path = path.rpartition(".")[0]
