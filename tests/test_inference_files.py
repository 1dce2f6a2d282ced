"""What stands beside the network in a file for inference: weights, CUDA graphs, batches, `main`."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from sources import inference, source
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from archdsl.naming import function_name
from archdsl.pipeline import compile, compile_inference, declared_in
from archdsl.runtime.module import imported

pytestmark = pytest.mark.torch

SMALL = """\
network small
  input 3x16x16
  first: conv 3x3 8 > norm: bn > relu
  conv 1x1 8 > lrn 5
  avgpool global > flatten > fc 10
"""


def trained() -> nn.Module:
    model: nn.Module = imported(compile(declared_in(SMALL)), "small").small()
    return model.eval()


@pytest.fixture
def file() -> ModuleType:
    return imported(compile_inference(declared_in(SMALL)), "small")


# ---- weights -------------------------------------------------------------------------------


def test_weights_are_converted_into_storages_of_their_own(file: ModuleType) -> None:
    given = trained().state_dict()
    state = torch.get_rng_state()
    model = file.from_trained(given)
    assert torch.equal(torch.get_rng_state(), state), "weights were drawn that nobody needs"
    shared = {tensor.data_ptr() for tensor in given.values()}
    assert not shared & {tensor.data_ptr() for tensor in model.state_dict().values()}
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    weights = [tensor for tensor in model.parameters() if tensor.ndim == 4]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


def test_weights_may_be_parameters_and_lie_elsewhere(file: ModuleType) -> None:
    class Elsewhere:
        """A tensor on another device, which has to be brought here."""

        def __init__(self, tensor: Tensor) -> None:
            self.tensor = tensor

        def detach(self) -> Elsewhere:
            return self

        def cpu(self) -> Tensor:
            return self.tensor.detach()

    given = trained()
    found = file.from_trained(given.state_dict())
    far = {key: Elsewhere(tensor) for key, tensor in given.state_dict().items()}
    for state in (given.state_dict(keep_vars=True), far):
        again = file.from_trained(state).state_dict()
        assert all(torch.equal(tensor, again[key]) for key, tensor in found.state_dict().items())


def test_weights_of_another_type_are_rounded_once(file: ModuleType) -> None:
    given = trained().bfloat16().state_dict()
    found = file.from_trained(given).state_dict()
    wide = {key: tensor.double() for key, tensor in given.items()}
    deviation = (wide["norm.running_var"] + 1e-5).sqrt()
    exact = wide["first.weight"] * (wide["norm.weight"] / deviation).view(-1, 1, 1, 1)
    torch.testing.assert_close(found["first.weight"], exact.float(), rtol=3e-7, atol=0)


def test_networks_on_devices_of_their_own_stay_there() -> None:
    name = "alexnet@two_gpus"
    model = getattr(imported(source(name), "a"), function_name(name))(devices=["meta", "meta"])
    made = imported(inference(name), "b").from_trained(model.state_dict(), devices=["meta", "meta"])
    assert {str(tensor.device) for tensor in made.state_dict().values()} == {"meta"}


# ---- on a GPU, with stand-ins --------------------------------------------------------------


class Graph(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A CUDA graph on the CPU: replays what ran while it was on, into the same tensors."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.launched: list[tuple[Any, ...]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        self.launched.append((func, args, kwargs or {}, found))
        return found

    def replay(self) -> None:
        for func, args, kwargs, found in self.launched:
            again = func(*args, **kwargs)
            for old, new in zip(several(found), several(again), strict=True):
                if old.data_ptr() != new.data_ptr():  # no view, and not in place
                    old.copy_(new)


def several(found: Any) -> tuple[Tensor, ...]:
    return (found,) if isinstance(found, Tensor) else tuple(found)


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Streams that do nothing, and what was asked of them."""
    asked: list[str] = []

    def stream(name: str) -> SimpleNamespace:
        return SimpleNamespace(wait_stream=lambda other: asked.append(f"{name} waits"))

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: stream("side"))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: stream("reader"))
    monkeypatch.setattr(torch.cuda, "stream", nullcontext)
    return asked


@pytest.mark.usefixtures("streams")
def test_a_graph_computes_what_the_model_does(
    file: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def capture(graph: Graph, stream: object) -> AbstractContextManager[Any]:
        return graph

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", capture)
    model = file.from_trained(trained().state_dict())
    first, second = torch.randn(2, 3, 16, 16), torch.randn(2, 3, 16, 16)
    given = first.clone()
    with torch.no_grad():
        run = file.graphed(model, first)
        output = run(second)
        torch.testing.assert_close(output, model(second))
        assert run(first) is output
        torch.testing.assert_close(output, model(first))
        with pytest.raises(ValueError, match=r"captured for \(2, 3, 16, 16\), and not \(1, "):
            run(first[:1])  # which would be spread over the batch
    assert torch.equal(first, given), "inputs are the caller's"
    kept = weakref.ref(model)
    del model
    gc.collect()
    assert kept() is not None, "a graph reads weights, and does not keep them"


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.bfloat16])
def test_packing_leaves_types_alone_that_the_processor_lacks(dtype: torch.dtype) -> None:
    text = (
        "network plain\n  input 3x16x16\n  conv 3x3 8 > relu > [ conv 3x3 8 + identity ] > relu\n"
    )
    file = imported(compile_inference(declared_in(text)), "plain")
    x = torch.randn(2, 3, 16, 16, dtype=dtype)
    with torch.inference_mode():
        model = file.plain().to(dtype)
        expected = model(x)
        file.pack(model)
        torch.testing.assert_close(model(x), expected, atol=0.05, rtol=0.05)


def test_the_next_batch_is_copied_before_one_is_used(file: ModuleType, streams: list[str]) -> None:
    def batch(name: str) -> list[Any]:
        kept = SimpleNamespace(record_stream=lambda reader: streams.append(f"keep {name}"))

        def to(device: str, *, non_blocking: bool) -> SimpleNamespace:
            assert (device, non_blocking) == ("cuda", True)
            streams.append(f"copy {name}")
            return kept

        return [SimpleNamespace(to=to)]

    for _ in file.prefetched(map(batch, "abc"), "cuda"):
        streams.append("use")
    assert streams == [
        *["copy a", "reader waits", "keep a"],
        *["copy b", "use", "reader waits", "keep b"],
        *["copy c", "use", "reader waits", "keep c"],
        "use",
    ]
    assert [*file.prefetched([], "cuda")] == []


# ---- on a CPU ------------------------------------------------------------------------------

KEEPS = """
import sys
import torch
sys.path.insert(0, sys.argv[1])
import small

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def left():
    before = resident()
    torch.ones(40 * 2**20, dtype=torch.uint8)
    return resident() - before

torch.ones(2)
print(left() < 2**24)
small.keep_memory()
rounds = [left() for _ in range(20)]  # blocks that are aligned come to fit after a few
print(max(rounds) > 2**25)
print(rounds[-1] < 2**24)
"""


def test_memory_of_large_maps_is_kept_and_used_again(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(compile_inference(declared_in(SMALL)))
    words = [sys.executable, "-c", KEEPS, str(tmp_path)]
    found = subprocess.run(words, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True"] * 3


# ---- main ----------------------------------------------------------------------------------

Main = Callable[..., str]


@pytest.fixture
def main(
    file: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Main:
    """Runs the file with some words, and returns what it prints."""

    def run(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["small.py", "--device", "cpu", "--batch", "2", *words])
        file.main()
        return capsys.readouterr().out

    return run


# PyTorch has no kernel of LRN for the short types on a CPU.
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_main_converts_to_a_type(dtype: str, main: Main) -> None:
    assert f"output (2, 10), cpu, torch.{dtype}\n" in main("--dtype", dtype)


def test_weights_are_constants_to_the_compiler(main: Main, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    monkeypatch.setattr(config, "freezing", False)
    frozen: list[bool] = []

    def compiled(model: nn.Module) -> nn.Module:
        frozen.append(config.freezing)
        return model

    monkeypatch.setattr(torch, "compile", compiled)
    main("--compile")
    assert frozen == [True]


def test_packing_is_for_a_cpu(main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main("--pack", "--device", "cuda")
    assert "error: --pack lays out weights for a CPU" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main("--pack", "--compile")
    assert "--compile: not allowed with argument --pack" in capsys.readouterr().err


def test_layers_are_joined_for_a_cpu(main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    assert "output (2, 10), cpu" in main("--fuse")
    for others in (["--device", "cuda"], ["--dtype", "bfloat16"]):
        with pytest.raises(SystemExit):
            main("--fuse", *others)
        assert "error: --fuse joins layers for a CPU, in float32" in capsys.readouterr().err
    for other in ("--pack", "--compile"):
        with pytest.raises(SystemExit):
            main("--fuse", other)
        assert f"{other}: not allowed with argument --fuse" in capsys.readouterr().err
