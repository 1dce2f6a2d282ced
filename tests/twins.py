"""Generated modules, and torchvision's with the same weights."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import torch
from published import PUBLISHED
from sources import graph, source
from torch import Tensor, nn
from torchvision.models.regnet import BlockParams

from archdsl.naming import function_name
from archdsl.runtime.module import imported

META = torch.device("meta")
WIDTHS = BlockParams.from_init_params


def factory(name: str) -> Any:
    """What makes a network's module."""
    return getattr(imported(source(name), function_name(name)), function_name(name))


def on_meta(name: str, **arguments: Any) -> nn.Module:
    """The network without memory."""
    placed = graph(name).devices
    if placed:
        arguments["devices"] = [META] * placed
    with META:
        model: nn.Module = factory(name)(**arguments)
    return model.to(META)


def theirs(name: str, **options: Any) -> nn.Module:
    """torchvision's network."""
    from torchvision import models

    model: nn.Module = getattr(models, PUBLISHED[name]["builder"])(**options)
    return model


def on_cpu(*args: Any, **options: Any) -> Any:
    """RegNet's widths, which torchvision computes with tensors."""
    with torch.device("cpu"):
        return WIDTHS(*args, **options)


def published(name: str) -> nn.Module:
    """torchvision's network without memory."""
    builder = PUBLISHED[name]["builder"]
    options = {"init_weights": False} if builder in ("googlenet", "inception_v3") else {}
    with META, patch.object(BlockParams, "from_init_params", on_cpu):
        return theirs(name, **options)


def random_weights(model: nn.Module) -> None:
    """Weights and statistics that tell layers apart and keep values in bounds."""
    torch.manual_seed(0)
    for key, tensor in model.to_empty(device="cpu").state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.dim() > 1:
            bound = (3 / tensor[0].numel()) ** 0.5
            tensor.uniform_(-bound, bound)
        elif key.endswith("weight"):  # a norm's: what comes in must reach what goes out
            tensor.uniform_(1, 2)
        elif tensor.is_floating_point():
            tensor.uniform_(-0.5, 0.5)
        else:
            tensor.zero_()


def twins(name: str) -> tuple[nn.Module, nn.Module]:
    """torchvision's network and the generated one with the same weights, which they share.

    Statistics are each one's own, since training changes them.
    """
    theirs, ours = published(name), on_meta(name)
    random_weights(theirs)
    buffers = {key for key, _ in theirs.named_buffers()}
    weights = {
        key: value.clone() if key in buffers else value
        for key, value in theirs.state_dict().items()
    }
    ours.load_state_dict(weights, strict=True, assign=True)
    return theirs, ours.requires_grad_()


def state(model: nn.Module) -> dict[str, tuple[int, ...]]:
    """The shapes of a module's state, by key."""
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def several(found: Any) -> tuple[Tensor, ...]:
    """What a network returns, one tensor or more."""
    return (found,) if isinstance(found, Tensor) else tuple(found)
