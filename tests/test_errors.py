"""Mistakes: each file of `tests/errors` is refused with the message that stands beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archdsl.diagnostics import ArchError, Diagnostic
from archdsl.expand import expand
from archdsl.modules import Loader
from archdsl.pipeline import asserted
from archdsl.source import Source

CASES = sorted(Path(__file__).parent.joinpath("errors").glob("*.arch"))


def refused(path: Path) -> ArchError:
    """The mistakes of a file: of its tree, or of its networks."""
    found: dict[Diagnostic, None] = {}
    try:
        for declared in Loader().file(path).own_networks:
            try:
                asserted(declared)
            except ArchError as error:
                found.update(dict.fromkeys(error.diagnostics))
    except ArchError as error:
        found.update(dict.fromkeys(error.diagnostics))
    return ArchError(*found)


SLOW = {"limit_steps", "limit_nodes"}  # they walk up to the limit


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.slow] if p.stem in SLOW else [], id=p.stem) for p in CASES],
)
def test_case(
    path: Path, expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)  # messages name a file as seen from the current folder
    error = refused(path)
    assert error.diagnostics, "nothing is refused"
    expect(path.with_suffix(".txt"), f"{error}\n")


def test_every_expected_text_has_its_case() -> None:
    folder = Path(__file__).parent
    for name in ("errors", "language"):
        texts = {path.stem for path in folder.joinpath(name).glob("*.txt")}
        assert texts == {path.stem for path in folder.joinpath(name).glob("*.arch")}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clases": 10}, "did you mean 'classes'"),
        ({"classes": "ten"}, "'classes' is the number 10 by default"),
        ({"classes": 3.5}, "a whole number"),
        ({"classes": 0}, "at least 1"),
        ({"act": "rely"}, "did you mean 'relu'"),
        ({"act": 3}, "is the name 'relu' by default"),
        ({"deep": 1}, "is a condition by default"),
        ({"k": "3x3"}, "is the size 3x3 by default"),
    ],
)
def test_settings_are_refused(settings: dict[str, object], message: str) -> None:
    text = """
    network test(classes=10, act=relu, deep=true, k=3x3)
      input 3x8x8
      conv k 8 > act if (deep) > flatten > fc classes
    """
    declared = Loader().module(Source("test.arch", text)).network()
    with pytest.raises(ArchError, match=message):
        expand(declared, settings)
