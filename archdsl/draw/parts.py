"""Parts of a network: one block drawn alone, and what blocks are made of as insets.

An inset shows a block as its author wrote it: what differs between its uses goes by the names of
the parameters, `conv 3x3/stride c`, and what is the same in all of them by its value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import replace

from archdsl.diagnostics import did_you_mean, mistake
from archdsl.draw.boxes import Box, View
from archdsl.draw.builder import built
from archdsl.draw.figure import Figure
from archdsl.draw.text import clip, from_outside, handed_in, layer_text, value_text
from archdsl.graph import Network, Node, Scope
from archdsl.symbols import ChannelsOf, Computed, Given, Literally, Position, Solved, Sym

MOST_INSETS = 6


def named_part(network: Network, name: str) -> Scope:
    """The block or group of a label, or a block's first use by its name; raises ArchError."""
    scopes = [scope for scope in scopes_within(network.root) if scope.kind != "choice"]
    for scope in scopes:
        if name == scope.path:
            return scope
    for scope in scopes:
        if name in (scope.definition, scope.title):
            return scope
    labels = [word for s in scopes for word in (s.path, s.definition, s.title) if word]
    raise mistake(
        "unknown",
        f"no block of {network.name} is labelled or called '{name}'",
        help=did_you_mean(name, labels) or "a label is a path, such as layer1.0",
    )


def scopes_within(scope: Scope) -> Iterator[Scope]:
    """All scopes in a scope that have operators, in walking order."""
    for item in scope.items:
        if isinstance(item, Scope) and next(item.nodes(), None) is not None:
            yield item
            yield from scopes_within(item)


# ---- insets --------------------------------------------------------------------------------


def insets(network: Network, figure: Figure, shown_blocks: list[Scope]) -> tuple[View, ...]:
    """What the closed blocks of a figure are made of, each kind once, the most used ones first."""
    kinds = dict.fromkeys(kind(scope) for scope in shown_blocks)
    uses: dict[Hashable, list[Scope]] = {}
    for scope in scopes_within(network.root):
        if scope.kind == "block" and kind(scope) in kinds:
            uses.setdefault(kind(scope), []).append(scope)
    often = sorted(uses.values(), key=len, reverse=True)[:MOST_INSETS]
    return tuple(inset(network, figure, scopes) for scopes in often)


def kind(scope: Scope) -> tuple[str, str]:
    """What makes two blocks one to a reader: block and body."""
    return scope.definition, scope.title


def inset(network: Network, figure: Figure, uses: list[Scope]) -> View:
    """The form that most uses of a block have."""
    forms = Counter(form(scope) for scope in uses)
    (usual, count), *others = forms.most_common()
    alike = [scope for scope in uses if form(scope) == usual]
    names = varying(alike)

    def label(node: Node) -> str:
        return layer_text(node, words(node, alike[0], names))

    inner = replace(figure, level="layer", depth=None, expand=())
    items, edges = built(network, inner, alike[0], label)
    for item in items:
        if isinstance(item, Box) and item.kind in ("input", "output"):
            item.detail = []
    title = clip(" ".join(dict.fromkeys(kind(alike[0]))), 36)
    title += f"({', '.join(names)})" if names else ""
    about = f"{count} of {len(uses)} uses" if others else ""
    return View(title, about, items, [replace(edge, shape="") for edge in edges])


def form(scope: Scope) -> Hashable:
    """The operators of a block and how they are wired, whatever their arguments."""
    nodes = list(scope.nodes())
    place = {node.index: k for k, node in enumerate(nodes)}
    return tuple((node.op.name, tuple(place.get(i, -1) for i in node.inputs)) for node in nodes)


def varying(uses: list[Scope]) -> list[str]:
    """The parameters of a block whose values are not the same in all uses."""
    values: dict[str, set[str]] = {}
    for scope in uses:
        for binding in handed_in(scope):
            values.setdefault(binding.name, set()).add(value_text(binding.value))
    return [name for name, found in values.items() if len(found) > 1]


def words(node: Node, scope: Scope, names: Collection[str]) -> Mapping[str, str]:
    """The arguments of an operator that depend on parameters, as their author wrote them."""
    return {
        field: written(symbol, scope, names)
        for field, symbol in node.symbols.items()
        if varies(symbol, scope, names)
    }


def varies(symbol: Sym, scope: Scope, names: Collection[str]) -> bool:
    """Whether an expression has other values in other uses of a block."""
    match symbol:
        case Literally():
            return False
        case Given(binding) if from_outside(binding, scope):
            return binding.name in names
        case Given(binding):
            return binding.home is not None and varies(binding.symbol, scope, names)
        case Computed(_, operands):
            return any(varies(operand, scope, names) for operand in operands)
    return True


def written(symbol: Sym, scope: Scope, names: Collection[str]) -> str:
    """An expression in the language's notation; what does not vary as its value."""
    match symbol:
        case Literally(value):
            return value_text(value)
        case Given(binding) if not varies(symbol, scope, names):
            return value_text(binding.value)
        case Given(binding) if from_outside(binding, scope):
            return binding.name
        case Given(binding):
            return written(binding.symbol, scope, names)
        case Computed(sign, operands):
            texts = [written(operand, scope, names) for operand in operands]
            infix = len(texts) == 2 and not sign.isidentifier()
            return f"({texts[0]}{sign}{texts[1]})" if infix else f"{sign}({', '.join(texts)})"
        case ChannelsOf():
            return "in.c"
        case Solved():
            return "_"
        case Position():
            return "i"
