"""Which parameters of a network keep its shape: tried out, one changed at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archdsl.diagnostics import ArchError
from archdsl.expand import expand
from archdsl.expand.recast import recast
from archdsl.graph import Network, Node, Scope
from archdsl.modules import DeclaredNetwork
from archdsl.records import dataclass
from archdsl.symbols import Binding, Sym, about


def probes(
    declared: DeclaredNetwork, network: Network, settings: Mapping[str, Any]
) -> tuple[Network, ...]:
    """The network with one number changed each, as far as nothing but numbers changes with it."""
    found = []
    for binding in network.params:
        value = changed(binding.value)
        if value is None or Trial(network, network, binding).decides:
            continue
        probe = recast(network, binding, value)
        if probe is None:
            try:
                probe = expand(declared, {**settings, binding.name: value}, network.uses)
            except ArchError:
                continue
        if alike(network, probe) and Trial(network, probe, binding).shows_all:
            found.append(probe)
    return tuple(found)


def changed(value: Any) -> int | float | None:
    """Another value of a number, likely to be legal where the number is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value:
        return None
    return 2 * value if isinstance(value, int) else value / 2


def alike(network: Network, probe: Network) -> bool:
    """Whether the same stands everywhere, on maps of the same extents."""
    pairs = zip(network.nodes, probe.nodes, strict=False)
    same = all(one is other or step(one) == step(other) for one, other in pairs)
    return same and len(network.nodes) == len(probe.nodes)


def step(node: Node) -> tuple[object, ...]:
    return node.path, type(node.op), node.inputs, node.shape.spatial, node.device


@dataclass(frozen=True)
class Trial:
    """A network beside its probe.

    A third value could do what the second did not, wherever the parameter decides (a condition, a
    number of copies, what `or` takes), and wherever arithmetic hides it (`max(width, 16)`).
    """

    network: Network
    probe: Network
    binding: Binding

    @property
    def shows_all(self) -> bool:
        """Whether the probe shows all that the parameter does."""
        return not self.decides and not any(map(self.hides, self.network.nodes, self.probe.nodes))

    @property
    def decides(self) -> bool:
        """Whether the parameter has a say in what stands in the network.

        Of a network beside itself, whether it has in words; not, whether by what it changes.
        """
        return any(map(self.depends, self.network.counts)) or any(
            map(self.takes, self.network.decisions)
        )

    def takes(self, choice: Scope) -> bool:
        """Whether the parameter has a say in a decision."""
        asked = choice.condition is not None and self.depends(choice.condition)
        fitted = choice.goal is not None and (
            self.differs(choice.goal) or self.differs(choice.entry)
        )
        return asked or fitted

    def hides(self, node: Node, probed: Node) -> bool:
        """Whether an argument that depends on the parameter has not changed with it."""
        return node is not probed and any(
            getattr(node.op, name, None) == getattr(probed.op, name, None) and self.depends(symbol)
            for name, symbol in node.symbols.items()
        )

    def depends(self, symbol: Sym) -> bool:
        """Whether an expression contains the parameter."""
        return about(symbol, self.is_it, self.differs)

    def is_it(self, binding: Binding) -> bool:
        """Whether a parameter is this one, or given by it."""
        return binding is self.binding or self.depends(binding.symbol)

    def differs(self, node: int) -> bool:
        """Whether a tensor's channels depend on the parameter."""
        return self.network.nodes[node].shape != self.probe.nodes[node].shape
