"""Layers of one kind on one input become a single one, and their readers take slices of it.

The 1x1 convolutions at the head of an inception block, for instance: one large product of
matrices keeps a processor busier than three small ones.
"""

from __future__ import annotations

from archdsl.graph import Node, Scope
from archdsl.ops import Op, Slice
from archdsl.passes.draft import Draft
from archdsl.records import dataclass
from archdsl.symbols import Computed, Literally, Sym


@dataclass
class Sibling:
    """A layer, and the activation that alone reads it if there is one."""

    layer: Node
    activation: Node | None

    @property
    def last(self) -> Node:
        return self.activation or self.layer


def merge_siblings(draft: Draft) -> tuple[int, ...]:
    """Merge siblings; answers how many, and how many layers they became."""
    merged, groups = 0, 0
    for node in draft.walk():
        for family in families(draft, node):
            merge(draft, family)
            merged, groups = merged + len(family), groups + 1
    return merged, groups


def families(draft: Draft, source: Node) -> list[list[Sibling]]:
    """The readers of a tensor that can be one layer, in walking order."""
    readers = {id(node) for node in draft.readers(source)}
    found: list[list[Sibling]] = []
    for node in draft.walk():
        if id(node) not in readers or not node.op.biased() or len(node.inputs) != 1:
            continue
        sibling = Sibling(node, activation(draft, node))
        for family in found:
            if related(draft, family[0], sibling):
                family.append(sibling)
                break
        else:
            found.append([sibling])
    return [family for family in found if len(family) > 1 and free(draft, family)]


def activation(draft: Draft, layer: Node) -> Node | None:
    """The activation that alone reads a layer, if it treats all channels alike."""
    reader = draft.only_reader(layer)
    if reader is None or reader.op.family != "activation" or reader.op.probabilities:
        return None
    return None if reader.op.tensors(layer.shape) else reader


def related(draft: Draft, one: Sibling, other: Sibling) -> bool:
    """Whether two layers can be one, with what follows them."""
    alike = (one.activation and one.activation.op) == (other.activation and other.activation.op)
    (shape,) = draft.input_shapes(one.layer)
    same_place = one.layer.device == other.layer.device
    return alike and same_place and one.layer.op.beside(other.layer.op, shape) is not None


def free(draft: Draft, family: list[Sibling]) -> bool:
    """Whether no decision stands between the layers and the scope that all of them are in."""
    home = common(draft, family)
    return not any(
        scope.kind == "choice"
        for sibling in family
        for node in (sibling.layer, sibling.last)
        for scope in between(draft, node, home)
    )


def common(draft: Draft, family: list[Sibling]) -> Scope:
    """The innermost scope that all siblings stand in."""
    scope = draft.parents[family[0].layer.index]
    nodes = [node for sibling in family for node in (sibling.layer, sibling.last)]
    while not all(scope.encloses(draft.parents[node.index]) for node in nodes):
        assert scope.parent is not None
        scope = scope.parent
    return scope.naming


def between(draft: Draft, node: Node, home: Scope) -> list[Scope]:
    """The scopes from a node's own up to another one."""
    found, scope = [], draft.parents[node.index]
    while scope is not home:
        assert scope.parent is not None
        found.append(scope)
        scope = scope.parent
    return found


def merge(draft: Draft, family: list[Sibling]) -> None:
    """Put one layer in the place of several, and slices of it behind."""
    first = family[0].layer
    home = common(draft, family)
    outer = between(draft, first, home)
    place = home.items.index(outer[-1] if outer else first)
    (shape,) = draft.input_shapes(first)
    op: Op = first.op
    for sibling in family[1:]:
        op = op.beside(sibling.layer.op, shape) or op
    widths = [width(sibling.layer) for sibling in family]
    symbols = {**first.symbols, "channels": total(widths)}
    new = draft.add(home, place, op, first.inputs[0], first, symbols)
    draft.put(new, op, sum((draft.weights[s.layer.index] for s in family), ()), symbols)
    end = new
    if family[0].activation is not None:
        place += 1
        end = draft.add(home, place, family[0].activation.op, new.index, first, {})
    start = 0
    for i, sibling in enumerate(family):
        place += 1
        stop = start + sibling.layer.shape.channels
        slice_symbols = {
            "start": total(widths[:i]),
            "stop": total(widths[: i + 1]),
            "channels": widths[i],
        }
        part = draft.add(home, place, Slice(start, stop), end.index, first, slice_symbols)
        replace_sibling(draft, sibling, part, home)
        start = stop


def replace_sibling(draft: Draft, sibling: Sibling, part: Node, home: Scope) -> None:
    """Let a slice stand for a sibling."""
    outer = between(draft, sibling.layer, home)
    source = sibling.layer.inputs[0]
    last = sibling.last.index
    for node in dict.fromkeys([sibling.last, sibling.layer]):
        draft.detach(node)
        draft.gone[node.index] = part.index
    draft.redirect(last, part.index)
    for scope in outer:
        if not any(source in node.inputs for node in scope.nodes()):
            scope.source = scope.entry = part.index


def width(node: Node) -> Sym:
    """The author's expression of a layer's channels."""
    return node.symbols.get("channels", Literally(node.shape.channels))


def total(widths: list[Sym]) -> Sym:
    """The sum of some channels."""
    found: Sym = widths[0] if widths else Literally(0)
    for each in widths[1:]:
        found = Computed("+", (found, each))
    return found
