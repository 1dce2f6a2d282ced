"""The generated code of every shipped network as text: short, clean, typed, always the same."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from families import NETWORKS
from sources import NAMES, graph, inference, source

from archdsl.naming import function_name
from archdsl.pipeline import compile, compile_inference, declared, declared_in
from archdsl.pytext import WIDTH

HERE = Path(__file__).parent
GOLDEN = [
    "lenet5",
    "alexnet@two_gpus",
    "vgg11",
    "googlenet",
    "efficientnet_lite0",
    "resnet50@torchvision",
]
# Rewritten for inference: with each of the converters of weights.
REWRITTEN = ["alexnet", "vgg11", "googlenet@torchvision", "resnet50", "efficientnet_lite0"]
MERGED = """\
network merged(classes=10)
  input 8x9x9
  bn eps=1e-3 > convt 2x2/2 6 nobias groups=2 > bn > scale > scale fixed=0.5
  conv 1x1 12 > conv 1x1 4 > relu > bn > conv 3x3 8 valid
  [ conv 1x1 4 > relu | conv 1x1 5 > relu > dwconv 3x3 ]
  avgpool global > flatten > fc classes
"""
# What a strict project selects; ANN, D and PL need a word each.
RUFF = "A,ANN,ARG,B,C4,COM818,D,E,F,FA,FBT003,I,ICN,N,PERF,PIE,PL,PT,PYI,RET,RUF,SIM,TC,TRY,UP,W"
RUFF_IGNORE = ",".join(
    [
        "ANN401",
        "D100,D101,D102,D103,D105,D107",  # a class may speak for itself
        "D203,D213",  # the other convention of two
        "D205,D400,D415",  # a first line of shapes
        "N801",  # where digits meet they are kept apart, `SqueezeNet1_0`
        "PLC0415",  # an import that only POSIX has
        "PLR0913,PLR0917,PLR2004",  # constructors of layers have many numbers
        "RET504",  # `x = ...; return x` tells mypy the type
    ]
)
CLASSES = {
    "googlenet": ["BasicConv", "Inception", "InceptionAux", "GoogLeNet"],
    "resnet50": ["BottleneckV1", "ResNet50"],
    "resnet50@torchvision": ["Bottleneck", "ResNet50"],
    "resnet18": ["Basic", "ResNet18"],
    "efficientnet_lite0": ["StochasticDepth", "InvertedResidual", "EfficientNetLite0"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of all networks."""
    made = tmp_path_factory.mktemp("generated")
    for name in NAMES:
        (made / f"{function_name(name)}.py").write_text(source(name))
    for name in REWRITTEN:
        (made / f"{function_name(name)}_inference.py").write_text(inference(name))
    (made / "merged.py").write_text(compile_inference(declared_in(MERGED)))
    return made


def tool(*arguments: str, folder: Path) -> None:
    """A tool finds nothing to say about a folder."""
    found = subprocess.run(
        [sys.executable, "-m", *arguments, "."], cwd=folder, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout[-4000:] + found.stderr[-2000:]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_spec_gives_the_same_bytes(name: str) -> None:
    assert compile(declared(name)) == source(name)


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_short_and_imports_few(name: str) -> None:
    assert max(map(len, source(name).splitlines())) <= WIDTH
    roots = set()
    for node in ast.walk(ast.parse(source(name))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add(str(node.module).partition(".")[0])
    assert roots <= {"torch", *sys.stdlib_module_names}


def test_formatted_and_clean(folder: Path) -> None:
    tool("ruff", "format", "--check", "--isolated", "--target-version", "py311", folder=folder)
    options = ["--isolated", "--target-version", "py311", "--select", RUFF]
    tool("ruff", "check", *options, "--ignore", RUFF_IGNORE, folder=folder)


@pytest.mark.torch
@pytest.mark.slow
def test_strictly_typed(folder: Path) -> None:
    tool("mypy", "--strict", folder=folder)


def count(name: str) -> int:
    return source(name).count("\n")


def test_short() -> None:
    assert count("googlenet") < 160
    assert count("resnet152") < 150
    assert abs(count("resnet152") - count("resnet50")) <= 15
    assert count("resnet152@torchvision") < 150


@pytest.mark.parametrize("name", CLASSES)
def test_one_class_for_all_uses(name: str) -> None:
    found = re.findall(r"^class (\w+)\(nn\.Module\)", source(name), re.MULTILINE)
    assert found == CLASSES[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_factory_bears_the_networks_name_and_parameters(name: str) -> None:
    tree = ast.parse(source(name))
    (factory,) = (
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == function_name(name)
    )
    parameters = [argument.arg for argument in factory.args.args]
    declared_names = [binding.name for binding in graph(name).params]
    assert ("classes" in parameters) == ("classes" in declared_names)
    assert set(parameters) <= {*declared_names, "devices"}
    assert len(factory.args.defaults) == len(parameters)


@pytest.mark.parametrize("name", GOLDEN)
def test_reads_as_it_should(name: str, expect: Callable[[Path, str], None]) -> None:
    expect(HERE / "golden" / f"{function_name(name)}.py", source(name))


@pytest.mark.parametrize("name", ["googlenet@torchvision", "resnet50"])
def test_reads_as_it_should_for_inference(name: str, expect: Callable[[Path, str], None]) -> None:
    expect(HERE / "golden" / f"{function_name(name)}_inference.py", inference(name))
