"""What the tests share: networks from a few lines of text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from archdsl.graph import Network
from archdsl.pipeline import declared_in, expanded

# The same examples in every run, so that a failure is of the change at hand; asked for more
# examples (ARCHDSL_EXAMPLES), the search is free.
settings.register_profile("steady", derandomize="ARCHDSL_EXAMPLES" not in os.environ)
settings.load_profile("steady")

ROOT = Path(__file__).parent.parent
SMALL = """\
network small(classes=10) "Somebody, 1999"
  input 3x32x32
  conv1: conv 3x3 16 > relu
  maxpool 2x2 > flatten
  fc: fc classes
"""
BROKEN = """\
network broken
  input 3x8x8
  conv 9x9 4 valid
  fc 10
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the files of expected texts")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Under -m "not torch", files that are all about torch are not imported either."""
    if "not torch" not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return True if re.search(r"^pytestmark = \[?pytest\.mark\.torch", text, re.MULTILINE) else None


@pytest.fixture(autouse=True, scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the tests keep between runs is theirs, and gone with them."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def expect(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compares a text with the one in a file; `--accept` writes the file instead."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--accept"):
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"no {path.name} yet: run pytest --accept and read it"
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def made() -> Callable[[str], Network]:
    """Makes the network of a text; without a header, of a body's lines."""

    def make(text: str) -> Network:
        if "network" not in text:
            text = "network test\n" + text
        return expanded(declared_in(text))

    return make


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a good spec, `small.arch`, and one with a mistake, `broken.arch`."""
    (tmp_path / "small.arch").write_text(SMALL)
    (tmp_path / "broken.arch").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path
