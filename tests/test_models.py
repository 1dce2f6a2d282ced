"""References to models that were written elsewhere, and what is said of those that are wrong."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from archdsl.diagnostics import ArchError
from archdsl.runtime.models import model

pytestmark = pytest.mark.torch

FILE = """\
from dataclasses import dataclass
from torch import nn
import beside

class Net(nn.Linear):
    def __init__(self, n=2):
        super().__init__(n, 1)

class Sized(nn.Linear):
    def __init__(self, n, *rest, bias=True, **more):
        super().__init__(n, n, bias)

def make():
    return Net(3)

def fails():
    return 1 / 0

@dataclass
class Plain:
    n: "int" = 1

whole = Net(5)
NUMBER = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a file of models, and one that it imports."""
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "nets.py").write_text(FILE)
    (tmp_path / "broken.py").write_text("import torch\n\nx = = 3\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.chdir(tmp_path)
    for name in ("beside", "nets"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("reference", "n"),
    [("nets.py:Net", 2), ("./nets.py:make", 3), ("nets.py:whole", 5), ("nets:Net", 2)],
)
def test_files_and_modules(reference: str, n: int) -> None:
    found = model(reference)
    assert isinstance(found, nn.Linear)
    assert found.in_features == n


def test_a_path_from_elsewhere_imports_what_lies_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    before = [*sys.path]
    assert isinstance(model(f"{folder}/nets.py:Net"), nn.Linear)
    assert sys.path == before


def test_a_model_without_memory() -> None:
    with torch.device("meta"):
        assert next(model("nets.py:Net").parameters()).is_meta


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        (
            "resnet50",
            "error[model]: 'resnet50' names no model\\n  = help: it is written torchvision",
        ),
        ("nets.py:", "error[model]: 'nets.py:' names no model"),
        ("no.py:Net", "error[file]: there is no file no.py"),
        ("nets.py:Nett", "error[unknown]: 'nets.py' has no 'Nett'\\n  = help: did you mean 'Net'?"),
        (
            "nets.py:Sized",
            "error[model]: 'nets.py:Sized' needs arguments: n\\n  = help: write a function",
        ),
        (
            "nets.py:NUMBER",
            "error[model]: 'nets.py:NUMBER' is no class, function or model, but int",
        ),
        (
            "nets.py:Plain",
            "error[model]: 'nets.py:Plain' is no torch.nn.Module and makes none, but Plain",
        ),
        (
            "nets.py:fails",
            "error[model]: 'nets.py:fails' cannot be built: ZeroDivisionError: division",
        ),
        ("broken.py:Net", "error[model]: importing 'broken.py' fails: SyntaxError: invalid syntax"),
        ("leaves.py:Net", "error[model]: importing 'leaves.py' fails: SystemExit: 3"),
        (
            "nowhere.nets:Net",
            "error[model]: importing 'nowhere.nets' fails: ModuleNotFoundError: No",
        ),
        (
            "torchvision:resnt50",
            "error[unknown]: torchvision has no model 'resnt50'\\n  = help: did you",
        ),
        (
            "timm:qqqqqqqqq",
            "error[unknown]: timm has no model 'qqqqqqqqq'\\n  = help: timm lists its",
        ),
    ],
)
def test_wrong_references(reference: str, told: str) -> None:
    with pytest.raises(ArchError) as caught:
        model(reference)
    assert str(caught.value).startswith(told.replace("\\n", "\n"))


def test_the_line_of_an_error_is_named() -> None:
    with pytest.raises(ArchError, match=r"division by zero \(.*nets\.py, line 17\)"):
        model("nets.py:fails")


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_a_library_that_is_not_there(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ArchError, match=f"needs? {library}, which is not installed"):
        model(f"{library}:resnet18")


@pytest.mark.slow
@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_models_of_libraries(library: str) -> None:
    with torch.device("meta"):
        found = model(f"{library}:resnet18")
    assert sum(p.numel() for p in found.parameters()) == 11_689_512


def test_a_file_saved_twice_in_a_second_is_read_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = Path("net.py")
    for n in (2, 3):
        file.write_text(f"from torch import nn\n\ndef make():\n    return nn.Linear({n}, 1)\n")
        os.utime(file, (1_000_000_000, 1_000_000_000))
        assert model("net.py:make").in_features == n
