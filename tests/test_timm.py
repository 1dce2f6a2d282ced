"""Networks whose labels are those of timm's checkpoints, against timm's: costs, states, logits."""

from __future__ import annotations

import pytest
import timm
import torch
from sources import graph
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from twins import META, on_meta, random_weights, state

from archdsl.measure import measure

pytestmark = [pytest.mark.torch, pytest.mark.slow]

TWINS = {
    "inception_v4": "inception_v4",
    "inception_resnet_v2@released": "inception_resnet_v2",
    "xception@timm": "legacy_xception",
}
SIZE = 139  # odd, as 299 is, so that windows meet the edges in the same way


def theirs(name: str) -> nn.Module:
    """timm's network, without memory and in evaluation."""
    with META:
        model: nn.Module = timm.create_model(TWINS[name])
    return model.eval()


@pytest.mark.parametrize("name", TWINS)
def test_states_and_costs(name: str) -> None:
    model, report = theirs(name), measure(graph(name))
    assert state(on_meta(name)) == state(model)
    assert report.params == sum(p.numel() for p in model.parameters())
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(1, *graph(name).inputs[0].shape, device=META))
    assert 2 * report.macs == counter.get_total_flops()


@pytest.mark.parametrize("name", TWINS)
def test_logits(name: str) -> None:
    model, ours = theirs(name), on_meta(name).eval()
    random_weights(model)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # else 70 layers leave nothing of the image
            nn.init.uniform_(module.weight, 1, 2)
    ours.load_state_dict(model.state_dict(), strict=True, assign=True)
    x = torch.randn(1, 3, SIZE, SIZE)
    with torch.no_grad():
        assert torch.equal(ours(x), model(x))
