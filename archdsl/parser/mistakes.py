"""Syntax mistakes in the author's terms."""

from __future__ import annotations

from functools import cache as once

from lark import UnexpectedInput

from archdsl.diagnostics import Diagnostic, did_you_mean
from archdsl.layout import CLOSE
from archdsl.lessons import CHARACTERS, EXAMPLES
from archdsl.parser.grammar import DECLARATIONS, grammar
from archdsl.source import Source, Span


@once
def lessons() -> dict[tuple[object, str], str]:
    """The lesson of each place where an example stops the parser."""
    found: dict[tuple[object, str], str] = {}
    for lesson, examples in EXAMPLES.items():
        for example in examples:
            try:
                grammar().parse(example.replace("!", CLOSE))
            except UnexpectedInput as error:
                found.setdefault(stop(error), lesson)
    return found


def stop(error: UnexpectedInput) -> tuple[object, str]:
    """Where the parser stopped: its state, and the kind of word that does not fit."""
    state = getattr(error.state, "position", error.state)
    token = getattr(error, "token", None)
    return state, token.type if token is not None else str(getattr(error, "char", ""))


def explain(source: Source, offset: int, chunk: str, error: UnexpectedInput) -> Diagnostic:
    """A syntax mistake in the author's terms."""
    start = min(offset + (error.pos_in_stream or 0), len(source.text))
    token = getattr(error, "token", None)
    word = str(token) if token is not None else chunk[error.pos_in_stream or 0 :][:1]
    word = ">" if word == "\x02" else word
    if not word.strip() or (token is not None and token.type == "$END"):
        # The mistake shows only at the line's end: point at the last word there is.
        start = len(source.text[:start].rstrip())
        start = max(start - 1, 0)
        span, what = Span(source, start, start + 1), "the line ends too soon"
    else:
        span = Span(source, start, start + max(1, len(word.rstrip())))
        what = f"'{word.strip()}' cannot stand here"
    taught = lessons().get(stop(error)) or CHARACTERS.get(word[:1], "")
    first = chunk.split(None, 1)[0] if chunk.strip() else ""
    hint = ""
    if offset == 0 and first not in DECLARATIONS:
        taught = "a file consists of declarations: use, let, block, network"
        hint = did_you_mean(first, DECLARATIONS)
    return Diagnostic("syntax", f"{what}: {taught}" if taught else what, span, help=hint)


def too_deep(source: Source, offset: int, chunk: str) -> Diagnostic:
    """What is said of an expression that Python's stack cannot hold."""
    start = offset + len(chunk) - len(chunk.lstrip())
    span = Span(source, start, offset + len(chunk.rstrip()))
    return Diagnostic("limit", "an expression in this declaration is too long or too deep", span)
