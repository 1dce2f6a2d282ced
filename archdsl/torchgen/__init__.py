"""Network to PyTorch source that a good engineer could have written by hand.

`bodies` and `structure` find the classes and which uses share one, `symbolic` the expressions,
`constructor` and `forward` the methods, `module` the file; the template holds layout only.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.garbage import search_put_off
from archdsl.graph import Network
from archdsl.torchgen.module import Module
from archdsl.torchgen.plan import functions, plan
from archdsl.torchgen.template import rendered

if TYPE_CHECKING:
    from archdsl.passes.weights import Rewritten

__all__ = ["functions", "generate", "generate_inference"]


@search_put_off()
def generate_inference(
    rewritten: Rewritten, probes: tuple[Network, ...] = (), template: Path | None = None
) -> str:
    """The source of a network rewritten for inference, with a converter for trained weights."""
    from archdsl.torchgen.inference import Inference

    return rendered(Inference(plan(rewritten.network, probes), rewritten), template)


@search_put_off()
def generate(
    network: Network, probes: tuple[Network, ...] = (), template: Path | None = None
) -> str:
    """The source of a network.

    `probes` are the same network with one parameter changed each: what they show to change only
    literals stays a parameter of the generated factory, all else is fixed.
    """
    return rendered(Module(plan(network, probes)), template)
