"""Warnings: each file of `tests/warnings` is told of as in the text that stands beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT
from families import NETWORKS
from hypothesis import HealthCheck, given, settings
from random_specs import specs

import archdsl
from archdsl.allow import allowances
from archdsl.cli import verbs
from archdsl.cli.check import checked
from archdsl.diagnostics import Diagnostic, frame, render
from archdsl.format import format
from archdsl.lint import MAX_WARNINGS
from archdsl.source import Source

CASES = sorted(Path(__file__).parent.joinpath("warnings").glob("*.arch"))
SHIPPED = sorted((*ROOT.glob("specs/*.arch"), *ROOT.glob("examples/*.arch")))
SILENT = ("_near", "_block_library", "_handed_on")


def found(path: Path) -> list[Diagnostic]:
    """The mistakes and warnings of a file."""
    return checked((str(path),), {}, quiet=True)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(
    path: Path, expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)  # messages name a file as seen from the current folder
    told = found(path)
    assert bool(told) != path.stem.endswith(SILENT)
    expect(path.with_suffix(".txt"), render(told) + "\n" * bool(told))


def test_every_expected_text_has_its_case() -> None:
    folder = Path(__file__).parent / "warnings"
    assert {p.stem for p in folder.glob("*.txt")} == {p.stem for p in folder.glob("*.arch")}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_is_clean(path: Path) -> None:
    assert found(path) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_each_shipped_network_is_clean_by_itself(name: str) -> None:
    assert archdsl.load(name).warnings == ()


def test_python_has_the_warnings_of_a_network() -> None:
    network = archdsl.loads("network n\n  input 3x8x8\n  conv 3x3 4 > bn > relu > relu\n")
    assert [each.code for each in network.warnings] == ["bias-before-norm", "double-activation"]
    assert {each.severity for each in network.warnings} == {"warning"}


def test_settings_are_looked_at() -> None:
    text = "network n(act=identity)\n  input 3x8x8\n  conv 3x3 4 > relu > act\n"
    assert archdsl.loads(text).warnings == ()
    assert [w.code for w in archdsl.loads(text, act="relu").warnings] == ["double-activation"]


@pytest.mark.parametrize(
    "line", ["maxpool 2", "maxpool 3/2", "avgpool 4/3", "conv 3/2 1 valid", "conv 5/3 1 pad=1"]
)
def test_a_flag_that_is_suggested_helps(line: str) -> None:
    suggested = 0
    for extent in range(6, 24):
        text = f"network n\n  input 1x{extent}\n"
        for each in archdsl.loads(text + f"  {line}\n").warnings:
            help = re.match("write (.*), which sees all of it", each.help)
            if help:
                assert archdsl.loads(text + f"  {help[1]}\n").warnings == ()
                suggested += 1
    assert suggested > 2


def test_there_is_an_end_to_them() -> None:
    text = "network n\n  input 3\n" + "  relu\n" * 500
    assert len(archdsl.loads(text).warnings) == MAX_WARNINGS


def test_long_axes_take_no_time() -> None:
    for line in ("conv 1/2 1 > conv 3/2 1 dilation=4 valid", "maxpool 1000000/1000000"):
        archdsl.loads(f"network n\n  input 1x100000000\n  {line}\n").warnings  # noqa: B018


@pytest.mark.slow
@settings(deadline=None, max_examples=100, suppress_health_check=[*HealthCheck])
@given(specs())
def test_any_network_can_be_looked_at_and_allowed(text: str) -> None:
    try:
        told = archdsl.loads(text).warnings
    except archdsl.ArchError:
        return
    assert all(each.severity == "warning" and each.code in frame(each) for each in told)
    if told:
        allowed = f"# allow: {', '.join(each.code for each in told)}\n{text}"
        assert archdsl.loads(allowed).warnings == ()


# ---- allowing --------------------------------------------------------------------------------

MESSY = """\
# allow:  dead-end
#allow: double-norm

let a = conv 1x1 1>bn # allow: bias-before-norm
   # allow: unused-block
      # another word
let b=[relu
# allow: unused-label , unused-use
|   relu   # allow: double-activation
    ]
network n   # the network
 input 3x8x8
        # allow: softmax-output
 a>[a
 +a]     # allow: double-norm
 # allow: dropped-pixels
"""


def silenced(source: Source) -> list[tuple[str, str | None]]:
    """Each code that is allowed, and the words of the line that it is allowed for."""
    lines = ["", *source.text.splitlines()]
    return [
        (a.code, None if a.line is None else "".join(lines[a.line].partition("#")[0].split()))
        for a in allowances(source)
    ]


def test_the_formatter_keeps_what_a_comment_allows() -> None:
    source = Source("messy.arch", MESSY)
    laid = Source("messy.arch", format(source))
    assert silenced(source) == [
        ("dead-end", None),
        ("double-norm", None),
        ("bias-before-norm", "leta=conv1x11>bn"),
        ("unused-block", "letb=[relu"),
        ("unused-label", "|relu"),
        ("unused-use", "|relu"),
        ("double-activation", "|relu"),
        ("softmax-output", "a>[a"),
        ("double-norm", "+a]"),
        ("dropped-pixels", ""),
    ]
    assert silenced(laid) == silenced(source)
    assert laid.text != source.text


def test_a_sharp_in_a_text_allows_nothing() -> None:
    assert allowances(Source("a.arch", 'network a "# allow: shape"\n  input 3\n')) == ()


# ---- on the command line ---------------------------------------------------------------------

WARNED = "network warned\n  input 3x8x8\n  conv 3x3 4 > bn > relu\n"


def run(*words: str) -> Result:
    return CliRunner().invoke(verbs, words)


def test_check_shows_warnings_and_is_content(folder: Path) -> None:
    (folder / "warned.arch").write_text(WARNED)
    result = run("check", "warned.arch", "small.arch")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "warned: fine: 3x8x8 -> 4x8x8, 120 parameters"
    assert lines[1].startswith("small: fine")
    assert result.stderr.startswith("warning[bias-before-norm]: ")
    assert result.stderr.endswith("\nlearn more: archdsl explain bias-before-norm\n")
    assert "\x1b" not in result.stderr


def test_check_tells_once_how_to_learn_more(folder: Path) -> None:
    (folder / "warned.arch").write_text(WARNED)
    result = run("check", "warned.arch", "broken.arch", "warned.arch")
    assert result.exit_code == 1
    more = "learn more: archdsl explain CODE (bias-before-norm, shape)"
    assert result.stderr.splitlines()[-1] == more
    assert result.stderr.count("learn more") == 1


def test_json_tells_warnings_from_errors(folder: Path) -> None:
    (folder / "warned.arch").write_text(WARNED)
    result = run("check", "warned.arch", "--json")
    (found,) = json.loads(result.stdout)["diagnostics"]
    assert (result.exit_code, result.stderr) == (0, "")
    assert (found["severity"], found["code"]) == ("warning", "bias-before-norm")
    assert found["place"]["line"] == 3
    result = run("check", "warned.arch", "broken.arch", "--json")
    found = json.loads(result.stdout)["diagnostics"]
    assert (result.exit_code, [each["severity"] for each in found]) == (1, ["warning", "error"])


def test_compile_warns_beside_its_work(folder: Path) -> None:
    (folder / "warned.arch").write_text(WARNED)
    result = run("compile", "warned.arch", "-o", "-")
    assert result.exit_code == 0
    assert "import torch" in result.stdout
    assert "warning" not in result.stdout
    assert result.stderr.startswith("warning[bias-before-norm]: ")


def test_a_warning_is_yellow() -> None:
    network = archdsl.loads(WARNED)
    assert render(network.warnings, color=True).startswith("\x1b[1;33mwarning[bias-before-norm]")


def test_one_network_of_a_file_is_not_all_of_it(folder: Path) -> None:
    more = WARNED.replace("warned", "other").replace("bn", "bn  # allow: double-norm\n")
    (folder / "two.arch").write_text(WARNED + more)
    assert "unused-allow" in run("check", "two.arch").stderr
    assert "unused-allow" not in run("check", "two.arch:warned").stderr
    text = "network n(act=relu)\n  input 3x8x8\n  relu > act  # allow: double-activation\n"
    (folder / "set.arch").write_text(text)
    assert run("check", "set.arch").stderr == ""
    assert run("check", "set.arch", "--set", "act=identity").stderr == ""
