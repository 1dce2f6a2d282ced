"""EfficientNet-Lite0 with its published weights: the reference implementation's logits, exactly."""

import efficientnet_lite_pytorch
import pytest
import torch
from imagenet_demo import photograph, published_weights, top_classes, trained_network
from torch import Tensor, nn

pytestmark = [pytest.mark.torch, pytest.mark.slow]

CATS = {"tabby, tabby cat", "tiger cat", "Egyptian cat"}


@pytest.fixture(scope="module")
def ours() -> nn.Module:
    return trained_network()


@pytest.fixture(scope="module")
def reference() -> nn.Module:
    network: nn.Module = efficientnet_lite_pytorch.EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(published_weights())
    return network.eval()


def logits(network: nn.Module, images: Tensor) -> Tensor:
    with torch.inference_mode():
        output: Tensor = network(images)
    return output


def test_as_many_parameters_as_published(ours: nn.Module, reference: nn.Module) -> None:
    assert sum(p.numel() for p in ours.parameters()) == 4_652_008
    assert sum(p.numel() for p in reference.parameters()) == 4_652_008


def test_the_reference_logits_on_random_input(ours: nn.Module, reference: nn.Module) -> None:
    images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    assert torch.equal(logits(ours, images), logits(reference, images))


@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_the_reference_logits_on_a_photograph(
    name: str, ours: nn.Module, reference: nn.Module
) -> None:
    images = photograph(name)
    assert torch.equal(logits(ours, images), logits(reference, images))


def test_coffee_is_an_espresso(ours: nn.Module) -> None:
    (label, probability), *_ = top_classes(logits(ours, photograph("coffee"))[0])
    assert label == "espresso"
    assert probability == pytest.approx(0.94, abs=0.01)


def test_chelsea_is_a_cat(ours: nn.Module) -> None:
    classes = dict(top_classes(logits(ours, photograph("chelsea"))[0]))
    assert set(classes) == CATS
    assert sum(classes.values()) == pytest.approx(0.88, abs=0.01)
