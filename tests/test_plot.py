"""Plots: what they show is what is measured, the same bytes each time, safe to open."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from archdsl import pipeline
from archdsl.cli import verbs
from archdsl.diagnostics import ArchError
from archdsl.library import shipped_networks
from archdsl.plot import FORMATS, KINDS, Subject, plot, weighing

STARTS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


def words(svg: bytes) -> list[str]:
    """The words in a picture."""
    return [word.strip() for word in ElementTree.fromstring(svg).itertext() if word.strip()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format", FORMATS)
def test_a_plot_is_the_same_each_time(kind: str, format: str) -> None:
    subjects = pipeline.subjects(["lenet5", "alexnet"])
    picture = plot(subjects, kind, format)
    assert picture.startswith(STARTS[format])
    assert plot(subjects, kind, format) == picture


def test_the_zoo_is_one_cloud_with_its_families() -> None:
    subjects = pipeline.subjects([])
    assert [subject.network.name for subject in subjects] == list(shipped_networks())
    svg = plot(subjects)
    shown = words(svg)
    assert {"alexnet", "resnet", "vgg", "parameters", "multiply-accumulates"} <= set(shown)
    assert {"lenet5", "unet", "regnet_y_128gf"} <= set(shown)
    assert "alexnet@two_gpus" not in shown  # it stands where alexnet does


def test_a_name_means_a_network_and_a_file_all_of_its_networks() -> None:
    assert [s.network.name for s in pipeline.subjects(["resnet18"])] == ["resnet18"]
    vggs = pipeline.subjects(["vgg"])
    assert {s.family for s in vggs} == {"vgg"}
    assert len(vggs) == 10


def test_curves_have_a_step_for_each_layer() -> None:
    """By the course's counting: 8, 16, and GoogLeNet's 57 convolutions and its classifier."""
    layers = {
        name: len(weighing(pipeline.network(name))) for name in ("alexnet", "vgg16", "googlenet")
    }
    assert layers == {"alexnet": 8, "vgg16": 16, "googlenet": 58}
    rows = weighing(pipeline.network("vgg16"))
    assert sum(row.macs for row in rows) == 15_470_264_320
    assert [row.params for row in rows][-3] == 102_764_544


def test_too_many_curves_and_unknown_words_are_told() -> None:
    with pytest.raises(ArchError, match="24 curves cannot be told apart"):
        plot(pipeline.subjects(["resnet", "vgg"]), "macs")
    with pytest.raises(ArchError, match="no kind of plot 'mac'"):
        plot(pipeline.subjects(["lenet5"]), "mac")
    with pytest.raises(ArchError, match="no format 'dot'"):
        plot(pipeline.subjects(["lenet5"]), format="dot")


def test_without_matplotlib_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ArchError, match=r"pip install 'archdsl\[plot\]'"):
        plot(pipeline.subjects(["lenet5"]))


@pytest.mark.parametrize("kind", KINDS)
def test_words_of_a_spec_stay_words(kind: str) -> None:
    network = pipeline.network("lenet5")
    network.name = '</text><script>alert(1)</script>$\\frac{1}{$_"\x00'
    svg = plot([Subject(network, network.name)], kind)
    assert b"<script" not in svg
    assert any("$\\frac{1}{$_" in word for word in words(svg))


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> tuple[int, str]:
        result = CliRunner().invoke(verbs, ["plot", *line.split()])
        return result.exit_code, result.stderr

    assert run("vgg16 alexnet --kind macs -o a.png") == (0, "wrote a.png: vgg16, alexnet\n")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert run("lenet5")[0] == 0
    assert re.search(rb"lenet5", (tmp_path / "plot.svg").read_bytes())
    assert run("nosuch")[0] == 1
    assert run("lenet5 -o a.dot")[0] == 2
