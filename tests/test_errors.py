"""Mistakes: each file of `tests/errors` is refused with the message that stands beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archdsl.diagnostics import ArchError, Diagnostic
from archdsl.expand import expand
from archdsl.modules import Loader

CASES = sorted(Path(__file__).parent.joinpath("errors").glob("*.arch"))


def refused(path: Path) -> ArchError:
    """The mistakes of a file: of its tree, or of its networks."""
    found: dict[Diagnostic, None] = {}
    try:
        for declared in Loader().file(path).own_networks:
            try:
                expand(declared)
            except ArchError as error:
                found.update(dict.fromkeys(error.diagnostics))
    except ArchError as error:
        found.update(dict.fromkeys(error.diagnostics))
    return ArchError(*found)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(
    path: Path, expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)  # messages name a file as seen from the current folder
    error = refused(path)
    assert error.diagnostics, "nothing is refused"
    expect(path.with_suffix(".txt"), f"{error}\n")
