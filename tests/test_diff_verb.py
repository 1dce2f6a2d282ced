"""`archdsl diff`: table, document, figure, git revisions, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from compare import IMAGES, PAGE, page
from conftest import ROOT, SMALL
from test_draw import HOSTILE, drawn_nodes

from archdsl import pipeline
from archdsl.cli import verbs
from archdsl.diff import diff
from archdsl.documents import diff_document, json_of
from archdsl.documents.differences import DiffDocument
from archdsl.draw import FORMATS, LEVELS, Figure, draw_diff
from archdsl.draw.boxes import View
from archdsl.draw.union import union
from archdsl.summary import LEVELS as TABLE_LEVELS
from archdsl.summary.changes import changes

PAIRS = [
    ("alexnet", "zfnet"),
    ("vgg16", "vgg19"),
    ("resnet50", "resnet50@torchvision"),
    ("googlenet", "googlenet@torchvision"),
    ("resnet34", "resnet50"),
    ("alexnet@two_gpus", "alexnet"),
    ("lenet5", "googlenet"),
]


def run(*words: str, code: int) -> Result:
    result = CliRunner().invoke(verbs, ["diff", *words])
    assert "Traceback" not in result.output
    assert result.exit_code == code, result.output
    return result


def shown(one: str, other: str, level: str = "block") -> View:
    return union(diff(pipeline.network(one), pipeline.network(other)), Figure(level))


def said(view: View) -> list[tuple[str, str, str]]:
    """Mark, title and detail of each box."""
    return [(box.change, box.title, " ".join(box.detail)) for box in view.boxes()]


# ---- the table -------------------------------------------------------------------------------


def test_alexnet_and_zfnet_as_a_table() -> None:
    lines = run("alexnet", "zfnet", code=1).stdout.splitlines()
    rows = [re.split(r" {2,}", line.strip()) for line in lines]
    what = "conv 11x11/4 96 valid -> conv 7x7/2 96 pad=1"
    figures = ["-20,736", "+65,340,000", "+871,200"]
    assert ["~", "conv1", what, "96x55x55 -> 96x110x110", *figures, "11/4 -> 7/2"] in rows
    assert ["10 equal layers"] in rows
    assert ["difference", "+1,392,384", "+443,626,080", "+1,792,320"] in rows
    assert lines[-1] == (
        "alexnet and zfnet differ: 7 changed, 2 added, 2 removed; params +2.3%, MACs +61.2%, "
        "activations +92.7%, receptive field 195 -> 171"
    )


def test_more_copies_are_told() -> None:
    text = run("resnet101", "resnet152", code=1).stdout
    assert "residual<bottleneck_v1> (4 more)" in text
    assert "residual<bottleneck_v1> (13 more)" in text
    assert "(13 fewer)" in run("resnet152", "resnet101", code=1).stdout


def test_blocks_that_differ_are_closed_or_open() -> None:
    closed = run("resnet50", "resnet50@torchvision", code=1).stdout
    assert "(2 changed)" in closed
    assert "conv1" not in closed
    opened = run("resnet50", "resnet50@torchvision", "--level", "layer", code=1).stdout
    assert opened.count("conv 1x1/2 128 nobias -> conv 1x1 128 nobias") == 1
    assert "params" not in opened.splitlines()[-1]


def test_a_network_and_itself() -> None:
    result = run("googlenet", "googlenet", code=0)
    assert result.stdout.endswith("googlenet and googlenet are the same network\n")
    assert "25 equal items" in result.stdout


@pytest.mark.parametrize("level", TABLE_LEVELS)
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_rows_add_up(one: str, other: str, level: str) -> None:
    """The rows without those within others, against the last row."""
    found = diff(pipeline.network(one), pipeline.network(other))
    lines = [re.sub(r"^([~+-])", " ", line) for line in changes(found, level).splitlines()[2:]]
    end = next(k for k, line in enumerate(lines) if not line.strip())
    tops = [line for line in lines[:end] if line[4] != " "]
    numbers = [
        sum(int(n.replace(",", "")) for n in re.findall(r"(?<=  )[+-][\d,]+", line))
        for line in tops
    ]
    (last,) = (line for line in lines if line.strip().startswith("difference"))
    assert sum(numbers) == sum(int(n.replace(",", "")) for n in re.findall(r"[+-][\d,]+", last))


def test_colours_on_a_terminal_only() -> None:
    found = diff(pipeline.network("alexnet"), pipeline.network("zfnet"))
    assert "\x1b" not in changes(found)
    colored = changes(found, color=True, width=200)
    assert re.search(r"\x1b\[33m.*conv 7x7", colored)
    assert re.search(r"\x1b\[32m.*lrn", colored)
    assert re.search(r"\x1b\[31m.*lrn", colored)


def test_other_names_of_weights_are_told(folder: Path) -> None:
    (folder / "other.arch").write_text(SMALL.replace("conv1:", "stem:"))
    text = run("small.arch", "other.arch", code=1).stdout
    assert "under another key of the state_dict: 1" in text
    assert text.endswith("small.arch and other.arch differ\n")


def test_settings_are_for_both(folder: Path) -> None:
    run("small.arch", "small.arch", "--set", "classes=7", code=0)
    assert "no parameter" in run("small.arch", "lenet5", "--set", "nosuch=7", code=1).stderr


def test_refused_specs_are_both_told(folder: Path) -> None:
    result = run("broken.arch", "nosuch.arch", code=1)
    assert result.stdout == ""
    assert "does not fit 3x8x8" in result.stderr
    assert "there is no file nosuch.arch" in result.stderr


@pytest.mark.parametrize(
    "words", [["a"], ["a", "b", "c"], ["a", "b", "-o", "x.gif"], ["a", "b", "--level", "op"]]
)
def test_wrong_usage(words: list[str]) -> None:
    assert "Usage: " in run(*words, code=2).stderr


# ---- the document ------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_document_is_what_its_schema_says(one: str, other: str) -> None:
    found = diff(pipeline.network(one), pipeline.network(other))
    text = json_of(diff_document(found))
    assert json_of(DiffDocument.model_validate_json(text)) == text
    document: dict[str, Any] = json.loads(text)
    for figure, whole in document["delta"].items():
        assert sum(step["delta"][figure] for step in document["steps"]) == whole
        assert document["after"]["figures"][figure] - document["before"]["figures"][figure] == whole


def test_json_from_the_command_line() -> None:
    document = json.loads(run("alexnet", "zfnet", "--json", code=1).stdout)
    assert (document["equal"], document["renamed"]) == (False, 0)
    conv1 = document["steps"][1]
    assert conv1["change"] == "changed"
    assert conv1["differences"][0] == {"name": "size", "before": "11x11", "after": "7x7"}
    assert (conv1["before"]["receptive_field"], conv1["after"]["stride"]) == ([11, 11], [2, 2])
    assert json.loads(run("zfnet", "zfnet", "--json", code=0).stdout)["equal"] is True


# ---- the figure --------------------------------------------------------------------------------


def test_alexnet_and_zfnet_as_a_figure() -> None:
    view = shown("alexnet", "zfnet")
    assert said(view) == [
        ("changed", "input", "3x227x227 → 3x224x224"),
        ("changed", "conv 11x11/4 96 → conv 7x7/2 96", "relu"),
        ("removed", "lrn 5", ""),
        ("changed", "maxpool 3x3/2 → maxpool 3x3/2 ceil", ""),
        ("added", "lrn 5", ""),
        ("changed", "conv 5x5 256 groups=2 → conv 5x5/2 256", "relu"),
        ("removed", "lrn 5", ""),
        ("changed", "maxpool 3x3/2 → maxpool 3x3/2 ceil", ""),
        ("added", "lrn 5", ""),
        ("", "conv 3x3 384", "relu"),
        ("changed", "conv 3x3 384 groups=2 → conv 3x3 384", "relu"),
        ("changed", "conv 3x3 256 groups=2 → conv 3x3 256", ""),
        ("", "10 equal layers", "relu_5 … fc8"),
        ("", "output", "1000"),
    ]
    ways = {
        (e.source.title, e.target.title, e.change)
        for e in view.edges
        if "lrn 5" in (e.source.title, e.target.title)
    }
    assert {change for _, _, change in ways} == {"added", "removed"}


def test_added_layers_stand_beside_the_way_that_was() -> None:
    view = shown("vgg16", "vgg19")
    assert [title for change, title, _ in said(view) if change] == [
        "conv 3x3 256",
        "conv 3x3 512",
        "conv 3x3 512",
    ]
    assert [e.change for e in view.edges].count("removed") == 3
    assert [e.change for e in view.edges].count("added") == 6


@pytest.mark.parametrize("level", ["block", "layer"])
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_every_operator_has_its_box_and_no_edge_leads_back(
    one: str, other: str, level: str
) -> None:
    view = shown(one, other, level)
    order = {box: k for k, box in enumerate(view.boxes())}
    assert all(order[edge.source] < order[edge.target] for edge in view.edges)
    reached = {edge.target for edge in view.edges}
    assert all(box.kind == "input" or box in reached for box in order)
    for edge in view.edges:
        ends = {edge.source.change, edge.target.change} & {"added", "removed"}
        assert ends <= {edge.change}


@pytest.mark.parametrize("level", ["block", "layer"])
def test_a_network_beside_itself_has_no_marks(level: str) -> None:
    view = shown("googlenet", "googlenet", level)
    marks: set[str] = {box.change for box in view.boxes()} | {edge.change for edge in view.edges}
    assert marks == {""}


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_diff_has_the_same_bytes(format: str, tmp_path: Path) -> None:
    pictures = []
    for k in range(2):
        path = tmp_path / f"{k}.{format}"
        result = run("alexnet", "zfnet", "-o", str(path), code=1)
        assert result.stderr == f"wrote {path}: alexnet and zfnet\n"
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1] or format == "pdf"  # which bears the time
    assert len(pictures[0]) > 500


def test_a_picture_may_go_to_the_output_or_a_folder(folder: Path) -> None:
    printed = run("lenet5", "lenet5@modern", "-o", "-", code=1)
    assert printed.stdout.startswith("<?xml")
    assert run("lenet5", "lenet5@modern", "-o", ".", code=1).stderr.startswith("wrote diff.svg")
    assert (folder / "diff.svg").read_text() == printed.stdout


def test_colours_are_in_every_text() -> None:
    found = diff(pipeline.network("alexnet"), pipeline.network("zfnet"))
    dot, tikz, mermaid = (draw_diff(found, format=f).decode() for f in ("dot", "tex", "mmd"))
    for text in (dot, tikz, mermaid):
        for color in ("A4E8A0", "FFB3AE", "FFE45C"):
            assert color in text
    assert dot.count("#C00F0F") > 6
    assert "draw=removed line" in tikz
    assert "linkStyle" in mermaid


def test_hostile_names_are_only_names() -> None:
    small = pipeline.network("lenet5")
    one, other = "<b>\x00&", HOSTILE
    found = diff(small, pipeline.network("lenet5@modern"), (one, other))
    for level in LEVELS:
        svg = ElementTree.fromstring(draw_diff(found, Figure(level)))
        assert not list(svg.iter("script"))
        assert drawn_nodes(svg) == len(union(found, Figure(level)).boxes())
    for format in ("dot", "mmd", "tex"):
        assert b"<script>" not in draw_diff(found, format=format)
    assert "\x07" not in changes(found)


# ---- git ---------------------------------------------------------------------------------------

SHARED = "let unit(c) = conv 3x3 c > relu\n"
USING = 'use "parts/shared.arch": unit\n\nnetwork nets\n  input 3x8x8\n  unit 4\n'


def git(*words: str) -> None:
    who = ("-c", "user.name=me", "-c", "user.email=me@example.com")
    subprocess.run(["git", *who, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one revision of `lib/nets.arch` and what it uses, and newer files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GIT_DIR", raising=False)
    parts = tmp_path / "lib" / "parts"
    parts.mkdir(parents=True)
    (parts.parent / "nets.arch").write_text(USING)
    (parts / "shared.arch").write_text(SHARED)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "First")
    git("tag", "v1.0")
    (parts / "shared.arch").write_text(SHARED.replace("relu", "silu"))
    return tmp_path


@pytest.mark.parametrize("revision", ["HEAD", "v1.0", "HEAD^0", "HEAD@{0}", "master", "main"])
def test_a_revision_of_a_file(revision: str, repository: Path) -> None:
    """What a file uses is of the same revision."""
    git("branch", "--force", "--move", "main")
    if revision == "master":
        revision = "refs/heads/main"
    result = run(f"{revision}:lib/nets.arch", "lib/nets.arch", code=1)
    assert "relu -> silu" in result.stdout
    run(f"{revision}:lib/nets.arch:nets", f"{revision}:lib/nets.arch", code=0)


def test_files_are_named_from_the_top_or_from_here(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "lib")
    for name in ("HEAD:lib/nets.arch", "HEAD:./nets.arch", "HEAD:../lib/nets.arch"):
        run(name, "nets.arch", code=1)
    assert "no file HEAD:nets.arch" in run("HEAD:nets.arch", "nets.arch", code=1).stderr


def test_shipped_specs_are_used_from_a_revision(repository: Path) -> None:
    text = "use resnet: resnet50\nnetwork mine from resnet50\n  drop fc\n"
    (repository / "mine.arch").write_text(text)
    git("add", ".")
    git("commit", "--quiet", "-m", "Second")
    assert "1 removed" in run("resnet50", "HEAD:mine.arch", code=1).stdout


def test_a_file_of_that_name_comes_first(repository: Path) -> None:
    (repository / "HEAD:small.arch").write_text(SMALL)
    run("HEAD:small.arch", "HEAD:small.arch", code=0)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("HEAD:nosuch.arch", "error[git]: there is no file HEAD:nosuch.arch"),
        ("nosuch:lib/nets.arch", "error[git]: there is no revision 'nosuch' in this repository"),
        ("HEAD:lib/nets.arch:nosuch", "declares no network 'nosuch'"),
        ("HEAD:/nosuch.arch", "error[git]: there is no file"),
        ("HEAD:../outside.arch", "error[git]: there is no file"),
        ("HEAD:bytes.arch", "is not UTF-8 text"),
        ("HEAD:wrong.arch", "--> HEAD:wrong.arch:3:3"),
    ],
)
def test_mistakes_in_naming_a_revision(spec: str, message: str, repository: Path) -> None:
    (repository / "bytes.arch").write_bytes(b"\xff\xfe")
    (repository / "wrong.arch").write_text("network wrong\n  input 3\n  fcc 5\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "More")
    assert message in run(spec, "lenet5", code=1).stderr


def test_a_missing_use_of_a_revision_is_told(repository: Path) -> None:
    git("rm", "--quiet", "-f", "lib/parts/shared.arch")
    git("commit", "--quiet", "-m", "Lost")
    (repository / "lib" / "parts").mkdir(exist_ok=True)
    (repository / "lib" / "parts" / "shared.arch").write_text(SHARED)
    assert (
        "no spec 'parts/shared.arch' to use" in run("HEAD:lib/nets.arch", "lenet5", code=1).stderr
    )
    run("v1.0:lib/nets.arch", "lib/nets.arch", code=0)


def test_outside_a_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    result = run("HEAD:small.arch", "small.arch", code=1)
    assert result.stderr == "error[git]: there is no git repository here\n"


def test_without_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "git, which is not installed" in run("HEAD:small.arch", "small.arch", code=1).stderr


# ---- the page ----------------------------------------------------------------------------------


def test_the_page_is_what_the_tool_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert PAGE.read_text(encoding="utf-8") == page(tmp_path), "run 'make docs' and read it"
    words = re.compile(r"<text[^>]*>([^<]*)</text>")  # fonts, and places with them, differ
    for path in tmp_path.iterdir():
        shown = (IMAGES / path.name).read_text(encoding="utf-8")
        assert words.findall(shown) == words.findall(path.read_text(encoding="utf-8"))


def test_the_page_s_figures_are_the_papers() -> None:
    """Counted apart from this compiler: weights of inception, and torchvision's ResNet-50."""
    text = PAGE.read_text(encoding="utf-8")
    for number in (516_096, 404_619_264, 176_640, 138_485_760, 4_089_184_256, 25_557_032):
        assert f" {number:,} " in text
