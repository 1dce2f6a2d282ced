"""docs/inference.md shows what its command prints, and names every pass."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT

from archdsl.cli import verbs
from archdsl.passes import PASSES

PAGE = (ROOT / "docs" / "inference.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """The fenced block of a kind."""
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


def test_the_command_prints_what_is_shown(folder: Path) -> None:
    result = CliRunner().invoke(verbs, shlex.split(block("sh"))[1:])
    assert result.exit_code == 0
    table, _, wrote = result.stderr.rstrip("\n").rpartition("\n")
    assert f"{table}\n" == block("text")
    assert wrote.startswith("wrote googlenet_inference.py: googlenet@torchvision")


def test_every_pass_is_told_in_order() -> None:
    assert re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE) == [each.name for each in PASSES]


@pytest.mark.torch
def test_weights_are_converted_as_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (["-o", "googlenet.py"], shlex.split(block("sh"))[3:]):
        arguments = ["compile", "googlenet@torchvision", *words]
        assert CliRunner().invoke(verbs, arguments).exit_code == 0
    monkeypatch.syspath_prepend(folder)
    found: dict[str, object] = {}
    exec(block("python"), found)
    assert type(found["model"]).__name__ == "GoogLeNet"


# ---- the options ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--for", "inference", "--passes", "fold_bm"], "'fold_bm' is none of drop_heads, "),
        (["--passes", "fold_bn"], "--passes and --explain are about '--for inference'."),
        (["--explain"], "--passes and --explain are about '--for inference'."),
    ],
)
def test_misuse_is_told(folder: Path, words: list[str], message: str) -> None:
    result = CliRunner().invoke(verbs, ["compile", "small.arch", *words])
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("words", "left_out"),
    [("-merge_siblings", {"merge_siblings"}), ("-fold_bn,-fix_pad", {"fold_bn", "fix_pad"})],
)
def test_passes_may_be_left_out(folder: Path, words: str, left_out: set[str]) -> None:
    arguments = ["compile", "small.arch", "--for", "inference", "--explain", "--passes", words]
    result = CliRunner().invoke(verbs, arguments)
    assert result.exit_code == 0
    made = {each.name for each in PASSES if f"\n{each.name} " in result.stderr}
    assert made == {each.name for each in PASSES} - left_out


def test_the_file_bears_its_purpose_in_its_name(folder: Path) -> None:
    words = ["compile", "small.arch", "--for", "inference", "--passes", "none"]
    assert CliRunner().invoke(verbs, words).exit_code == 0
    assert "from_trained" in (folder / "small_inference.py").read_text()
