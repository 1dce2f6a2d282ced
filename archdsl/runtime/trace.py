"""A model at work: what each of its layers sees and makes, in the order of execution.

A layer is a module that holds tensors of the state_dict itself, be they weights or statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from archdsl.records import dataclass


@dataclass(frozen=True, eq=False)
class Layer:
    """A module with the tensors that it holds itself, by their names within it."""

    path: str
    module: nn.Module
    tensors: Mapping[str, Tensor]

    @property
    def leaf(self) -> bool:
        """Whether nothing but its own code works in it."""
        return not any(True for _ in self.module.children())

    @property
    def whole(self) -> bool:
        """Whether no other layers stand in it."""
        return len(self.module.state_dict()) == len(self.tensors)

    def __str__(self) -> str:
        shapes = [f"{name} {shown(tensor)}" for name, tensor in self.tensors.items()]
        return f"'{self.path}' ({', '.join(shapes[:2])})"


@dataclass(frozen=True, eq=False)
class Call:
    """A layer at work: the first tensor that comes in, and the first that it makes."""

    layer: Layer
    input: Tensor
    output: Tensor


@dataclass(frozen=True, eq=False)
class Trace:
    """The calls of a model's layers, and the tensors that it returns."""

    calls: list[Call]
    outputs: list[Tensor]


NOTHING = torch.empty(0)  # seen by what takes no tensors
Before = Callable[[Layer, Tensor], None]


def layers(model: nn.Module) -> Iterator[Layer]:
    """The layers of a model, in the order of registration."""
    found: dict[str, dict[str, Tensor]] = {}
    for key, tensor in model.state_dict().items():
        path, _, name = key.rpartition(".")
        found.setdefault(path, {})[name] = tensor
    for path, own in found.items():
        yield Layer(path, model.get_submodule(path), own)


@torch.no_grad()
def trace(model: nn.Module, inputs: Sequence[Tensor], before: Before | None = None) -> Trace:
    """Run a model; `before` is told of each layer and its input before it works."""
    calls: list[Call] = []
    handles: list[RemovableHandle] = []
    try:
        for layer in layers(model):
            handles += watch(layer, calls, before)
        return Trace(calls, list(tensors(model(*inputs))))
    finally:
        for handle in handles:
            handle.remove()


def watch(layer: Layer, calls: list[Call], before: Before | None) -> list[RemovableHandle]:
    """Have a layer's calls noted; copies of tensors, as others may be written in their place."""
    waiting: list[Tensor] = []

    def enter(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        x = next(tensors((arguments, named)), NOTHING)
        if before is not None:
            before(layer, x)
        waiting.append(x.clone())

    def leave(_: nn.Module, __: Any, made: Any) -> None:
        calls.append(Call(layer, waiting.pop(), next(tensors(made), NOTHING).clone()))

    return [
        layer.module.register_forward_pre_hook(enter, with_kwargs=True),
        layer.module.register_forward_hook(leave),
    ]


def tensors(found: Any) -> Iterator[Tensor]:
    """The tensors in what a model takes or returns: one, or tuples, lists and dicts of them."""
    if isinstance(found, Tensor):
        yield found
    elif isinstance(found, Mapping):
        yield from tensors(tuple(found.values()))
    elif isinstance(found, tuple | list):
        for part in found:
            yield from tensors(part)


def shown(tensor: Tensor) -> str:
    """A tensor's shape."""
    return "x".join(map(str, tensor.shape)) or "scalar"


def distance(a: Tensor, b: Tensor) -> float:
    """The largest difference between two tensors, relative to the largest number in the second.

    Axes may be folded differently, as those of maps are before a linear layer.
    """
    if a.numel() != b.numel():
        return inf
    largest = float(b.abs().max()) if b.numel() else 0.0
    difference = float((a.flatten() - b.flatten()).abs().max()) if b.numel() else 0.0
    return difference / largest if largest else difference
