"""Weights matched by order and shape, on modules of a few tensors."""

import pytest
import torch
from torch import Tensor, nn

from archdsl.runtime.weights import load_by_order

pytestmark = pytest.mark.torch


def unit(channels: int = 4) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, channels, 3), nn.BatchNorm2d(channels))


def published(channels: int = 4) -> dict[str, Tensor]:
    """What another unit holds, under names of its own."""
    return {f"_{i}": tensor for i, tensor in enumerate(unit(channels).state_dict().values())}


def test_every_tensor_arrives_in_order() -> None:
    module, weights = unit(), published()
    weights["_6"].fill_(17)
    load_by_order(module, weights)
    for own, theirs in zip(module.state_dict().values(), weights.values(), strict=True):
        assert torch.equal(own, theirs)
    assert module.state_dict()["1.num_batches_tracked"] == 17


def test_the_first_shape_that_disagrees_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"entry 0 disagrees: '0\.weight' \[4, 3, 3, 3\] .* '_0' \[8, 3, 3, 3\]"
    ):
        load_by_order(unit(4), published(8))


def test_a_swap_of_equal_shapes_and_different_kinds_is_seen() -> None:
    weights = published() | {"_6": torch.tensor(1.0)}
    with pytest.raises(ValueError, match=r"num_batches_tracked' \[\] int64 .* '_6' \[\] float32"):
        load_by_order(unit(), weights)


def test_weights_that_end_early() -> None:
    weights = published()
    del weights["_6"]
    with pytest.raises(ValueError, match=r"entry 6 .* nothing in the weights \(7 and 6 entries\)"):
        load_by_order(unit(), weights)


def test_weights_that_go_on() -> None:
    weights = published() | {"fc": torch.zeros(2)}
    with pytest.raises(ValueError, match=r"entry 7 disagrees: nothing in the module, 'fc' \[2\]"):
        load_by_order(unit(), weights)


def test_a_refusal_leaves_the_module_alone() -> None:
    module = unit()
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    with pytest.raises(ValueError, match="entry 7"):
        load_by_order(module, published() | {"fc": torch.zeros(2)})
    assert all(torch.equal(before[key], tensor) for key, tensor in module.state_dict().items())
