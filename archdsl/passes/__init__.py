"""The graph rewritten for inference: the same values from fewer and cheaper operators.

A pass is a function in a file of its own that changes a `Draft` and says how much it did. `PASSES`
lists them in the order in which they run; each can be left out. Batch statistics, dropout and heads
of training are gone behind them, so that a rewritten network is for inference only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from archdsl.graph import Network
from archdsl.passes.draft import Draft
from archdsl.passes.drop_heads import drop_heads
from archdsl.passes.drop_idle import drop_idle
from archdsl.passes.fix_pad import fix_pad
from archdsl.passes.fold_bn import fold_bn
from archdsl.passes.fold_bn_ahead import fold_bn_ahead
from archdsl.passes.fold_pad import fold_pad
from archdsl.passes.fuse_activations import fuse_activations
from archdsl.passes.fuse_sums import fuse_sums
from archdsl.passes.merge_chains import merge_chains
from archdsl.passes.merge_siblings import merge_siblings
from archdsl.passes.pool_first import pool_first
from archdsl.passes.weights import Rewritten, unchanged
from archdsl.records import dataclass

__all__ = ["FOR_ENGINES", "PASSES", "Pass", "Rewritten", "Step", "rewrite"]


@dataclass(frozen=True)
class Pass:
    """A rewriting by name; `says` tells what it did, with its counts."""

    name: str
    run: Callable[[Draft], tuple[int, ...]]
    says: str


PASSES = (
    Pass("drop_heads", drop_heads, "{} training-only heads dropped"),
    Pass("drop_idle", drop_idle, "{} identities and dropouts dropped"),
    Pass("fix_pad", fix_pad, "{} paddings set in numbers"),
    Pass("fold_pad", fold_pad, "{} paddings folded into the convolution behind"),
    Pass("fold_bn", fold_bn, "{} norms and scales folded into the layer before"),
    Pass("fold_bn_ahead", fold_bn_ahead, "{} norms and scales folded into the layer behind"),
    Pass("merge_chains", merge_chains, "{} layers merged into the one behind"),
    Pass("merge_siblings", merge_siblings, "{} siblings merged into {}"),
    Pass("fuse_sums", fuse_sums, "{} sums added by the convolution before"),
    Pass("fuse_activations", fuse_activations, "{} activations applied by the convolution before"),
    Pass("pool_first", pool_first, "{} times a pool went ahead of what it followed"),
)


# For engines that run a network as a whole: a call costs them little, and a slice a copy.
FOR_ENGINES = tuple(each.name for each in PASSES if each.run is not merge_siblings)


@dataclass(frozen=True)
class Step:
    """What a pass did, and the network behind it."""

    did: Pass
    counts: tuple[int, ...]
    network: Network

    @property
    def text(self) -> str:
        return self.did.says.format(*self.counts)


def rewrite(
    network: Network, names: Collection[str] | None = None
) -> tuple[Rewritten, tuple[Step, ...]]:
    """A network by the passes of some names, all by default, in their order; and what each did."""
    found = unchanged(replace(network, inits=(), asserts=(), counts=()))
    steps = []
    for each in PASSES:
        if names is None or each.name in names:
            draft = Draft(found)
            counts = each.run(draft)
            found = draft.settled()
            steps.append(Step(each, counts, found.network))
    return found, tuple(steps)
