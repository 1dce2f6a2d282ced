"""Published weights under foreign names: matched with a module's own by order and shape."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

from torch import Tensor, nn

Entry = tuple[str, Tensor]


def load_by_order(module: nn.Module, state_dict: Mapping[str, Tensor]) -> None:
    """Copies the n-th tensor of `state_dict` into the n-th of `module`, whatever they are called.

    Both must list their tensors in the same order, which is so where both register their layers
    in the order of execution. Raises ValueError at the first entry that disagrees in shape or
    kind, or has no counterpart; `module` is then as it was.
    """
    own: dict[str, Tensor] = module.state_dict()
    pairs = zip_longest(own.items(), state_dict.items())
    for position, (ours, theirs) in enumerate(pairs):
        if ours is None or theirs is None or not _alike(ours[1], theirs[1]):
            raise ValueError(
                f"entry {position} disagrees: {_shown(ours)} in the module, "
                f"{_shown(theirs)} in the weights ({len(own)} and {len(state_dict)} entries)"
            )
    module.load_state_dict(dict(zip(own, state_dict.values(), strict=True)))


def _alike(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and a.is_floating_point() == b.is_floating_point()


def _shown(entry: Entry | None) -> str:
    if entry is None:
        return "nothing"
    key, tensor = entry
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"'{key}' {list(tensor.shape)} {dtype}"
