"""The codes of messages: each is explained once, by examples that are what they say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT
from messages import PAGE, page, said

from archdsl.cli import verbs
from archdsl.codes import codes, explanation
from archdsl.modules import RESERVED

PACKAGE = ROOT / "archdsl"
TOLD = ("mistake", "Diagnostic", "warning", "told", "repeated", "known")
HEADING = re.compile(r"^(error|warning)\[([\w-]+)\]: ", re.MULTILINE)


def used_codes(path: Path) -> Iterator[str]:
    """The codes that a file gives to diagnostics; `in`, `aux` and their like are words as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            name, code = ast.unparse(node.func), node.args[0]
            if name in TOLD and isinstance(code, ast.Constant):
                yield str(code.value)
            elif name == "mistake" and ast.unparse(code) == "call.name":
                yield from RESERVED


def test_every_code_is_explained_and_every_explanation_has_its_use() -> None:
    used = {code for path in PACKAGE.rglob("*.py") for code in used_codes(path)}
    assert used == {*codes()}


@pytest.mark.parametrize("code", codes())
def test_an_explanation_has_its_parts(code: str) -> None:
    found = explanation(code)
    title, summary, why, *_ = found.text.split("\n\n")
    assert title == f"# {found.severity}[{code}]"
    assert found.summary == summary
    assert summary.endswith(".")
    assert len(summary) < 90
    assert not why.startswith("#")
    assert len(found.examples) == 2
    assert re.findall(r"^## (.*)$", found.text, re.MULTILINE) == ["Wrong", "Right"]
    assert max(map(len, found.text.splitlines())) < 115


@pytest.mark.parametrize("code", codes())
def test_the_wrong_example_is_told_and_the_right_one_is_not(code: str) -> None:
    wrong, right = explanation(code).examples
    told = said(code, wrong)
    assert {*HEADING.findall(told)} == {(explanation(code).severity, code)}
    assert ("^" in told) == (wrong.kind == "arch")
    assert said(code, right) == ""


def test_the_page_is_made_from_them() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run 'make docs' and read it"


# ---- archdsl explain -------------------------------------------------------------------------


def explained(*words: str) -> str:
    result = CliRunner().invoke(verbs, ["explain", *words])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_explain_lists_all_codes() -> None:
    lines = explained().splitlines()
    assert lines[0] == "Warnings"
    assert {line.split()[0] for line in lines if line.startswith("  ")} == {*codes()}
    assert "  shape              A tensor that an operator or a join cannot take." in lines


@pytest.mark.parametrize("code", codes())
def test_explain_prints_an_explanation_without_its_marks(code: str) -> None:
    text, found = explained(code), explanation(code)
    assert text.startswith(f"{found.severity}[{code}]\n\n{found.summary}\n\n")
    assert "```" not in text
    assert "#" not in re.sub(r"    .*|`.*?`", "", text)
    for example in found.examples:
        for line in example.text.splitlines():
            assert f"    {line}".rstrip() in text.splitlines()


def test_explain_suggests_what_is_spelt_alike() -> None:
    result = CliRunner().invoke(verbs, ["explain", "dead-ends"])
    assert result.exit_code == 1
    assert "did you mean 'dead-end'?" in result.stderr


def test_explain_is_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archdsl.cli.explain.in_color", lambda stream: True)
    result = CliRunner().invoke(verbs, ["explain", "dead-end"], color=True)
    assert result.stdout.startswith("\x1b[33m\x1b[1mwarning[dead-end]\x1b[0m\n")
    assert "\x1b[31m\x1b[1mWrong\x1b[0m" in result.stdout
    assert "\x1b[32m\x1b[1mRight\x1b[0m" in result.stdout
