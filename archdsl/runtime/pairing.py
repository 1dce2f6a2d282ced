"""Layers of two models paired by what they see.

A layer's partner is the one of the other model that holds tensors of the same shapes and, on the
same image, sees the same input. A layer that has its partner's weights passes on what the other
passes on, so each pair lets the next one be found: names do not matter, nor in which order layers
are registered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor, nn

from archdsl.graph import Network
from archdsl.runtime.trace import Call, Layer, distance, trace
from archdsl.runtime.weights import in_order

SAME = 1e-9  # of float64: what rounding makes differ by is smaller, another formula by more
UNLIKE = 0.1  # two maps that have nothing to do with each other differ by more


class Unpaired(Exception):
    """A layer has no partner: which, and what the other model has in its place."""


class Sight:
    """Gives each layer of a model that runs the tensors of the layer that sees the same.

    Of several that do, as the first layers of parallel branches, it is the one that stands in the
    other's order of execution where the layer stands in ours, by `ranks`. Where none does, as
    behind a layer that differs, it is the likest or the next.
    """

    def __init__(self, calls: Sequence[Call], ranks: Mapping[str, int]) -> None:
        first = {call.layer.path: call for call in reversed(calls)}
        self.calls = list(reversed(first.values()))
        self.ranks = ranks
        self.partners: dict[str, Layer] = {}
        self.names: dict[str, str] = {}
        self.doubt = ""

    def __call__(self, layer: Layer, x: Tensor) -> None:
        if layer.path in self.partners:
            return
        call = self.partner(layer, x)
        if call is None or distance(call.input, x) >= UNLIKE:
            self.doubt = self.doubt or self.missed(layer, x)
        if call is None:
            raise Unpaired(self.doubt)
        self.partners[layer.path] = call.layer
        self.names |= zip(keys(layer), keys(call.layer), strict=True)
        hand_over(layer, call.layer)

    def partner(self, layer: Layer, x: Tensor) -> Call | None:
        """The call whose layer can stand for a layer that sees something."""
        off = {c: min(distance(c.input, x), UNLIKE) for c in self.calls if fit(layer, c.layer)}
        likest = [call for call in off if off[call] == min(off.values())]  # see one tensor
        rank = self.ranks.get(layer.path, 0)
        wanted = [*likest[rank : rank + 1], *sorted(off, key=off.__getitem__)]
        return next((call for call in wanted if self.is_free(call)), None)

    def is_free(self, call: Call) -> bool:
        """Whether a layer is nobody's partner yet."""
        return call.layer not in self.partners.values()

    def missed(self, layer: Layer, x: Tensor) -> str:
        """What there is in the place of a partner that is not there."""
        seers = [c for c in self.calls if distance(c.input, x) < SAME and self.is_free(c)]
        there = f"; of the same input the other has {seers[0].layer}" if seers else ""
        return f"no layer with the tensors of {layer} sees the same input{there}"


def ranks(network: Network) -> dict[str, int]:
    """How many layers with the same tensors see what a layer sees and stand before it in the text.

    Generated code may run branches in another order than that of the text.
    """
    found: dict[str, int] = {}
    count: Counter[object] = Counter()
    for node in network.nodes:
        twins = (node.inputs, network.tensors(node))
        found[node.path] = count[twins]
        count[twins] += 1
    return found


def pairs(
    network: Network, ours: nn.Module, theirs: nn.Module, inputs: Sequence[Tensor]
) -> dict[str, str]:
    """Their key of the state_dict for each of ours; `ours` holds their tensors then.

    Layers that do not run are paired in the order of registration. Raises Unpaired.
    """
    sight = Sight(trace(theirs, inputs).calls, ranks(network))
    trace(ours, inputs, sight)
    own, other = ours.state_dict(), theirs.state_dict()
    taken = {*sight.names.values()}
    idle = {key: own[key] for key in own if key not in sight.names}
    spare = {key: other[key] for key in other if key not in taken}
    try:
        names = sight.names | (in_order(idle, spare) if idle else {})
    except ValueError as error:
        raise Unpaired(f"of the layers that do not run, {error}") from None
    return {key: names[key] for key in own}


def fit(layer: Layer, other: Layer) -> bool:
    """Whether the tensors of two layers can stand for each other, one after another."""
    own, others = list(layer.tensors.values()), list(other.tensors.values())
    return len(own) == len(others) and all(map(alike, own, others))


def alike(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are of the same shape, or the same but for folded axes.

    A convolution over a whole map is a linear layer, and a point-wise one over a single position.
    """
    if a.dim() == b.dim() or not a.dim() or not b.dim():
        return a.shape == b.shape
    return a.numel() == b.numel() and a.shape[0] == b.shape[0]


def keys(layer: Layer) -> Iterator[str]:
    """The keys of a layer's tensors in the state_dict."""
    return (f"{layer.path}.{name}" if layer.path else name for name in layer.tensors)


def hand_over(layer: Layer, other: Layer) -> None:
    """Let a layer hold the tensors of another; they stay one in memory."""
    given = zip(layer.tensors.items(), other.tensors.values(), strict=True)
    state = {name: tensor.reshape(own.shape) for (name, own), tensor in given}
    layer.module.load_state_dict(state, strict=False, assign=True)
