"""Shipped networks rewritten for inference: their generated code against the training code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod
from types import ModuleType
from typing import Any

import pytest
import torch
from families import FAST
from sources import graph, inference, source
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from archdsl.naming import function_name
from archdsl.pipeline import compile_inference, declared_in
from archdsl.runtime.module import imported

pytestmark = [pytest.mark.torch, pytest.mark.slow]
OTHERS = """
    googlenet@torchvision resnet50@torchvision preact_resnet164 seresnet50 densenet40_k12
    inception_v3 inception_resnet_v2 xception mobilenet_v3_small efficientnet_b0 shufflenet_v1_g3
    regnet_y_400mf convnext_tiny unet
""".split()
SMALL = 32  # pixels, where a network takes them
NO_KERNELS = set("view slice t detach alias transpose as_strided as_strided_ empty".split())


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are made by the tests: what modules would draw takes most of the time."""
    for name in dir(nn.init):
        if name.endswith("_") and not name.startswith("_"):
            monkeypatch.setattr(nn.init, name, lambda tensor, *_, **__: tensor)


def module(name: str, text: str) -> ModuleType:
    return imported(text, function_name(name))


def trained(name: str) -> nn.Module:
    """The training module with weights and statistics that keep values within bounds."""
    torch.manual_seed(1)
    model: nn.Module = getattr(module(name, source(name)), function_name(name))()
    for key, tensor in model.state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif tensor.ndim > 1 and "codes" not in key:
            tensor.normal_(0, (2 / prod(tensor.shape[1:])) ** 0.5)
        elif tensor.is_floating_point() and "codes" not in key:
            tensor.normal_(1 if key.endswith("weight") else 0, 0.1)
    return model.eval()


def outputs(found: Any) -> tuple[Tensor, ...]:
    return (found,) if isinstance(found, Tensor) else tuple(found)


def tried(name: str, model: nn.Module) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Small inputs where a network takes them, else its own; and what it makes of them."""
    shapes = [node.shape for node in graph(name).inputs]
    small = [torch.randn(1, shape[0], *[SMALL] * shape.rank) for shape in shapes]
    with torch.inference_mode():
        try:
            return small, outputs(model(*small))
        except RuntimeError:
            own = [torch.randn(1, *shape) for shape in shapes]
            return own, outputs(model(*own))


@pytest.fixture
def doubles() -> Iterator[None]:
    """Rounding to float32 grows beyond any bound in deep networks of random weights."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("doubles")
@pytest.mark.parametrize("name", [*FAST, *OTHERS])
def test_outputs_are_those_of_the_training_module(name: str) -> None:
    model = trained(name)
    inputs, expected = tried(name, model)
    rewritten = module(name, inference(name)).from_trained(model.state_dict())
    with torch.inference_mode():
        found = outputs(rewritten(*inputs))
    assert len(found) == len(expected)
    for tensor, wanted in zip(found, expected, strict=True):
        close = 1e-4 * float(wanted.abs().max())
        torch.testing.assert_close(tensor, wanted, rtol=1e-3, atol=close)


class Kernels(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what PyTorch is asked to compute."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        self.counts[name] += name not in NO_KERNELS
        return func(*args, **(kwargs or {}))


def kernels(model: nn.Module, inputs: list[Tensor]) -> Counter[str]:
    """What a model asks PyTorch to compute, by the names of kernels."""
    found = Kernels()
    with torch.no_grad(), found:
        model(*inputs)
    return found.counts


def test_kernels_of_googlenet_before_and_after() -> None:
    model = trained("googlenet@torchvision")
    rewritten = module("googlenet", inference("googlenet@torchvision")).from_trained(
        model.state_dict()
    )
    inputs = [torch.randn(1, 3, SMALL, SMALL)]
    before, after = kernels(model, inputs), kernels(rewritten, inputs)
    assert before - after == {"native_batch_norm": 57, "convolution": 18, "relu_": 18}
    assert after - before == {}


# Activations of each kind and shortcuts; 1x1 maps, whose convolutions stay as they are.
@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("efficientnet_lite0", "stage1.project"),
        ("mobilenet_v3_small", "features.1.block.0"),
        ("resnet18", "layer1.0.conv2"),
        ("efficientnet_b0", "features.1.0.block.2"),
    ],
)
def test_packing_keeps_the_outputs_of_any_size_and_the_count(name: str, packed: str) -> None:
    made = module(name, inference(name))
    model = made.from_trained(trained(name).state_dict())
    inputs = [torch.randn(1, 3, size, size) for size in (SMALL, 2 * SMALL)]
    count = sum(parameter.numel() for parameter in model.parameters())
    with torch.inference_mode():
        expected = [model(x) for x in inputs]
    made.pack(model)
    with torch.inference_mode():
        for x, wanted in zip([inputs[0], *inputs], [expected[0], *expected], strict=True):
            close = 1e-4 * float(wanted.abs().max())
            torch.testing.assert_close(model(x), wanted, rtol=1e-4, atol=close)
    assert type(model.get_submodule(packed)).__name__ == "PackedConv2d"
    assert sum(parameter.numel() for parameter in model.parameters()) == count
    assert not any(part._forward_pre_hooks for part in model.modules())


# Concatenations of pools and of convolutions, gates, shuffles, norms ahead, skips by upsampling.
@pytest.mark.parametrize(
    "name",
    """googlenet@torchvision densenet40_k12 mobilenet_v3_small shufflenet_v2_x0_5 preact_resnet164
    unet convnext_tiny squeezenet1_1""".split(),
)
def test_joined_layers_compute_the_same(name: str) -> None:
    made = module(name, inference(name))
    model = made.from_trained(trained(name).state_dict())
    (node,) = graph(name).inputs
    sizes = [dim if name == "unet" else 2 * SMALL for dim in node.shape.spatial]
    inputs = [torch.randn(batch, node.shape.channels, *sizes) for batch in (1, 2)]
    run = made.fused(model, inputs[0])
    assert not torch.jit.onednn_fusion_enabled()  # type: ignore[no-untyped-call]
    for x in (inputs[0], *inputs):
        with torch.inference_mode():
            wanted, found = model(x), run(x)
        close = 1e-4 * float(wanted.abs().max())
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=close)
    run(inputs[0])
    assert "oneDNNFusionGroup" in str(torch._C._last_executed_optimized_graph())


def test_joined_layers_return_what_the_model_does() -> None:
    text = "network net\n  input 3x16x16\n  conv 3x3 8 > relu > output mask\n  conv 1x1 2\n"
    made = module("net", compile_inference(declared_in(text)))
    torch.manual_seed(0)
    model, x = made.net(), torch.randn(1, 3, 16, 16)
    for parameter in model.parameters():
        parameter.normal_(0, 0.2)
    wanted, found = model(x), made.fused(model, x)(x)
    assert type(found) is type(wanted)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_packed_in_bfloat16_behind_a_layer_that_answers_in_float32() -> None:
    text = "network net\n  input 3x16x16\n  conv 3x3 8 > relu > lrn 5 > conv 3x3 8 > relu\n"
    made = module("net", compile_inference(declared_in(text)))
    torch.manual_seed(0)
    model, x = made.net(), torch.randn(2, 3, 16, 16)
    for parameter in model.parameters():
        parameter.normal_(0, 0.2)
    expected = model(x)
    model, x = model.to(torch.bfloat16), x.to(torch.bfloat16)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        made.pack(model)
        for _ in range(2):  # the first call lays out
            found = model(x)
    assert type(model.conv).__name__ == "PackedConv2d"
    torch.testing.assert_close(found.float(), expected, rtol=0.05, atol=0.05)


def test_a_scale_that_only_moves_keeps_its_weights() -> None:
    text = """\
network moves
  input 4x8x8
  z: (relu > dropout 0.1 > scale 0.5 bias > prelu)
"""
    declared = declared_in(text)
    state = {"z.2.weight": torch.randn(4, 1, 1), "z.2.bias": torch.randn(4, 1, 1)}
    state["z.3.weight"] = torch.randn(4)
    made = module("moves", compile_inference(declared)).from_trained(state).state_dict()
    assert {key: made[key].tolist() for key in made} == {
        "z.1.weight": state["z.2.weight"].tolist(),
        "z.1.bias": state["z.2.bias"].tolist(),
        "z.2.weight": state["z.3.weight"].tolist(),
    }
