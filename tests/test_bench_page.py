"""docs/bench.md: its commands are ones, and it tells of each option and column."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from conftest import ROOT

from archdsl.cli.bench import ENGINES, bench
from archdsl.cli.group import verbs
from archdsl.summary.timings import HEADINGS

PAGE = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^archdsl (\w+) (.*)$", PAGE, re.MULTILINE)


def command(verb: str) -> click.Command:
    """A verb by its name."""
    found = verbs.get_command(click.Context(verbs), verb)
    assert found is not None
    return found


@pytest.mark.parametrize(("verb", "line"), COMMANDS)
def test_the_commands_are_understood(verb: str, line: str, folder: Path) -> None:
    for word in line.split():
        if "." in word:
            Path(word).touch()
    context = command(verb).make_context(verb, line.split())
    assert context.params["spec"] == line.split()[0]


def test_both_verbs_are_shown() -> None:
    assert {verb for verb, _ in COMMANDS} == {"bench", "run"}


def test_every_option_column_and_engine_is_told() -> None:
    own = {max(param.opts, key=len) for param in bench.params if isinstance(param, click.Option)}
    told = set(re.findall(r"`(--?[\w-]+)", PAGE))
    assert own - {"--set", "--output"} <= told
    assert {name for name, _ in HEADINGS} - {"contestant"} <= set(re.findall(r"`([^`\n]+)`", PAGE))
    assert set(ENGINES) <= set(re.findall(r"`(\w+)`", PAGE))
