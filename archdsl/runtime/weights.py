"""Weights: read from files and written, drawn at random, and brought under other names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from archdsl.diagnostics import mistake

State = Mapping[str, Tensor]
Entry = tuple[str, Tensor]
WRAPPERS = ("state_dict", "model")  # what training scripts keep weights under, beside other things


# ---- files -----------------------------------------------------------------------------------


def read(path: Path) -> State:
    """The tensors of a file: `.safetensors`, or what `torch.save` wrote; no code in it is run."""
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise mistake("weights", f"{path} is no file of safetensors: {error}") from None
    except OSError:
        raise
    except Exception as error:  # whatever a broken archive or a stranger's pickle leads to
        help = "only tensors are read, no other objects: save model.state_dict()"
        reason = f"{path} holds no weights that can be read ({type(error).__name__})"
        raise mistake("weights", reason, help=help) from None
    return tensors(found, path)


def tensors(found: Any, path: Path) -> State:
    """The state_dict that an object of a file is or holds."""
    for wrapper in WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not all(isinstance(t, Tensor) for t in found.values()):
        kind = type(found).__name__
        raise mistake(
            "weights",
            f"{path} holds no state_dict, but {kind}",
            help="save model.state_dict(), by itself or under 'state_dict' or 'model'",
        )
    return found


def written(weights: State) -> bytes:
    """Weights as a file of safetensors."""
    return safetensors.torch.save({key: value.contiguous() for key, value in weights.items()})


# ---- values ----------------------------------------------------------------------------------


@torch.no_grad()
def randomise(model: nn.Module) -> None:
    """Weights and statistics that tell all layers apart and keep values in bounds."""
    generator = torch.Generator().manual_seed(0)
    for key, tensor in model.state_dict().items():
        if not tensor.is_floating_point():
            continue
        low, high = bounds(key, tensor)
        drawn = torch.empty(tensor.shape, dtype=tensor.dtype).uniform_(
            low, high, generator=generator
        )
        tensor.copy_(drawn)


def bounds(key: str, tensor: Tensor) -> tuple[float, float]:
    """Between which numbers a tensor's lie; those of kernels so that rectified maps keep theirs."""
    if tensor.dim() > 1:
        bound = (6 / max(1, tensor[0].numel())) ** 0.5
        return -bound, bound
    if key.endswith("running_var"):
        return 0.5, 2
    return (0.5, 1.5) if key.endswith("weight") else (-0.5, 0.5)


# ---- names -----------------------------------------------------------------------------------


def in_order(ours: State, theirs: State) -> dict[str, str]:
    """Their n-th key for our n-th, whatever they are called.

    Both must list their tensors in the same order, which is so where both register their layers
    in the order of execution. Raises ValueError at the first entry that disagrees in shape or
    kind, or has no counterpart.
    """
    for position, (own, other) in enumerate(zip_longest(ours.items(), theirs.items())):
        if own is None or other is None or not _alike(own[1], other[1]):
            raise ValueError(
                f"entry {position} disagrees: {_shown(own)} in the module, "
                f"{_shown(other)} in the weights ({len(ours)} and {len(theirs)} entries)"
            )
    return dict(zip(ours, theirs, strict=True))


def converted(names: Mapping[str, str], ours: State, theirs: State) -> dict[str, Tensor]:
    """Their tensors under our keys; `names` are their keys for ours."""
    return {key: theirs[names[key]].reshape(own.shape) for key, own in ours.items()}


def load_by_order(module: nn.Module, state_dict: State) -> None:
    """Copies the n-th tensor of `state_dict` into the n-th of `module`, whatever they are called.

    Raises ValueError as `in_order` does; `module` is then as it was.
    """
    own: dict[str, Tensor] = module.state_dict()
    module.load_state_dict(converted(in_order(own, state_dict), own, state_dict))


def _alike(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and a.is_floating_point() == b.is_floating_point()


def _shown(entry: Entry | None) -> str:
    if entry is None:
        return "nothing"
    key, tensor = entry
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"'{key}' {list(tensor.shape)} {dtype}"
