"""The grammar at work: declarations, and Lark's tree of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache as once
from functools import lru_cache
from io import BytesIO

from lark import Lark, Token, Tree

from archdsl import cache
from archdsl.library import PACKAGE

DECLARATIONS = ("use", "let", "block", "network")
HEADER = re.compile(r"^[ \t]*(?:use|let|block|network)[ \t]+(?![ \t]*:)", re.MULTILINE)


@once
def grammar() -> Lark:
    """The parser, its tables kept between runs."""
    if tables := cache.read("tables"):
        return Lark.load(BytesIO(tables))
    text = (PACKAGE / "grammar.lark").read_text(encoding="utf-8")
    # Builder knows places by the tokens, all of which it needs for that; Lark takes half as long
    # again to work out what it calls positions.
    made = Lark(text, parser="lalr", keep_all_tokens=True, maybe_placeholders=False)
    made.save(tables := BytesIO())
    cache.write("tables", tables.getvalue())
    return made


@lru_cache(256)
def tree(declaration: str) -> Tree[Token]:
    """Lark's tree of a declaration; most stay as they were between two readings of a file."""
    return grammar().parse(declaration)


def declarations(text: str) -> Iterator[tuple[int, str]]:
    """The text cut before each declaration, so that one mistake does not hide the next."""
    starts = [m.start() for m in HEADER.finditer(text)]
    if not starts or text[: starts[0]].strip():
        starts.insert(0, 0)
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield start, text[start:end]
