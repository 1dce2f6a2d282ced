"""`archdsl run`: what each engine makes of a network is what its training code makes in PyTorch."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

import numpy
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file
from torch import Tensor

import archdsl
from archdsl.cli import verbs

pytestmark = pytest.mark.torch
SPEC = """
network net
  input 3x16x16
  stem: conv 3x3/2 8 nobias
  bn
  relu
  [ conv 1x1 8 + identity ] > relu
  maxpool 2x2
  maxpool 2x2
  avgpool global > flatten
  fc: fc 10
"""


def run(line: str) -> Result:
    result = CliRunner().invoke(verbs, ["run", *line.split()])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.fixture
def trained(folder: Path) -> torch.nn.Module:
    """A network in `net.arch`, its weights in `net.pt`, and an input for it in `x.npy`."""
    (folder / "net.arch").write_text(SPEC)
    model = archdsl.load("net.arch").module()
    torch.manual_seed(1)
    model.train()(torch.randn(64, 3, 16, 16))  # which gives the norm statistics of its own
    torch.save(model.state_dict(), "net.pt")
    numpy.save("x.npy", torch.randn(2, 3, 16, 16).numpy())
    return model.eval()


def expected(model: torch.nn.Module, path: str) -> Tensor:
    """What the training code makes of the array of a file."""
    with torch.no_grad():
        made: Tensor = model(torch.from_numpy(numpy.load(path)))
    return made


ENGINES = ["torch", "fused", "torchscript", "onnxruntime", "openvino"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_makes_what_the_training_code_makes(
    engine: str, trained: torch.nn.Module
) -> None:
    if engine in ("onnxruntime", "openvino"):
        pytest.importorskip(engine)
    result = run(f"net.arch x.npy --weights net.pt --engine {engine} -o y.npy")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == "wrote y.npy\n"
    made = torch.from_numpy(numpy.load("y.npy"))
    torch.testing.assert_close(made, expected(trained, "x.npy"), atol=1e-4, rtol=1e-4)


def test_what_is_told(trained: torch.nn.Module) -> None:
    heading, *lines = run("net.arch x.npy --weights net.pt").stdout.splitlines()
    assert heading == "net in torch"
    told = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in lines)
    assert told["weights"] == "net.pt, 10 tensors, matched by key"
    assert (told["input"], told["output"]) == ("2x3x16x16", "2x10")
    assert re.fullmatch(r"[\d.,]+ ms, median of 5", told["then"])
    probabilities = expected(trained, "x.npy").softmax(1)
    for i, row in enumerate(probabilities):
        best = row.argsort(descending=True)[:5]
        assert told[f"classes of {i}"] == ", ".join(f"{k} ({row[k]:.1%})" for k in best.tolist())


def test_probabilities_are_told_as_they_are(folder: Path) -> None:
    Path("net.arch").write_text(SPEC + "  softmax\n")
    run("net.arch -o y.npy")
    (row,) = numpy.load("y.npy")
    assert f"classes of 0  {row.argmax()} ({row.max():.1%})" in run("net.arch").stdout


def test_noise_and_weights_are_always_the_same(folder: Path) -> None:
    Path("net.arch").write_text(SPEC)
    for name in ("a.npy", "b.npy"):
        assert run(f"net.arch --batch 3 --size 20 -o {name}").exit_code == 0
    assert numpy.load("a.npy").shape == (3, 10)
    assert Path("a.npy").read_bytes() == Path("b.npy").read_bytes()


def test_a_sample_may_lack_the_axis_of_the_batch(trained: torch.nn.Module) -> None:
    numpy.save("one.npy", numpy.load("x.npy")[0])
    save_file(trained.state_dict(), "net.safetensors")
    assert run("net.arch one.npy --weights net.safetensors -o y.npy").exit_code == 0
    made = torch.from_numpy(numpy.load("y.npy"))
    torch.testing.assert_close(made, expected(trained, "x.npy")[:1], atol=1e-4, rtol=1e-4)


def test_several_inputs_and_outputs(folder: Path) -> None:
    Path("two.arch").write_text(
        "network two\n  a: input 2x4x4\n  b: input 2x4x4\n"
        "  [ @a + @b ] > relu\n  output map\n  avgpool global > flatten\n"
    )
    for seed, name in enumerate(("a.npy", "b.npy")):
        torch.manual_seed(seed)
        numpy.save(name, torch.randn(2, 4, 4).numpy())
    assert run("two.arch a.npy b.npy -o y.npz").exit_code == 0
    whole = numpy.maximum(numpy.load("a.npy") + numpy.load("b.npy"), 0)
    made = [*numpy.load("y.npz").values()]
    assert sorted(y.shape for y in made) == [(1, 2), (1, 2, 4, 4)]
    for y in made:
        wanted = whole if y.ndim == 4 else whole.mean((1, 2))
        numpy.testing.assert_allclose(y[0], wanted, rtol=1e-6)
    assert "a .npy file holds one array, and these are 2" in run("two.arch -o y.npy").stderr
    assert "two takes 2 inputs, and the files given: 1" in run("two.arch a.npy").stderr


# ---- mistakes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "net.arch wide.npy",
            "error[shape]: wide.npy is 2x4x16x16, and the input 'input' Nx3x16x16",
        ),
        ("net.arch net.pt", "error[file]: net.pt holds no array of numbers"),
        ("net.arch words.npy", "error[file]: words.npy holds no array of numbers"),
        ("net.arch --weights other.pt", "error[weights]: other.pt does not fit net: entry 0"),
        ("net.arch --engine openvino --dtype bfloat16", "error[engine]: the engine 'openvino'"),
        ("net.arch --size 1", "error[model]: torch does not run net on 1x3x1x1 in float32: "),
    ],
)
def test_mistakes_are_told(line: str, message: str, trained: torch.nn.Module) -> None:
    numpy.save("wide.npy", numpy.zeros((2, 4, 16, 16)))
    numpy.save("words.npy", numpy.array(["word"]))
    torch.save({"fc.weight": torch.zeros(10, 8)}, "other.pt")
    result = run(line)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_an_engine_that_is_not_installed(
    engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, engine, None)
    result = run(f"small.arch --engine {engine}")
    assert result.exit_code == 1
    assert f"the engine '{engine}' needs {engine}, which is not installed" in result.stderr
    assert "pip install 'archdsl[engines]'" in result.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("small.arch --engine tensorrt", "'tensorrt' is not one of"),
        ("small.arch small.arch --batch 2", "--batch and --size are about noise"),
        ("small.arch nosuch.npy", "'nosuch.npy' does not exist"),
        ("small.arch -o y.txt", "ends in none of .npy, .npz"),
    ],
)
def test_misuse_is_told(line: str, message: str, folder: Path) -> None:
    result = run(line)
    assert result.exit_code == 2
    assert message in result.stderr
