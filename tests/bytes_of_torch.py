"""What PyTorch really holds: storages alive in inference, and kept for the backward pass."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode


def storage(tensor: Tensor) -> int:
    """The identity of a tensor's memory, which views share."""
    return int(tensor.untyped_storage()._cdata)


def own_storages(model: nn.Module) -> set[int]:
    """The memory of parameters and buffers."""
    return {storage(tensor) for tensor in (*model.parameters(), *model.buffers())}


def stored(model: nn.Module) -> int:
    """Bytes of the state_dict."""
    return sum(tensor.untyped_storage().nbytes() for tensor in model.state_dict().values())


def kept(model: nn.Module, inputs: Iterable[Tensor]) -> int:
    """Bytes of distinct storages that autograd keeps, parameters and buffers apart."""
    saved: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor)
        return tensor

    own = own_storages(model)
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        returned = model.train()(*inputs)
    assert returned is not None
    found = {storage(t): t.untyped_storage().nbytes() for t in saved}
    return sum(size for key, size in found.items() if key not in own)


class Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the storages that exist; parameters and buffers apart."""

    def __init__(self, own: set[int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.own = own
        self.sizes: dict[int, int] = {}
        self.peak: int = 0

    def enter(self, tensor: Tensor) -> None:
        key = storage(tensor)
        if key not in self.own and key not in self.sizes:
            self.sizes[key] = tensor.untyped_storage().nbytes()
            weakref.finalize(tensor.untyped_storage(), self.sizes.pop, key)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        returned = func(*args, **(kwargs or {}))
        found = returned if isinstance(returned, (tuple, list)) else [returned]
        if func is torch.ops.aten.native_batch_norm.default:
            found = found[:1]  # in inference only the meta device makes statistics as well
        for tensor in found:
            if isinstance(tensor, Tensor):
                self.enter(tensor)
        self.peak = max(self.peak, sum(self.sizes.values()))
        return returned


def peak(model: nn.Module, inputs: Iterable[Tensor]) -> int:
    """The most bytes of storages that exist at a time in inference, inputs included."""
    given = list(inputs)
    with torch.no_grad(), Alive(own_storages(model)) as alive:
        for tensor in given:
            alive.enter(tensor)
        model.eval()(*given)
    return int(alive.peak)
