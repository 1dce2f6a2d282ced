"""docs/lecture.md shows what its commands print, and its examples are as they say."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from conftest import ROOT

from archdsl.cli import verbs
from archdsl.format import format
from archdsl.modules import Loader
from archdsl.source import Source

PAGE = (ROOT / "docs" / "lecture.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "docs" / "lecture.arch"
ROWS = re.findall(r"^\| (.*) \| (.*) \| `(archdsl .*)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("right", "command"), [(right, line) for _, right, line in ROWS])
def test_what_is_bold_stands_in_the_commands_output(
    right: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    shown = CliRunner().invoke(verbs, command.split()[1:]).stdout
    for bold in re.findall(r"\*\*(.+?)\*\*", right):
        assert re.search(rf"(?<![\d.])(?<!\d,){re.escape(bold)}(?!,?\d|\.\d)", shown), bold


def test_the_page_shows_all_of_its_examples() -> None:
    assert len(ROWS) == PAGE.count("| `archdsl ")
    shown = {line.partition("lecture.arch:")[2] for _, _, line in ROWS} - {""}
    assert shown == {d.definition.name for d in Loader().file(EXAMPLES).own_networks}


def test_the_examples_are_as_they_say_and_tidy() -> None:
    result = CliRunner().invoke(verbs, ["check", str(EXAMPLES)])
    assert (result.exit_code, result.stderr) == (0, "")
    text = EXAMPLES.read_text(encoding="utf-8")
    assert format(Source("lecture.arch", text)) == text
