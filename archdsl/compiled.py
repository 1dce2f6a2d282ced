"""Compiled networks, kept between runs as long as the files that they were read from stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from archdsl import cache, library
from archdsl.diagnostics import ArchError, Diagnostic
from archdsl.records import dataclass
from archdsl.source import Source


@dataclass(frozen=True, eq=False)
class Compiled:
    """A network's PyTorch source, its warnings, and the texts that both were made from."""

    name: str
    source: str
    warnings: tuple[Diagnostic, ...]
    texts: Mapping[Path, Source]

    @property
    def current(self) -> bool:
        """Whether the files still hold these texts, by the names that messages show."""
        with suppress(ArchError):
            return all(library.read(path) == text for path, text in self.texts.items())
        return False


def entry(target: library.Target, settings: Mapping[str, Any], passes: Sequence[str] | None) -> str:
    """What the cache calls a network with its settings, and the passes that rewrite it."""
    file = f"{target.path.resolve()}:{target.network}"
    return f"compiled {file} {sorted(settings.items())} {passes}"


def kept(
    target: library.Target, settings: Mapping[str, Any], passes: Sequence[str] | None
) -> Compiled | None:
    """What was compiled before, if it would be the same today."""
    found = cache.read(entry(target, settings, passes))
    return found if isinstance(found, Compiled) and found.current else None


def keep(
    made: Compiled,
    target: library.Target,
    settings: Mapping[str, Any],
    passes: Sequence[str] | None,
) -> None:
    """Keep what was compiled."""
    cache.write(entry(target, settings, passes), made)
