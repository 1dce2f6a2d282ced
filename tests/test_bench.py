"""`archdsl bench`: who takes part, whose turn it is, and what is told; how long it takes is not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from torch import nn

from archdsl import pipeline
from archdsl.cli import verbs
from archdsl.documents.timings import ContestDocument
from archdsl.runtime.bench import engines, timing
from archdsl.timings import Contest, Timing

pytestmark = pytest.mark.torch
Run = Callable[..., Result]
SPEC = """\
network net(classes=10)
  input 3x16x16
  stem: conv 3x3 8 nobias > norm: bn > relu
  [ left: conv 1x1 8 > relu | right: conv 1x1 8 > relu ]
  maxpool 2x2 > flatten
  fc: fc classes
"""
# The same network under other names, one that pools otherwise, and one with other layers.
MODELS = """\
import torch
from torch import nn


class Same(nn.Module):
    pool = staticmethod(nn.functional.max_pool2d)

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.b = nn.BatchNorm2d(8)
        self.c = nn.Conv2d(8, 8, 1)
        self.d = nn.Conv2d(8, 8, 1)
        self.e = nn.Linear(1024, 10)

    def forward(self, x):
        x = self.b(self.a(x)).relu()
        x = torch.cat([self.c(x).relu(), self.d(x).relu()], 1)
        return self.e(torch.flatten(self.pool(x, 2), 1))


class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.left = nn.Conv2d(8, 8, 1)
        self.right = nn.Conv2d(8, 8, 1)
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        x = self.norm(self.stem(x)).relu()
        x = torch.cat([self.left(x).relu(), self.right(x).relu()], 1)
        return self.fc(torch.flatten(nn.functional.avg_pool2d(x, 2), 1))


class Other(Same):
    def __init__(self):
        super().__init__()
        self.e = nn.Linear(1024, 12)
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The verb on the small network, in a folder with the other models."""
    (tmp_path / "net.arch").write_text(SPEC)
    (tmp_path / "models.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(verbs, ["bench", "net.arch", "--rounds", "2", *words])

    yield invoke
    sys.modules.pop("archdsl_file_models", None)


def contest(*words: str, run: Run) -> ContestDocument:
    """What the verb tells as a document."""
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return ContestDocument.model_validate_json(result.stdout)


# ---- whose turn it is ------------------------------------------------------------------------


def test_all_run_in_turn_and_the_run_that_wakes_does_not_count() -> None:
    calls: list[str] = []
    ticks = count()
    runs = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    times = timing.in_turn(runs, 3, 0, lambda: calls.append("wait"), lambda: next(ticks))
    assert calls == [x for name in "abbaab" for x in (name, "wait", name, "wait")]
    assert times == {"a": (1, 1, 1), "b": (1, 1, 1)}


def test_rounds_fill_the_time_that_is_given() -> None:
    seconds = [0.0]

    def run() -> None:
        seconds[0] += 1

    def rounds(budget: float) -> int:
        found = timing.in_turn({"a": run}, None, budget, lambda: None, lambda: seconds[0])
        return len(found["a"])

    assert rounds(0) == timing.LEAST
    assert rounds(100) == 51  # a turn takes two seconds, and the last begins within the time


# ---- who takes part --------------------------------------------------------------------------


def test_code_for_inference_is_held_against_that_for_training(run: Run) -> None:
    found = contest(run=run)
    names = ["training code", "training code, channels last", "archdsl", "archdsl, packed"]
    names.append("archdsl, fused")
    assert [each.contestant for each in found.timings] == names
    assert found.setting.startswith("1x3x16x16, float32, cpu with ")
    assert all(each.agrees and each.off is not None for each in found.timings)
    assert all(len(each.times) == 2 and min(each.times) > 0 for each in found.timings)
    assert all(each.first > 0 for each in found.timings)


def test_another_model_is_the_baseline_and_has_the_same_weights(run: Run) -> None:
    found = contest("--against", "models.py:Same", "--batch", "3", "--size", "16", run=run)
    assert found.timings[0].contestant == "models.py:Same"
    assert found.setting.startswith("3x3x16x16")
    assert all(each.agrees and each.off is not None and each.off < 1e-5 for each in found.timings)


def test_outputs_that_differ_are_told(run: Run) -> None:
    found = contest("--against", "models.py:Pooled", run=run)
    assert [each.agrees for each in found.timings] == [True, True, False, False, False]
    table = run("--against", "models.py:Pooled").stdout
    assert table.count("differ: ") == 3


def test_another_architecture_is_timed_and_not_compared(run: Run) -> None:
    found = contest("--against", "models.py:Other", run=run)
    assert [each.off is None for each in found.timings] == [False, False, True, True, True]
    assert run("--against", "models.py:Other").stdout.count("of another network") == 3


def test_training_has_two_works(run: Run) -> None:
    found = contest(
        "--for", "training", "--against", "models.py:Same", "--dtype", "bfloat16", run=run
    )
    assert [(each.work, each.contestant) for each in found.timings] == [
        (work, name)
        for work in ("forward", "forward and backward")
        for name in ("models.py:Same", "archdsl")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["torchscript", "onnxruntime", "openvino"])
def test_other_engines_answer_the_same(run: Run, engine: str) -> None:
    found = contest("--engine", engine, run=run)
    own = [each for each in found.timings if each.contestant == f"archdsl, {engine}"]
    assert [each.off is not None and each.off < 1e-4 for each in own] == [True]
    assert [each.memory is None for each in own] == [engine != "torchscript"]
    assert "openvino_telemetry.main" not in sys.modules  # nobody is told of it


@pytest.mark.slow
def test_torch_compile_finds_nothing_from_earlier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(engines.KEPT, str(tmp_path))
    compile = torch.compile  # whose own backend takes seconds to load
    monkeypatch.setattr(torch, "compile", lambda work: compile(work, backend="eager"))
    folders, compiled = [], []

    def backend(graph: torch.fx.GraphModule, inputs: object) -> Callable[..., object]:
        compiled.append(graph)
        return graph.forward

    def double(x: torch.Tensor) -> torch.Tensor:
        return x + x

    for _ in range(2):
        with engines.compiling_anew(torch.device("cpu")):
            folders.append(Path(os.environ[engines.KEPT]))
            compile(double, backend=backend)(torch.zeros(2))
    assert (len(compiled), len({*folders, tmp_path})) == (2, 3)
    assert not any(folder.exists() for folder in folders)
    assert os.environ[engines.KEPT] == str(tmp_path)


def test_compiled_code_answers_the_same(run: Run) -> None:
    found = contest("--compile", run=run)
    names = [each.contestant for each in found.timings if "compiled" in each.contestant]
    assert names == [
        "training code, compiled",
        "training code, compiled and frozen",
        "archdsl, compiled",
    ]
    assert all(each.off is not None and each.off < 1e-4 for each in found.timings)


# ---- what is measured ------------------------------------------------------------------------


def test_memory_is_that_of_the_tensors_in_use() -> None:
    x = torch.zeros(1000)
    cpu = torch.device("cpu")
    assert timing.peak(lambda: x.add(x).mul(x), cpu) == 2 * x.nbytes
    assert timing.peak(lambda: x.clone().add_(x), cpu) == x.nbytes
    assert timing.peak(lambda: [x.clone() for _ in range(5)], cpu) == 5 * x.nbytes


def test_memory_of_training_has_the_gradients(run: Run) -> None:
    found = contest("--for", "training", run=run)
    forward, step = (each.memory for each in found.timings)
    model = nn.Linear(1024, 10)
    assert forward is not None
    assert step is not None
    assert step > forward + sum(p.nbytes for p in model.parameters())


# ---- what is told ----------------------------------------------------------------------------


def example() -> Contest:
    """A contest with times that can be checked by head."""
    timings = (
        Timing("inference", "other", (0.008, 0.010, 0.012), 1.5, 2_000_000, 0.0),
        Timing("inference", "archdsl", (0.005, 0.004, 0.007), 0.25, None, 2e-7),
        Timing("inference", "packed", (0.002,), 0.5, 512, 0.3),
    )
    return Contest("net", "1x3x8x8, float32, cpu with 1 thread", timings, 1e-3)


def test_the_table_tells_medians_quartiles_and_ratios() -> None:
    assert pipeline.timings(example()).splitlines() == [
        "net: 1x3x8x8, float32, cpu with 1 thread",
        "",
        "inference, medians of 3 rounds",
        "contestant      ms       quartiles   speed-up   first result   memory           outputs",
        "───────────────────────────────────────────────────────────────────────────────────────",
        "other        10.00   9.00 to 11.00      1.00x         1.50 s   2.0 MB",
        "archdsl       5.00    4.50 to 6.00      2.00x         0.25 s                  2e-07 off",
        "packed        2.00    2.00 to 2.00      5.00x         0.50 s    512 B   differ: 0.3 off",
    ]


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_the_plot_is_the_same_each_time(form: str) -> None:
    drawn = pipeline.plot_timings(example(), form)
    assert drawn == pipeline.plot_timings(example(), form)
    if form == "svg":
        text = drawn.decode()
        assert all(word in text for word in ("packed", "5.00x", "inference, ms", "1x3x8x8"))


def test_a_plot_is_written_beside_the_table(run: Run) -> None:
    result = run("-o", "times.svg")
    assert Path("times.svg").read_bytes().startswith(b"<?xml")
    assert "inference, medians of 2 rounds" in result.stdout
    assert result.stderr == "wrote times.svg\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--engine", "tensorrt"], 2, "'tensorrt' is not one of"),
        (["--engine", "openvino", "--for", "training"], 2, "--engine is about '--for inference'."),
        (["-o", "times.gif"], 2, "ends in none of .svg, .png, .pdf"),
        (["--engine", "openvino", "--dtype", "bfloat16"], 1, "is run on a CPU and in float32"),
        (["--device", "cuda:7"], 1, "there is no device 'cuda:7' here"),
        (["--against", "torchvision"], 1, "torchvision has no model 'net'"),
        (["--against", "models.py:Nets"], 1, "'models.py' has no 'Nets'"),
        (["--size", "9"], 1, "training code does not run: "),
    ],
)
def test_mistakes_are_told(run: Run, words: list[str], code: int, message: str) -> None:
    result = run(*words)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_an_engine_that_is_missing_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    result = run("--engine", "openvino")
    assert result.exit_code == 1
    assert "the engine 'openvino' needs openvino, which is not installed" in result.stderr
    assert "pip install 'archdsl[engines]'" in result.stderr


def test_all_engines_can_be_asked_for() -> None:
    from archdsl.cli.bench import ENGINES

    assert set(ENGINES) == engines.ENGINES.keys()
