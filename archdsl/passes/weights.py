"""Where the weights of a rewritten network come from: the layers of the training module."""

from __future__ import annotations

from archdsl.graph import Network, Node
from archdsl.records import dataclass


@dataclass(frozen=True)
class Link:
    """A layer of the training module, by its path; `note` tells what its weights do not.

    `affine` layers have a factor and an offset per channel, others sums of weighted inputs.
    """

    path: str
    note: str = ""
    affine: bool = False


Chain = tuple[Link, ...]  # layers one behind the other that have become one
Made = tuple[Chain, ...]  # chains side by side that have become one layer


@dataclass(frozen=True)
class Rewritten:
    """A network for inference, by node what its layers are made of, and by path where scopes stood.

    Paths of `origins` are those of the training module.
    """

    network: Network
    weights: dict[int, Made]
    origins: dict[str, str]


def unchanged(network: Network) -> Rewritten:
    """The network as it is in training."""
    weights: dict[int, Made] = {node.index: ((link(node),),) for node in network.nodes}
    return Rewritten(
        network, weights, {scope.path: scope.path for scope in network.root.named_scopes()}
    )


def link(node: Node) -> Link:
    """A node as a layer of the training module."""
    return Link(node.path, node.op.note, node.op.affine)
