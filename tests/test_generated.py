"""The generated modules of every shipped network: against the prediction, and as they run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from sources import NAMES, graph, source
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode
from twins import META, factory, on_meta, several, state

from archdsl.measure import measure
from archdsl.naming import function_name
from archdsl.pipeline import network

pytestmark = pytest.mark.torch


def inputs(name: str, batch: int = 1, device: Any = META, size: int | None = None) -> list[Tensor]:
    shapes = [node.shape for node in graph(name).inputs]
    if size is not None:
        shapes = [type(shape)((shape.channels, *[size] * shape.rank)) for shape in shapes]
    return [torch.randn(batch, *shape, device=device) for shape in shapes]


@pytest.mark.parametrize("name", NAMES)
def test_modules_are_what_was_predicted(name: str) -> None:
    model, expected = on_meta(name), graph(name)
    report = measure(expected)
    assert list(state(model).items()) == list(expected.state().items())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trained == report.params_with_heads
    for training, macs in ((False, report.macs), (True, report.macs_with_heads)):
        model.train(training)
        with FlopCounterMode(display=False) as counter:
            found = several(model(*inputs(name, 2)))
        outputs = [*expected.outputs, *(expected.heads[::-1] if training else ())]
        shapes = [(2, *expected.nodes[output.node].shape) for output in outputs]
        assert [tuple(tensor.shape) for tensor in found] == shapes
        assert counter.get_total_flops() == 2 * 2 * macs


@pytest.mark.parametrize("name", NAMES)
def test_the_shape_of_every_layer(name: str) -> None:
    model, shapes = on_meta(name), {n.path: n.shape for n in graph(name).nodes}
    seen: dict[str, list[tuple[int, ...]]] = {}
    for path, module in model.named_modules():
        if path in shapes:
            module.register_forward_hook(
                lambda _module, _inputs, out, path=path: seen.setdefault(path, []).append(
                    tuple(out.shape[1:])
                )
            )
    model(*inputs(name, 2))
    weighty = {n.path for n in graph(name).nodes if n.applied.tensors and not n.bears_label}
    assert weighty <= set(seen)
    for path, found in seen.items():
        if len(found) == 1:  # a module that several items share has several
            assert found == [shapes[path].laid_out]


@pytest.mark.parametrize(
    "name", [name for name in NAMES if any(p.name == "classes" for p in graph(name).params)]
)
def test_other_classes(name: str) -> None:
    model = on_meta(name, classes=7)
    assert state(model) == network(name, {"classes": 7}).state()


# ---- weights ---------------------------------------------------------------------------------


def built(name: str) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = factory(name)()
    return model


def assert_normal(weight: Tensor, std: float) -> None:
    assert float(weight.detach().std()) == pytest.approx(std, rel=0.05)
    assert abs(float(weight.detach().mean())) < 4 * std / weight.numel() ** 0.5 + 1e-6


@pytest.mark.slow
def test_weights_of_alexnet() -> None:
    model = built("alexnet")
    ones = {"conv2", "conv4", "conv5", "fc6", "fc7"}
    for path, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            assert_normal(module.weight, 0.01)
            assert module.bias is not None
            assert set(module.bias.tolist()) == {float(path in ones)}


def test_weights_of_googlenet_and_efficientnet() -> None:
    for module in built("googlenet").modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            assert module.bias is not None
            assert module.bias.tolist() == pytest.approx([0.2] * len(module.bias))
    model = built("googlenet@torchvision")
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 20_000:
            assert_normal(module.weight, 0.01)
            assert float(module.weight.detach().abs().max()) < 2.0
    for module in built("efficientnet_lite0").modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 20_000:
            fan_out = module.out_channels * module.weight[0, 0].numel()  # as PyTorch counts it
            assert_normal(module.weight, (2 / fan_out) ** 0.5)


# ---- other ways to run -----------------------------------------------------------------------

FAMILIES = [
    "lenet5",
    "lenet5@modern",
    "mnist_cnn",
    "alexnet@two_gpus",
    "zfnet",
    "vgg11_lrn",
    "googlenet",
    "efficientnet_lite0",
    "resnet18",
    "resnet18@a",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_compiled_and_exported(name: str) -> None:
    model, x = built(name).eval(), inputs(name, 2, "cpu")
    with torch.no_grad():
        expected = several(model(*x))
        compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
        exported = torch.export.export(model, tuple(x)).module()
        for run in (compiled, exported):
            for a, b in zip(several(run(*x)), expected, strict=True):
                torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_exported_to_onnx(name: str) -> None:
    import onnx

    model, x = built(name).eval(), inputs(name, 1, "cpu")
    program = torch.onnx.export(model, tuple(x), dynamo=True, verbose=False)
    assert program is not None
    proto = program.model_proto
    found = [[d.dim_value for d in o.type.tensor_type.shape.dim] for o in proto.graph.output]
    assert found == [[1, *graph(name).nodes[o.node].shape] for o in graph(name).outputs]
    if sum(p.numel() for p in model.parameters()) < 1e6:  # NumPy takes its time
        from onnx.reference import ReferenceEvaluator

        runner = ReferenceEvaluator(proto)
        feed = {i.name: t.numpy() for i, t in zip(proto.graph.input, x, strict=True)}
        with torch.no_grad():
            expected = several(model(*x))
        for a, b in zip(runner.run(None, feed), expected, strict=True):
            torch.testing.assert_close(torch.from_numpy(a), b, rtol=1e-3, atol=1e-4)
    assert onnx.__version__


class Moves(TorchFunctionMode):
    """Notes the devices that tensors are moved to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is Tensor.to and isinstance(args[1], torch.device):
            self.found.append(str(args[1]))
        return func(*args, **(kwargs or {}))


@pytest.mark.slow
def test_parts_stand_on_their_devices() -> None:
    model = factory("alexnet@two_gpus")(devices=["cpu", META])
    for path, parameter in model.named_parameters():
        assert str(parameter.device) == ("meta" if path.startswith("gpu1") else "cpu")


@pytest.mark.slow
def test_tensors_move_between_devices() -> None:
    names = [torch.device("cpu"), torch.device("cpu:0")]
    model = factory("alexnet@two_gpus")(devices=names).eval()
    with torch.no_grad(), Moves() as moves:
        model(torch.randn(1, 3, 227, 227))
    # The image to both; then to and fro at conv3, fc6, fc7, and back for fc8.
    assert moves.found == ["cpu", *["cpu:0", "cpu"] * 4]


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--compile"], ["--dtype", "bfloat16"]])
def test_runs_by_itself(options: list[str], tmp_path: Path) -> None:
    if "--compile" in options and not any(
        os.access(f"{path}/{cc}", os.X_OK)
        for path in os.environ["PATH"].split(":")
        for cc in ("g++", "c++", "clang++")
    ):
        pytest.skip("torch.compile needs a C++ compiler")
    for name in ("lenet5", "googlenet") if not options else ("lenet5@modern",):
        path = tmp_path / f"{function_name(name)}.py"
        path.write_text(source(name))
        found = subprocess.run(
            [sys.executable, str(path), "--batch", "1", *options],
            capture_output=True,
            text=True,
        )
        assert found.returncode == 0, found.stderr[-3000:]
        report = measure(graph(name))
        first, second = found.stdout.strip().splitlines()
        shape = tuple(graph(name).nodes[graph(name).outputs[0].node].shape)
        assert first.startswith(f"{report.params_with_heads:,} parameters, output {(1, *shape)}")
        assert options[1:] == [] or options[1] in first
        assert re.fullmatch(r"[\d,.]+ images/s, peak memory [\d,]+ MiB", second)
