"""A compiled network beside another model: their costs, keys, weights, layers and outputs.

Both run in float64, where rounding stays far below what another formula makes of a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from archdsl.claims import Claim, claim
from archdsl.diagnostics import mistake
from archdsl.graph import Network
from archdsl.runtime.keys import keys_claim
from archdsl.runtime.models import ran
from archdsl.runtime.pairing import SAME, Unpaired, pairs
from archdsl.runtime.prediction import META, compiled
from archdsl.runtime.trace import Call, distance, shown, trace
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
        try:
            return macs(compiled(self.network, self.source).eval(), images)
        except RuntimeError:
            wrong = f"{self.network.name} takes no {', '.join(shown(x[0]) for x in self.inputs)}"
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
                self.names, way = (
                    pairs(self.network, ours, self.theirs, self.inputs),
                    "by what each layer sees",
                )
        except Unpaired as error:
            return claim(self.reference, "weights", False, str(error))
        ours.load_state_dict(converted(self.names, own, other), assign=True)
        return claim(self.reference, "weights", True, f"{len(own)} tensors, matched {way}")

    def running(self, ours: nn.Module, mode: str) -> Iterator[Claim]:
        """What the layers see and make, and what comes out, with the same weights."""
        for model in (ours, self.theirs):
            set_mode(model, heads=mode == "training")
        calls, outputs = trace(ours, self.inputs)
        other_calls, others = trace(self.theirs, self.inputs)
        partners = {
            own.rpartition(".")[0]: name.rpartition(".")[0] for own, name in self.names.items()
        }
        first = first_difference(calls, other_calls, partners)
        text = first or f"{len(calls)} see and make the same"
        yield claim(self.reference, f"layers in {mode}", not first, text)
        yield claim(self.reference, f"outputs in {mode}", *agreement(outputs, others))


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


# ---- differences -----------------------------------------------------------------------------


def first_difference(ours: Sequence[Call], theirs: Sequence[Call], partners: dict[str, str]) -> str:
    """What is told of the first call, in our order, that sees or makes something else."""
    waiting: dict[str, list[Call]] = {}
    for call in reversed(theirs):
        waiting.setdefault(call.layer.path, []).append(call)
    for call in ours:
        path, other = call.layer.path, partners[call.layer.path]
        if not waiting.get(other):
            return f"'{path}' runs, and '{other}' does not"
        if text := difference(call, waiting[other].pop()):
            return f"'{path}' {text}"
    return ""


def difference(call: Call, other: Call) -> str:
    """How what two layers see or make differs, or nothing.

    A layer with others within, or with what has no weights (an activation), may see and make what
    a plain one sees and makes elsewhere.
    """
    path = other.layer.path
    if other.layer.whole and (found := apart(call.input, other.input)):
        return f"sees something else than '{path}': {found}; the layers before it agree"
    if other.layer.leaf and (found := apart(call.output, other.output)):
        return f"makes something else than '{path}' of the same input: {found}"
    return ""


def apart(a: Tensor, b: Tensor) -> str:
    """How far two tensors are from each other, or nothing where rounding explains it."""
    if a.numel() != b.numel():
        return f"{shown(a)} and {shown(b)}"
    off = distance(a, b)
    return "" if off < SAME else f"off by {off:.1g} of the largest value"


def agreement(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> tuple[bool, str]:
    """Whether two models return the same, and how nearly."""
    shapes = [", ".join(map(shown, each)) for each in (ours, theirs)]
    if shapes[0] != shapes[1]:
        return False, f"{shapes[0]} here, {shapes[1]} there"
    if all(map(torch.equal, ours, theirs)):
        return True, f"{shapes[0]}, bit for bit"
    off = max(map(distance, ours, theirs))
    return off < SAME, f"{shapes[0]}, off by {off:.1g} of the largest value"
