"""`# allow: CODE`: what an author has seen and wants no warning of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archdsl.diagnostics import Diagnostic
from archdsl.layout import comments
from archdsl.records import dataclass
from archdsl.source import Source, Span

MARK = "allow:"
CODES = re.compile(r"#+[ \t]*allow:[ \t]*([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)")


@dataclass(frozen=True)
class Allowance:
    """A code that a comment names, and the line that it is for; without one it is for the file."""

    code: str
    span: Span
    line: int | None

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether one of a warning's places lies where this stands for."""
        return diagnostic.code == self.code and any(
            place.source == self.span.source and self.line in (None, place.line)
            for place in diagnostic.places
        )


def allowances(source: Source) -> tuple[Allowance, ...]:
    """What the comments of a spec allow."""
    if MARK not in source.text:
        return ()
    lines = source.text.split("\n")
    code = [i for i, line in enumerate(lines, 1) if line.strip() and not alone(line)]
    return tuple(
        Allowance(name.text, name, covered(comment, code))
        for comment in comments(source)
        for name in names(comment)
    )


def alone(line: str) -> bool:
    """Whether a line is a comment."""
    return line.lstrip().startswith("#")


def covered(comment: Span, code: list[int]) -> int | None:
    """The line that a comment is for: its own, or the next with code; None above all of it."""
    if comment.line < min(code, default=0):
        return None
    return next((line for line in code if line >= comment.line), 0)


def names(comment: Span) -> Iterator[Span]:
    """The codes in a comment."""
    found = CODES.match(comment.text)
    if found:
        start = comment.start + found.start(1)
        for word in re.finditer(r"[\w-]+", found[1]):
            yield Span(comment.source, start + word.start(), start + word.end())
