"""A compiled network beside another model: their costs, keys, weights, layers and outputs.

Both run in float64, where rounding stays far below what another formula makes of a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from archdsl.claims import Claim, claim
from archdsl.diagnostics import mistake
from archdsl.graph import Network
from archdsl.records import dataclass
from archdsl.runtime.differences import agreement, first_difference
from archdsl.runtime.keys import keys_claim
from archdsl.runtime.models import ran
from archdsl.runtime.pairing import Unpaired, pairs
from archdsl.runtime.prediction import META, compiled
from archdsl.runtime.trace import shown, trace
from archdsl.runtime.weights import State, converted


@dataclass
class Comparison:
    """A network with its generated source, and another model that has its weights already.

    `names` are the other model's keys for the network's, once they are known, and `proved` that the
    layers and outputs agree with them.
    """

    network: Network
    source: str
    reference: str
    theirs: nn.Module
    inputs: Sequence[Tensor]
    names: dict[str, str] = field(default_factory=dict)
    proved: bool = False

    def claims(self) -> Iterator[Claim]:
        """What is compared, cheap things first; after layers without partners nothing is left."""
        device = self.inputs[0].device
        ours = compiled(self.network, self.source, device if self.network.devices else META)
        yield self.number("parameters", parameters(ours), parameters(self.theirs))
        yield self.number("MACs in inference", self.macs_of_ours(), self.macs_of_theirs())
        weights = self.weights_claim(ours)
        yield keys_claim(self.reference, ours.state_dict(), self.theirs.state_dict(), self.names)
        yield weights
        if self.names:
            modes = ["inference", "training"] if self.network.heads else ["inference"]
            runs = [found for mode in modes for found in self.running(ours, mode)]
            self.proved = all(found.verdict == "agrees" for found in runs)
            yield from runs

    def number(self, name: str, here: int, there: int) -> Claim:
        """A claim about a number."""
        text = f"{here:,}" if here == there else f"{here:,} here, {there:,} there"
        return claim(self.reference, name, here == there, text)

    def macs_of_ours(self) -> int:
        """Multiply-accumulates of the network's inference on the images; they need not fit."""
        images = [torch.empty(x.shape, device=META) for x in self.inputs]
        model = compiled(self.network, self.source)
        try:
            if self.network.heads:
                set_mode(model, heads=True)
                model(*images)
            return macs(model.eval(), images)
        except RuntimeError:
            heads = " in training, with its heads" if model.training else ""
            shapes = ", ".join(shown(x[0]) for x in self.inputs)
            wrong = f"{self.network.name} takes no {shapes}{heads}"
            raise mistake("shape", wrong, help="'archdsl sizes SPEC' says what fits") from None

    def macs_of_theirs(self) -> int:
        """Multiply-accumulates of the other model's inference; the first time that it runs."""
        trouble = f"'{self.reference}' does not run on {', '.join(map(shown, self.inputs))}"
        return ran(trouble, lambda: macs(self.theirs.eval(), self.inputs))

    def weights_claim(self, ours: nn.Module) -> Claim:
        """Give the network the other's weights: by key, or else each layer those of its partner."""
        own, other = ours.state_dict(), self.theirs.state_dict()
        try:
            if sizes(own) == sizes(other):
                self.names, way = {key: key for key in own}, "by key, strictly"
            else:
                for model in (ours, self.theirs):
                    set_mode(model, heads=bool(self.network.heads))
                self.names = pairs(self.network, ours, self.theirs, self.inputs)
                way = "by what each layer sees"
        except Unpaired as error:
            return claim(self.reference, "weights", False, str(error))
        ours.load_state_dict(converted(self.names, own, other), assign=True)
        return claim(self.reference, "weights", True, f"{len(own)} tensors, matched {way}")

    def running(self, ours: nn.Module, mode: str) -> Iterator[Claim]:
        """What the layers see and make, and what comes out, with the same weights."""
        for model in (ours, self.theirs):
            set_mode(model, heads=mode == "training")
        here, there = trace(ours, self.inputs), trace(self.theirs, self.inputs)
        first = first_difference(self.network, here.calls, there.calls, self.names)
        text = first or f"{len(here.calls)} see and make the same"
        yield claim(self.reference, f"layers in {mode}", not first, text)
        agree, text = agreement(here.outputs, there.outputs)
        yield claim(self.reference, f"outputs in {mode}", agree, text)


def parameters(model: nn.Module) -> int:
    """How many parameters a model has."""
    return sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def macs(model: nn.Module, inputs: Sequence[Tensor]) -> int:
    """Multiply-accumulates of a model's run on a sample, as PyTorch counts its operators."""
    with FlopCounterMode(display=False) as counter:
        model(*inputs)
    return int(counter.get_total_flops()) // (2 * len(inputs[0]))


def sizes(state: State) -> dict[str, torch.Size]:
    """Keys with the shapes of their tensors."""
    return {key: tensor.shape for key, tensor in state.items()}


def set_mode(model: nn.Module, *, heads: bool) -> None:
    """Inference; with heads, what has parts believes itself in training and runs its heads.

    What draws by chance or gathers statistics goes on as in inference.
    """
    for module in model.modules():
        inner = any(True for _ in module.children()) and not [*module.buffers(recurse=False)]
        module.training = heads and inner
