"""What was predicted of a network, held against its compiled module at work.

All of it runs on PyTorch's meta device, which knows shapes and takes neither time nor memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from archdsl.claims import Claim, claim
from archdsl.graph import Network
from archdsl.measure import measure
from archdsl.runtime.module import build
from archdsl.runtime.trace import tensors
from archdsl.shapes import Shape

META = torch.device("meta")
BATCH = 2
Shapes = Mapping[str, Shape]


def compiled(network: Network, source: str, device: torch.device = META) -> nn.Module:
    """The module of a generated source, on one device even where its parts have their own."""
    placed = {"devices": [device] * network.devices} if network.devices else {}
    with torch.device(device):
        return build(source, network.name, placed).to(device)


def prediction(network: Network, source: str) -> Iterator[Claim]:
    """What was predicted: the state_dict, parameters, multiply-accumulates, shapes."""
    model, report = compiled(network, source), measure(network)
    expected = {key: Shape(shape) for key, shape in network.state().items()}
    found = {key: Shape(tensor.shape) for key, tensor in model.state_dict().items()}
    yield same("state_dict", expected, found, f"{len(found)} keys, with their shapes and order")
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    yield number("parameters", report.params_with_heads, trained)
    yield from running(network, model.eval(), "inference", report.macs)
    if network.heads:
        yield from running(network, model.train(), "training", report.macs_with_heads)


def running(network: Network, model: nn.Module, mode: str, macs: int) -> Iterator[Claim]:
    """What was predicted of a run: multiply-accumulates, and shapes of layers and outputs."""
    inputs = [torch.empty(BATCH, *node.shape, device=META) for node in network.inputs]
    with FlopCounterMode(display=False) as counter:
        seen, made = shapes_seen(network, model, inputs)
    yield number(f"MACs in {mode}", macs, counter.get_total_flops() // (2 * BATCH))
    expected = {node.path: node.shape for node in network.nodes if node.path in seen}
    found = {path: seen[path] for path in expected}
    yield same(f"layers in {mode}", expected, found, f"the shapes of {len(found)}")
    heads = network.heads[::-1] if model.training else ()  # the deepest first
    returned = [*network.outputs, *heads]
    outputs = {f"{i}": network.nodes[output.node].shape for i, output in enumerate(returned)}
    shapes = {f"{i}": Shape(tensor.shape[1:]) for i, tensor in enumerate(made)}
    yield same(f"outputs in {mode}", outputs, shapes, ", ".join(map(str, shapes.values())))


def shapes_seen(
    network: Network, model: nn.Module, inputs: Sequence[Tensor]
) -> tuple[dict[str, Shape], list[Tensor]]:
    """The shapes that leave the modules of operators, by their paths, and what the model returns.

    A module that several operators share has no shape of its own.
    """
    seen: dict[str, list[Shape]] = {}
    paths = {node.path for node in network.nodes}
    for path, module in model.named_modules():
        if path in paths:
            module.register_forward_hook(
                lambda _module, _inputs, made, path=path: seen.setdefault(path, []).append(
                    Shape(made.shape[1:])
                )
            )
    found = list(tensors(model(*inputs)))
    return {path: shapes[0] for path, shapes in seen.items() if len(shapes) == 1}, found


# ---- sentences -------------------------------------------------------------------------------


def number(name: str, predicted: int, found: int) -> Claim:
    """A claim about a number."""
    text = f"{found:,}" if found == predicted else f"{predicted:,} predicted, {found:,} found"
    return claim("", name, found == predicted, text)


def same(name: str, predicted: Shapes, found: Shapes, text: str) -> Claim:
    """A claim about shapes by names, in their order: the text, or the first that differs."""
    for expected, made in zip_longest(predicted.items(), found.items()):
        if expected != made:
            text = f"{named(expected)} predicted, {named(made)} found"
            return claim("", name, False, text)
    return claim("", name, True, text)


def named(entry: tuple[str, Shape] | None) -> str:
    """A name with its shape."""
    return f"'{entry[0]}' {entry[1] or 'scalar'}" if entry else "nothing"
