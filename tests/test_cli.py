"""The command line: what it prints and writes, its exit codes, and its manners."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import BROKEN, ROOT, SMALL

import archdsl
from archdsl.cli import verbs
from archdsl.cli.options import setting
from archdsl.library import shipped_networks

Run = Callable[..., Result]


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs a command line in the folder of small specs; nothing but exits may come out of it."""

    def invoke(line: str, **more: str | bytes) -> Result:
        result = CliRunner().invoke(verbs, line.split(), **more)  # type: ignore[arg-type]
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output
        return result

    return invoke


def real(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A real process in the current folder."""
    return subprocess.run(
        [sys.executable, "-m", "archdsl", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        timeout=60,
        check=False,
    )


# ---- check -----------------------------------------------------------------------------------


def test_check_says_in_one_line_that_all_is_fine(run: Run) -> None:
    result = run("check googlenet")
    assert result.stdout == "googlenet: fine: 3x224x224 -> 1000, 6,998,552 parameters\n"
    assert (result.exit_code, result.stderr) == (0, "")


def test_check_takes_a_path_and_a_network_in_it(run: Run) -> None:
    line = "small: fine: 3x32x32 -> 10, 41,418 parameters\n"
    assert run("check small.arch").stdout == line
    assert run("check small.arch:small").stdout == line


def test_check_looks_at_every_network_of_a_file(run: Run, folder: Path) -> None:
    more = SMALL + "\nnetwork bad\n  input 3\n  fc 5 > cnv 3x3 5\n"
    (folder / "two.arch").write_text(more)
    result = run("check two.arch")
    assert result.exit_code == 1
    assert result.stdout.startswith("small: fine")
    assert "did you mean 'conv'" in result.stderr
    assert run("check two.arch:small").exit_code == 0


def test_check_goes_on_behind_a_mistake(run: Run) -> None:
    result = run("check broken.arch nosuch.arch small.arch")
    assert result.exit_code == 1
    assert "small: fine" in result.stdout
    assert "does not fit 3x8x8" in result.stderr
    assert "there is no file nosuch.arch" in result.stderr


def test_mistakes_show_the_place(run: Run) -> None:
    result = run("check broken.arch")
    assert "broken.arch:3:3" in result.stderr
    assert "conv 9x9 4 valid" in result.stderr
    assert "^^^^" in result.stderr
    assert "\x1b" not in result.stderr


def test_check_prints_mistakes_as_json(run: Run) -> None:
    result = run("check broken.arch small.arch --json")
    (found,) = json.loads(result.stdout)["diagnostics"]
    assert result.exit_code == 1
    assert found["code"] == "shape"
    assert found["place"]["file"].endswith("broken.arch")
    assert (found["place"]["line"], found["place"]["column"]) == (3, 3)
    assert json.loads(run("check small.arch --json").stdout) == {"diagnostics": []}


@pytest.mark.parametrize("text", ["", "let a = relu\n", "# nothing\n"])
def test_a_file_without_networks_is_fine_to_check(text: str, run: Run, folder: Path) -> None:
    (folder / "lets.arch").write_text(text)
    assert "declares no network" in run("check lets.arch").stdout
    result = run("summary lets.arch")
    assert (result.exit_code, "declares no network" in result.stderr) == (1, True)


def test_several_networks_must_be_told_apart(run: Run, folder: Path) -> None:
    (folder / "many.arch").write_text(SMALL + SMALL.replace("small", "other"))
    result = run("summary many.arch")
    assert result.exit_code == 1
    assert "many.arch:small, many.arch:other" in result.stderr
    (folder / "other.arch").write_text(SMALL + SMALL.replace("small", "other"))
    assert run("summary other.arch").stdout.startswith("other")
    assert "did you mean 'small'" in run("check many.arch:smal").stderr


# ---- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("10", 10), ("-3", -3), ("1K", 1000), ("2M", 2_000_000), ("0.5", 0.5), ("1e-3", 1e-3)],
        *[("true", True), ("false", False), ("3x3", (3, 3)), ("3x224x224", (3, 224, 224))],
        *[("silu", "silu"), ("x3", "x3")],
    ],
)
def test_settings_are_written_as_in_the_language(text: str, value: object) -> None:
    found = setting(text)
    assert (found, type(found)) == (value, type(value))


def test_set_changes_a_parameter(run: Run) -> None:
    assert "-> 7, " in run("check small.arch --set classes=7").stdout
    assert "-> 2000, " in run("check resnet18 --set classes=2K").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--set clases=7", "did you mean 'classes'"),
        ("--set classes=3x3", "'classes' is the number 10 by default"),
        ("--set classes=relu", "'classes' is the number 10 by default"),
        ("--set classes=true", "and this is a condition"),
        ("--set classes=0", ""),
        ("--set classes=-1", ""),
        ("--set classes=0.5", ""),
    ],
)
def test_a_wrong_setting_is_the_users_mistake(words: str, message: str, run: Run) -> None:
    result = run(f"check small.arch {words}")
    assert result.exit_code == 1
    assert message in result.stderr


# ---- usage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        *["nosuch", "check", "compile", "show", "fmt", "compile a b", "draw --level all resnet18"],
        *["check --set classes resnet18", "check --set =3 resnet18", "check --set a= resnet18"],
        *["draw resnet18 -o picture.gif", "draw resnet18 -o picture", "show --schema nothing"],
        *["compile resnet18 --template nosuch.j2", "check --set classes=1e99 resnet18"],
        "check --nosuch resnet18",
    ],
)
def test_wrong_usage_exits_with_2(line: str, run: Run) -> None:
    result = run(line)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


@pytest.mark.parametrize(
    "verb",
    ["", "compile", "diff", "draw", "check", "summary", "list", "fmt", "run", "show"],
)
def test_every_verb_explains_itself_with_examples(verb: str, run: Run) -> None:
    text = run(f"{verb} --help").stdout
    assert "Examples:\n" in text
    assert f"  archdsl {verb}" in text
    assert "..." not in "".join(re.findall(r"^  \w+ {2,}.*$", text, re.MULTILINE))


# ---- writing ---------------------------------------------------------------------------------


def test_compile_writes_beside_you(run: Run, folder: Path) -> None:
    result = run("compile small.arch")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "wrote small.py" in result.stderr
    text = (folder / "small.py").read_text()
    assert "import torch" in text
    assert run("compile small.arch -o -").stdout == text
    run("compile small.arch -o other.py")
    assert (folder / "other.py").read_text() == text


def test_a_variants_file_has_a_python_name(run: Run, folder: Path) -> None:
    run("compile googlenet@torchvision")
    assert (folder / "googlenet_torchvision.py").is_file()


def test_a_folder_takes_the_file_under_its_usual_name(run: Run, folder: Path) -> None:
    (folder / "build").mkdir()
    run("compile small.arch -o build")
    run("draw small.arch -o build")
    assert {path.name for path in (folder / "build").iterdir()} == {"small.py", "small.svg"}


def test_a_users_template_is_used(run: Run, folder: Path) -> None:
    (folder / "mine.j2").write_text("# {{ 6 * 7 }} for {{ module }}\n")
    assert run("compile small.arch -o - --template mine.j2").stdout.startswith("# 42 for ")
    (folder / "wrong.j2").write_text("fine\n{{ nosuch.thing }}\n")
    result = run("compile small.arch -o - --template wrong.j2")
    assert (result.exit_code, "wrong.j2" in result.stderr) == (1, True)
    (folder / "worse.j2").write_text("{% if %}")
    assert run("compile small.arch -o - --template worse.j2").exit_code == 1


@pytest.mark.parametrize(
    ("name", "start"),
    [
        *[("a.svg", b"<?xml"), ("a.PNG", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.dot", b"digraph")],
        *[("a.mmd", b"---\ntitle"), ("a.tex", b"% Needs")],
    ],
)
def test_draw_goes_by_the_ending(name: str, start: bytes, run: Run, folder: Path) -> None:
    assert run(f"draw small.arch -o {name}").exit_code == 0
    assert (folder / name).read_bytes().startswith(start)


def test_draw_prints_svg(run: Run) -> None:
    assert "<svg" in run("draw small.arch -o - --level layer").stdout


def test_draw_takes_wishes(run: Run) -> None:
    words = run("draw googlenet -o - --inset").stdout
    assert "inception(a, b0, b, c0, c, p)" in words
    assert 'fill="#15191e"' in run("draw small.arch -o - --theme dark").stdout
    assert "rankdir=LR" in draw_dot(run, "small.arch --direction right")
    assert draw_dot(run, "googlenet --depth 1").count("cluster") > 9
    assert draw_dot(run, "googlenet --expand inception3a").count("cluster") == 1


def draw_dot(run: Run, words: str) -> str:
    """The DOT text that a command line draws."""
    assert run(f"draw {words} -o a.dot").exit_code == 0
    return Path("a.dot").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("spec", "title", "file"),
    [
        ("resnet50:residual", "residual bottleneck_v1 c=64", "resnet50_residual.svg"),
        ("resnet50:layer3.1", "residual bottleneck_v1 c=256", "resnet50_layer3_1.svg"),
        ("googlenet:inception", "inception 64, 96&gt;128, 16&gt;32, 32", "googlenet_inception.svg"),
        ("resnet:resnet34:basic", "residual basic c=64", "resnet34_basic.svg"),
        ("parts.arch:unit", "unit 4", "parts_unit.svg"),
        ("parts.arch:parts:tail", "tail", "parts_tail.svg"),
    ],
)
def test_draw_takes_a_part(spec: str, title: str, file: str, run: Run, folder: Path) -> None:
    text = "block unit(c) = conv 3x3 c > [ conv 1x1 c | conv 3x3 c ]\n"
    text += "network parts\n  input 3x8x8\n  unit 4 > tail: (bn > relu)\n"
    (folder / "parts.arch").write_text(text)
    assert run(f"draw {spec}").exit_code == 0
    svg = (folder / file).read_text(encoding="utf-8")
    assert title in svg.replace("\u00a0", " ").replace("&#160;", " ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("compile resnet50:residual", "'archdsl draw resnet50:residual' draws the part"),
        ("summary resnet:resnet50:layer1", "takes all of a network"),
        ("draw resnet50:layer1:conv1", "asks for a part of it"),
        ("draw resnet50:residul", "did you mean 'residual'?"),
        ("draw resnet50 --expand layer9", "did you mean 'layer"),
        ("draw broken.arch:unit:b", "declares no network 'unit'"),
        ("draw nosuch:residual", "no shipped network 'nosuch'"),
        ("draw broken.arch:nosuch", "no block of broken is labelled or called 'nosuch'"),
    ],
)
def test_a_part_that_is_not_there_is_told(line: str, message: str, run: Run) -> None:
    result = run(line)
    assert result.exit_code == 1
    assert message in result.stderr


def test_a_refused_network_is_drawn_and_told(run: Run, folder: Path) -> None:
    result = run("draw broken.arch")
    assert result.exit_code == 1
    assert result.stderr.startswith("wrote broken.svg: broken\nerror[shape]: the 9x9 window")
    svg = (folder / "broken.svg").read_text(encoding="utf-8")
    assert "conv 9x9 4" in svg.replace("&#160;", " ")
    assert "refused: 1 mistake" in svg.replace("&#160;", " ")


def test_what_cannot_be_drawn_leaves_no_file(run: Run, folder: Path) -> None:
    (folder / "syntax.arch").write_text("network n\n  input 3x8x8\n  conv 3x3 4+\n")
    (folder / "input.arch").write_text("network n\n  conv 3x3 4\n")
    for name in ("syntax", "input"):
        assert run(f"draw {name}.arch -o out.svg").exit_code == 1
    assert not (folder / "out.svg").exists()


@pytest.mark.parametrize("target", ["missing/a.py", "small.arch/a.py", "/proc/nosuch/a.py"])
def test_an_unwritable_place_is_told(target: str, run: Run) -> None:
    result = run(f"compile small.arch -o {target}")
    assert result.exit_code == 1
    assert "cannot write" in result.stderr


def test_a_failed_write_leaves_nothing_and_harms_nothing(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text("old")
    before = {path.name for path in folder.iterdir()}

    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    result = run("compile small.arch -o a.py")
    assert (result.exit_code, "No space left" in result.stderr) == (1, True)
    assert (folder / "a.py").read_text() == "old"
    assert {path.name for path in folder.iterdir()} == before


def test_files_have_the_usual_mode_and_keep_their_own(run: Run, folder: Path) -> None:
    mask = os.umask(0o027)
    try:
        run("compile small.arch -o new.py")
    finally:
        os.umask(mask)
    assert (folder / "new.py").stat().st_mode & 0o777 == 0o640
    (folder / "new.py").chmod(0o755)
    run("compile small.arch -o new.py")
    assert (folder / "new.py").stat().st_mode & 0o777 == 0o755


def test_links_and_devices_stay_what_they_are(run: Run, folder: Path) -> None:
    (folder / "real.py").write_text("old")
    (folder / "link.py").symlink_to("real.py")
    run("compile small.arch -o link.py")
    assert (folder / "link.py").is_symlink()
    assert "import torch" in (folder / "real.py").read_text()
    assert run("compile small.arch -o /dev/null").exit_code == 0
    assert not Path("/dev/null").is_file()


# ---- tables and stages -----------------------------------------------------------------------


def test_summary_is_plain_text_when_piped(run: Run) -> None:
    text = run("summary small.arch").stdout
    assert text.startswith("small - Somebody, 1999\n")
    assert re.search(
        r"^conv1 +conv 3x3 16 +16x32x32 +448 +▏ +1.1% +442,368 +████▋ +91.5%$", text, re.MULTILINE
    )
    assert re.search(r"^total +41,418 +█████ +100.0% +483,328 +█████ +100.0%$", text, re.MULTILINE)
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_summary_folds_repeats_and_opens_layers(run: Run) -> None:
    blocks = run("summary resnet34").stdout
    assert re.search(r"^  1 x2 +residual<basic> ", blocks, re.MULTILINE) or "x3" in blocks
    assert "bn1 " not in blocks.split("layer1")[1]
    assert "bn1 " in run("summary resnet34 --level layer").stdout.split("layer1")[1]


def test_a_summary_adds_up(run: Run) -> None:
    columns = "name,params,macs,activations,params%,macs%"
    table = json.loads(run(f"summary googlenet --columns {columns} --format json").stdout)
    top = [row for row in table["rows"] if row["depth"] == 0]
    for name in ("params", "macs", "activations"):
        assert sum(row[name] for row in top) == table["total"][name]
    for name in ("params%", "macs%"):
        assert sum(row[name] for row in top) == pytest.approx(1, abs=1e-4)
    layers = json.loads(run("summary googlenet --level layer --sort macs --format json").stdout)
    macs = [row["macs"] for row in layers["rows"]]
    assert macs == sorted(macs, reverse=True)
    assert sum(macs) == table["total"]["macs"]
    assert layers["rows"][0]["name"] == "conv3.conv"


@pytest.mark.parametrize("name", ["googlenet", "resnet18", "lenet5", "alexnet@two_gpus"])
def test_every_format_has_the_same_cells(name: str, run: Run) -> None:
    """Of the tables for papers, for web pages and for spreadsheets."""
    line = f"summary {name} --columns name,what,output,params,macs --format"
    md = [row.strip("| ").split(" | ") for row in run(f"{line} md").stdout.splitlines()]
    tex = run(f"{line} latex").stdout
    rows = [*csv.reader(run(f"{line} csv").stdout.splitlines())]
    assert rows[0] == ["name", "what", "output", "params", "macs", "repeat"]
    assert len(md) - 3 == len(rows) - 1 == tex.count("\\\\") - 2
    plain = [cell.replace(",", "") for row in md[2:-1] for cell in (row + [""] * 5)[3:5]]
    assert [cell or "0" for cell in plain] == [cell for row in rows[1:] for cell in row[3:5]]
    assert tex.index("\\toprule") < tex.index("\\midrule") < tex.index("\\bottomrule")
    unescaped = re.sub(r"\\[&%_#$]", "", tex.partition("\n")[2])
    assert not set(unescaped) & set("%_#$")


def test_a_summary_counts_bytes_for_a_batch(run: Run) -> None:
    """The course's exercise: three strided convolutions, a batch of 50 in fp32."""
    line = "summary strided3 --batch 50 --columns name,memory,kept,field,stride --format json"
    table = json.loads(run(line).stdout)
    assert table["total"]["memory"] == 36_000_000 + 526_000_000
    assert [row["memory"] for row in table["rows"][1:]] == [300_000_000, 150_000_000, 76_000_000]
    assert [(row["field"], row["stride"]) for row in table["rows"][1:]] == [
        *[("3", "2"), ("7", "4"), ("15", "8")]
    ]
    half = json.loads(run(f"{line} --dtype fp16").stdout)
    assert 2 * half["total"]["memory"] == table["total"]["memory"]


@pytest.mark.parametrize(
    ("size", "inference", "training"),
    [
        ("8GB", "fits; the largest batch is", "fits; the largest batch is"),
        ("100MB", "does not fit; no batch does", "does not fit; no batch does"),
        ("1TiB", "fits; the largest batch is", "fits; the largest batch is"),
    ],
)
def test_a_summary_says_what_a_card_takes(
    size: str, inference: str, training: str, run: Run
) -> None:
    text = run(f"summary vgg16 --batch 2 --card {size}").stdout
    assert f"inference  {inference}" in text
    assert f"training   {training}" in text
    found = [int(n.replace(",", "")) for n in re.findall(r"largest batch is ([\d,]+)", text)]
    needs = archdsl.load("vgg16").memory
    number, unit = re.fullmatch(r"(\d+)(\w+)", size).groups()  # type: ignore[union-attr]
    room = int(number) * {"GB": 10**9, "MB": 10**6, "TiB": 2**40}[unit]
    for batch, kind in zip(found, ("inference", "training"), strict=False):
        assert getattr(needs(batch), kind) <= room < getattr(needs(batch + 1), kind)


@pytest.mark.parametrize("size", ["8", "8XB", "GB", "-1GB", "1e9"])
def test_sizes_of_cards(size: str, run: Run) -> None:
    assert run(f"summary lenet5 --card={size}").exit_code == (0 if size == "8" else 2)


def test_list_shows_the_zoo(run: Run) -> None:
    text = run("list").stdout
    names = [line.split()[0] for line in text.splitlines()[2:]]
    assert sorted(names) == sorted(shipped_networks())
    vggs = [name for name in names if name.startswith("vgg") and "_" not in name]
    assert vggs == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert re.search(r"^googlenet +2015 +6,998,552 +1,582,671,872 ", text, re.MULTILINE)
    assert len(run("list vgg16").stdout.splitlines()) == 2 + 3
    assert run("list nosuch").exit_code == 1


def test_show_has_a_text_for_every_stage(run: Run) -> None:
    assert run("show small.arch --stage tree").stdout.startswith("Spec\n")
    assert "1  conv1    conv 3x3 16 (0) -> 16x32x32" in run("show small.arch").stdout
    assert re.search(r"parameters +41,418", run("show small.arch --stage report").stdout)


@pytest.mark.parametrize("stage", ["tree", "graph", "report"])
def test_show_has_a_document_and_a_schema_for_every_stage(stage: str, run: Run) -> None:
    document = json.loads(run(f"show small.arch --json --stage {stage}").stdout)
    schema = json.loads(run(f"show --schema {stage}").stdout)
    assert set(document) == set(schema["properties"])


# ---- fmt -------------------------------------------------------------------------------------

MESSY = "network   messy\n input 3x8x8\n relu   >bn\n"
TIDY = "network messy\n  input 3x8x8\n  relu > bn\n"


def test_fmt_formats_in_place(run: Run, folder: Path) -> None:
    (folder / "messy.arch").write_text(MESSY)
    result = run("fmt messy.arch small.arch")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (folder / "messy.arch").read_text() == TIDY
    assert (folder / "small.arch").read_text() == SMALL
    assert result.stderr.count("formatted") == 1


def test_fmt_check_changes_nothing(run: Run, folder: Path) -> None:
    (folder / "messy.arch").write_text(MESSY)
    assert run("fmt --check messy.arch").exit_code == 1
    assert (folder / "messy.arch").read_text() == MESSY
    assert run("fmt --check small.arch").exit_code == 0


def test_fmt_takes_standard_input_and_folders(run: Run, folder: Path) -> None:
    assert run("fmt -", input=MESSY).stdout == TIDY
    assert run("fmt --check -", input=MESSY).exit_code == 1
    assert run("fmt -", input=b"\xff").exit_code == 1
    (folder / "messy.arch").write_text(MESSY)
    (folder / "broken.arch").unlink()
    assert run("fmt .").exit_code == 0
    assert (folder / "messy.arch").read_text() == TIDY


def test_fmt_goes_on_behind_a_mistake(run: Run, folder: Path) -> None:
    (folder / "messy.arch").write_text(MESSY)
    (folder / "bad.arch").write_text("network (\n")
    result = run("fmt bad.arch nosuch.arch messy.arch")
    assert result.exit_code == 1
    assert (folder / "bad.arch").read_text() == "network (\n"
    assert (folder / "messy.arch").read_text() == TIDY


# ---- what users do ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        *[b"\xff\xfe", b"\x00", b"network", b"network a\n", b"((((", b"use nosuch: a\n"],
        *[
            b"network a\n  input 3\n  @b\n",
            b"network a from a\n",
            b"block a = a\nnetwork n\n input 3\n a\n",
        ],
        b"network a\n  input 3\n  " + b"(" * 5000 + b"relu" + b")" * 5000,
        b"network a\n  input 3\n  fc (" + b"(" * 5000 + b"1" + b")" * 5000 + b")",
        b"network a\n  input 3\n  fc " + b"9" * 5000,
        b"network a\n  input 3\n  relu x999999999999\n",
        b"network a\n  input 99999999x99999999\n  conv 3x3 999999999999\n",
    ],
)
@pytest.mark.parametrize(
    "line",
    ["check any.arch", "summary any.arch", "show any.arch", "fmt any.arch", "sizes any.arch"],
)
def test_no_spec_ends_in_a_traceback(line: str, data: bytes, run: Run, folder: Path) -> None:
    (folder / "any.arch").write_bytes(data)
    result = run(line)
    assert result.exit_code in (0, 1)
    assert result.exit_code == 0 or "error[" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("step", ["identity", "relu", "nosuch"])
def test_no_spec_hangs(step: str, run: Run, folder: Path) -> None:
    (folder / "any.arch").write_text(f"network a\n  input 3\n  (({step} x9999) x9999) x9999\n")
    result = run("check any.arch")
    assert (result.exit_code, "error[" in result.stderr) == (1, True)


@pytest.mark.parametrize("spec", [".", "/", "", "small.arch:", ":small", "a/b", "nosuch.arch:a"])
def test_no_name_of_a_spec_ends_in_a_traceback(spec: str, folder: Path) -> None:
    for words in (["check", spec], ["summary", spec], ["fmt", f"{spec}?"], ["compile", spec]):
        result = CliRunner().invoke(verbs, words)
        assert (result.exit_code, "error[" in result.stderr) == (1, True)


# ---- real processes --------------------------------------------------------------------------


def test_a_process_exits_with_its_code(folder: Path) -> None:
    assert real("check", "small.arch").returncode == 0
    assert real("check", "broken.arch").returncode == 1
    assert real("check").returncode == 2


def test_a_closed_pipe_is_no_accident(folder: Path) -> None:
    command = f"{sys.executable} -m archdsl show resnet152 --json | head -c 10"
    result = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert result.stderr == ""


def test_an_ascii_terminal_gets_its_text(folder: Path) -> None:
    (folder / "small.arch").write_text(SMALL.replace("Somebody", "Łukasz Größe"))
    result = real("summary", "small.arch", PYTHONIOENCODING="ascii")
    assert (result.returncode, "kasz" in result.stdout) == (0, True)


HEAVY = ("torch", "networkx", "jinja2", "graphviz", "pygraphviz", "rich", "pydantic", "matplotlib")
OURS = ("lark", "archdsl.parser", "archdsl.expand", "archdsl.ops")  # what a kept result spares


def imported(line: str) -> set[str]:
    """The heavy libraries that a command line imports."""
    code = (
        "import sys\nfrom archdsl.cli import verbs\n"
        f"verbs({line.split()}, standalone_mode=False)\n"
        f"print(*(m for m in {HEAVY + OURS} if m in sys.modules), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    return set(result.stderr.split("\n")[-2].split())


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("check googlenet", set()),
        ("summary vgg16 --batch 8 --card 8GB", {"rich"}),
        ("summary vgg16 --count fvcore", {"rich", "jinja2"}),
        ("diff vgg16 vgg16", {"rich"}),
        ("sizes vgg16", {"rich"}),
        ("plot lenet5 -o -", {"matplotlib"}),
        ("draw lenet5 -o -", {"graphviz", "pygraphviz"}),
    ],
)
def test_a_verb_imports_what_it_needs_and_no_torch(
    line: str, needs: set[str], folder: Path
) -> None:
    assert imported(line) <= {*needs, *OURS}


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("check small.arch", {"archdsl.expand", "archdsl.ops"}),
        ("summary small.arch", {"archdsl.expand", "archdsl.ops", "rich"}),
        ("compile small.arch -o -", set()),
    ],
)
def test_what_was_done_before_is_not_imported_for_again(
    line: str, needs: set[str], folder: Path
) -> None:
    assert "lark" in imported(line)
    assert imported(line) == needs


def test_the_broken_spec_is_broken_by_its_shape() -> None:
    assert "9x9" in BROKEN
