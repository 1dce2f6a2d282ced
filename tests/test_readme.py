"""What the README shows is what happens."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import archdsl

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    """The fenced blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


COMMANDS = [
    line.partition("#")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith("archdsl ")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(command: str, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    words = [sys.executable, "-m", "archdsl", *shlex.split(command)[1:]]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == ("diff" in words), done.stderr  # which tells that networks differ
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).stat().st_size > 500


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 6


def test_first_spec_is_the_shipped_network() -> None:
    (spec,) = blocks("")[:1]
    shown = archdsl.loads(spec)
    assert shown.network.state() == archdsl.load("resnet34").network.state()
    assert shown.macs == archdsl.load("resnet34").macs


def test_variant_is_the_example() -> None:
    (spec,) = blocks("arch")
    example = archdsl.load(ROOT / "examples" / "seresnet50.arch")
    assert archdsl.loads(spec).network.state() == example.network.state()
    assert example.params == 28_088_024  # Hu et al. (2018): 25.6 M and 2.5 M more


def test_message() -> None:
    spec = """
network broken
  input 64x56x56
  [ conv 3x3/2 128 + identity ]
"""
    with pytest.raises(archdsl.ArchError) as caught:
        archdsl.loads(spec)
    (shown,) = blocks("text")
    assert str(caught.value).strip() == shown.strip()


def test_code_is_what_the_compiler_prints() -> None:
    (shown,) = blocks("py")
    source = archdsl.load("resnet50@torchvision").source
    for line in shown.splitlines():
        assert line in source.splitlines()


def test_the_picture_is_what_is_drawn_now() -> None:
    (picture,) = re.findall(r"!\[.*?\]\((.*?)\)", README)
    shown = (ROOT / picture).read_text(encoding="utf-8")
    drawn = archdsl.load("googlenet").draw("svg", inset=True).decode()
    words = re.compile(r"<text[^>]*>([^<]*)</text>")  # fonts, and places with them, differ
    assert words.findall(shown) == words.findall(drawn)


@pytest.mark.torch
def test_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    namespace: dict[str, object] = {}
    exec(code, namespace)
    assert capsys.readouterr().out.startswith("23,528,522".replace(",", ""))


@pytest.mark.torch
@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.arch")), ids=lambda p: p.stem)
def test_examples_compile_and_run(path: Path) -> None:
    import torch

    network = archdsl.load(path)
    (shape,) = (node.shape for node in network.network.inputs)
    model = network.module().eval()
    with torch.no_grad():
        output = model(torch.zeros(1, *shape))
    assert tuple(output.shape[1:]) == network.report.outputs[0]


@pytest.mark.torch
def test_width_search(capsys: pytest.CaptureFixture[str]) -> None:
    import width_search

    width_search.main()
    assert "width 1.10: 1,099,204 params" in " ".join(capsys.readouterr().out.split())
