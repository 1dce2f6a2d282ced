"""What only a GPU can show; run with `pytest -m gpu` where there is one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from sources import inference, source

import archdsl
from archdsl.cli import verbs
from archdsl.documents.timings import ContestDocument
from archdsl.runtime.module import imported

pytestmark = [pytest.mark.torch, pytest.mark.gpu]


@pytest.mark.parametrize("options", [[], ["--compile"], ["--dtype", "float16"]])
def test_a_file_takes_the_gpu_by_itself(options: list[str], tmp_path: Path) -> None:
    path = tmp_path / "resnet18.py"
    path.write_text(source("resnet18"))
    words = [sys.executable, str(path), "--batch", "4", *options]
    check_run(words)


@pytest.mark.parametrize("options", [[], ["--no-graph"], ["--compile"], ["--dtype", "float32"]])
def test_so_does_a_file_for_inference(options: list[str], tmp_path: Path) -> None:
    path = tmp_path / "resnet18.py"
    path.write_text(inference("resnet18"))
    check_run([sys.executable, str(path), "--batch", "4", *options])


def check_run(words: list[str]) -> None:
    found = subprocess.run(words, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr[-3000:]
    assert re.search(r"output \(4, 1000\), cuda", found.stdout)
    assert "peak memory" in found.stdout


def test_a_graph_of_prefetched_batches_gives_the_logits_of_the_model() -> None:
    file = imported(inference("resnet18"), "resnet18")
    trained = archdsl.load("resnet18").module()
    model = file.from_trained(trained.state_dict()).to("cuda")
    batches = [[torch.randn(2, 3, 224, 224).pin_memory()] for _ in range(4)]
    with torch.inference_mode():
        run = file.graphed(model, batches[0][0].to("cuda"))
        for (here,), (there,) in zip(
            batches, file.prefetched(batches, torch.device("cuda")), strict=True
        ):
            torch.testing.assert_close(run(there), model(here.to("cuda")), rtol=1e-3, atol=1e-3)


def test_the_gpu_gives_the_logits_of_the_cpu() -> None:
    model = archdsl.load("googlenet").module().eval()
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        here = model(x)
        there = model.to("cuda")(x.to("cuda")).cpu()
    torch.testing.assert_close(there, here, rtol=1e-3, atol=1e-3)


def test_two_towers_on_two_gpus() -> None:
    assert torch.cuda.device_count() >= 2, "this needs two GPUs"
    model = archdsl.load("alexnet@two_gpus").module().eval()
    devices = {str(parameter.device) for parameter in model.parameters()}
    assert devices == {"cuda:0", "cuda:1"}
    with torch.no_grad():
        assert model(torch.randn(2, 3, 227, 227)).shape == (2, 1000)


@pytest.mark.parametrize("words", [[], ["--dtype", "float16", "--compile"]])
def test_contestants_agree_on_the_gpu(words: list[str]) -> None:
    words = ["bench", "resnet18", "--against", "torchvision", "--rounds", "2", "--json", *words]
    result = CliRunner().invoke(verbs, words)
    found = ContestDocument.model_validate_json(result.stdout)
    assert "archdsl, CUDA graph" in [each.contestant for each in found.timings]
    assert all(each.agrees and each.memory is not None for each in found.timings)
