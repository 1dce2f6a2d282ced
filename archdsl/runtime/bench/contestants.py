"""Who takes part: a compiled network and the module that it is held against, each in many ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import torch
from torch import Tensor, nn

from archdsl.graph import Network
from archdsl.naming import function_name
from archdsl.records import dataclass
from archdsl.runtime.bench.engines import (
    ENGINES,
    Engine,
    Inference,
    Inputs,
    compiled,
    eager,
    frozen,
    fused,
    onnxruntime,
    openvino,
)
from archdsl.runtime.bench.timing import Run
from archdsl.runtime.models import model, ran
from archdsl.runtime.module import imported, with_weights
from archdsl.runtime.pairing import Unpaired, pairs
from archdsl.runtime.prediction import compiled as built
from archdsl.runtime.trace import tensors
from archdsl.runtime.weights import State, converted, randomise

CPU = torch.device("cpu")
Make = Callable[[], nn.Module]
Way = tuple[str, Callable[[nn.Module], Any]]
FORWARD, STEP, INFERENCE = "forward", "forward and backward", "inference"  # the works


@dataclass(frozen=True)
class Contestant:
    """A name, and what makes its runs, by work, from weights that are in memory.

    It is the network's `own` code, or the other model. What `allocates` in each run tells its
    memory: other engines have their own, and graphs on a GPU had theirs once and for all.
    """

    name: str
    build: Callable[[], Mapping[str, Run]]
    own: bool
    allocates: bool = True


@dataclass(frozen=True)
class Conditions:
    """What all contestants have in common: where they run, in which type, and on what."""

    device: torch.device
    dtype: torch.dtype
    inputs: Sequence[Tensor]

    @property
    def autocast(self) -> torch.autocast:
        """Where weights stay in float32, the type that layers calculate in."""
        enabled = self.dtype != torch.float32
        return torch.autocast(self.device.type, self.dtype, enabled=enabled)


@dataclass
class Sides:
    """The network in its own code, and another model that has the same weights if it can.

    `alike` tells whether it has: then both return the same, but for rounding.
    """

    network: Network
    source: str  # of the training module
    rewritten: str  # of the one for inference
    for_engines: str  # of the one for what runs it as a whole
    against: str | None
    conditions: Conditions
    state: State = field(default_factory=dict)
    their_state: State = field(default_factory=dict)
    alike: bool = False

    def __post_init__(self) -> None:
        """Draw weights, the same for both."""
        own = built(self.network, self.source, CPU)
        randomise(own)
        if self.against is not None:
            self.meet(own, self.against)
        self.state = own.state_dict()

    def meet(self, own: nn.Module, against: str) -> None:
        """Give the other model's weights to the network's module, by key or by what layers see."""
        theirs = model(against)
        ran(f"'{against}' takes no weights", lambda: randomise(theirs))
        self.their_state = theirs.state_dict()
        try:
            own.load_state_dict(self.their_state)
        except RuntimeError:
            names = self.paired(theirs)
            if len(names) != len(self.their_state):  # another architecture
                return
            own.load_state_dict(converted(names, own.state_dict(), self.their_state))
        self.alike = True

    def paired(self, theirs: nn.Module) -> dict[str, str]:
        """The other model's key for each of ours, by what layers see; none where they differ."""
        ours = built(self.network, self.source, CPU).double().eval()
        inputs = [x[:1].to(CPU, torch.float64) for x in self.conditions.inputs]
        try:
            return pairs(self.network, ours, theirs.double().eval(), inputs)
        except (Unpaired, RuntimeError):
            return {}

    # ---- modules, built from the weights ----

    def own(self) -> nn.Module:
        """The training module."""
        made = built(self.network, self.source, self.conditions.device)
        made.load_state_dict(self.state)
        return made

    def own_rewritten(self) -> nn.Module:
        """The module for inference."""
        return self.inference(self.rewritten)

    def own_for_engines(self) -> nn.Module:
        """The module for what runs it as a whole."""
        return self.inference(self.for_engines)

    def inference(self, source: str) -> nn.Module:
        made = with_weights(source, self.network, self.state, self.conditions.device)
        return made.to(self.conditions.dtype)

    def own_packed(self) -> nn.Module:
        """The module for inference, which lays out its weights at the first call."""
        made = self.own_rewritten()
        self.code.pack(made)
        return made

    def graphed(self, model: nn.Module, inputs: Inputs) -> Inference:
        """An engine: the module for inference as one CUDA graph."""
        with torch.inference_mode():
            return eager(self.code.graphed(model, *inputs), inputs)

    @property
    def code(self) -> Any:
        """The Python module of the code for inference."""
        return imported(self.rewritten, function_name(self.network.name))

    def offers(self, function: str, device: str) -> bool:
        """Whether the code for inference has a function for such a device, and this is one."""
        return self.conditions.device.type == device and hasattr(self.code, function)

    def theirs(self) -> nn.Module:
        """The other model."""
        assert self.against is not None
        made = model(self.against)
        made.load_state_dict(self.their_state)
        return made.to(self.conditions.device)


def for_inference(sides: Sides, compile: bool, engines: Sequence[str]) -> Iterator[Contestant]:
    """The contestants at inference, the baseline first: the other model, or the training code."""
    conditions = sides.conditions
    on_cpu = conditions.device.type == "cpu"
    best = frozen if on_cpu else compiled
    base, plain = (sides.against, sides.theirs) if sides.against else ("training code", sides.own)

    def entry(
        name: str, make: Make, engine: Engine = eager, own: bool = True, **layout: Any
    ) -> Contestant:
        def build() -> Mapping[str, Run]:
            made = make().eval().to(dtype=conditions.dtype, **layout).requires_grad_(False)
            return {INFERENCE: engine(made, conditions.inputs)}

        allocates = engine not in (onnxruntime, openvino) if on_cpu else engine is eager
        return Contestant(name, build, own, allocates)

    def other(name: str, engine: Engine = eager, **layout: Any) -> Contestant:
        name = ", ".join(filter(None, (base, name)))
        return entry(name, plain, engine, sides.against is None, **layout)

    if sides.offers("keep_memory", "cpu"):
        sides.code.keep_memory()  # for all of them: it holds for the process
    yield other("")
    if all(x.dim() == 4 for x in conditions.inputs):
        yield other("channels last", memory_format=torch.channels_last)
    if compile:
        yield other("compiled", compiled)
        if on_cpu:
            yield other("compiled and frozen", frozen)
    for name in engines:
        yield other(name, ENGINES[name])
    yield entry("archdsl", sides.own_rewritten)
    if sides.offers("pack", "cpu"):
        yield entry("archdsl, packed", sides.own_packed)
    if sides.offers("fused", "cpu") and conditions.dtype == torch.float32:
        yield entry("archdsl, fused", sides.own_for_engines, fused(sides.code))
    if sides.offers("graphed", "cuda"):
        yield entry("archdsl, CUDA graph", sides.own_rewritten, sides.graphed)
    if compile:
        yield entry("archdsl, compiled", sides.own_rewritten, best)
    for name in engines:
        yield entry(f"archdsl, {name}", sides.own_for_engines, ENGINES[name])


def for_training(sides: Sides, compile: bool) -> Iterator[Contestant]:
    """The contestants at training, the baseline first: the other model, or the network's own."""
    makes: dict[str, Make] = {sides.against: sides.theirs} if sides.against else {}
    makes |= {"archdsl": sides.own}
    ways: list[Way] = [("", lambda model: model)]
    ways += [(", compiled", torch.compile)] if compile else []
    for word, way in ways:
        for name, make in makes.items():

            def build(make: Make = make, way: Any = way) -> Mapping[str, Run]:
                return training(way(make()), sides.conditions)

            yield Contestant(f"{name}{word}", build, make == sides.own)


def training(model: nn.Module, conditions: Conditions) -> Mapping[str, Run]:
    """The works of training: outputs alone, and with all gradients."""

    def forward() -> list[Tensor]:
        model.eval()
        with torch.no_grad(), conditions.autocast:
            return list(tensors(model(*conditions.inputs)))

    def step() -> None:
        model.train()
        with conditions.autocast:
            outputs = list(tensors(model(*conditions.inputs)))
        loss = torch.stack([output.float().mean() for output in outputs]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        for parameter in model.parameters():
            parameter.grad = None

    return {FORWARD: forward, STEP: step}
