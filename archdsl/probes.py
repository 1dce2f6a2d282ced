"""Which parameters of a network keep its shape: tried out, one changed at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archdsl.diagnostics import ArchError
from archdsl.expand import expand
from archdsl.graph import Network
from archdsl.modules import DeclaredNetwork


def probes(
    declared: DeclaredNetwork, network: Network, settings: Mapping[str, Any]
) -> tuple[Network, ...]:
    """The network with one number changed each, as far as operators and paths stay the same."""
    found = []
    for binding in network.params:
        value = changed(binding.value)
        if value is None:
            continue
        try:
            probe = expand(declared, {**settings, binding.name: value})
        except ArchError:
            continue
        if operators(probe) == operators(network):
            found.append(probe)
    return tuple(found)


def changed(value: Any) -> int | float | None:
    """Another value of a number, likely to be legal where the number is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value:
        return None
    return 2 * value if isinstance(value, int) else value / 2


def operators(network: Network) -> list[tuple[str, type]]:
    """What stands where."""
    return [(node.path, type(node.op)) for node in network.nodes]
