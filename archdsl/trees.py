"""Trees of files that have not changed: kept in memory and between runs, else parsed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from archdsl import cache
from archdsl import syntax as s
from archdsl.source import Source


@lru_cache(maxsize=64)
def tree(source: Source, path: Path | None) -> s.Spec:
    """The tree of a text, which is kept between runs where it is that of a file."""
    name = f"tree {path}"
    found = cache.read(name) if path else None
    if isinstance(found, s.Spec) and found.source == source:
        return found
    from archdsl.parser import parse  # Lark takes a third of a cold check to import

    made = parse(source)
    if path:
        cache.write(name, made)
    return made
