"""Mistakes and warnings as data, and the frame in which they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from archdsl.records import dataclass
from archdsl.source import Span


@dataclass(frozen=True)
class Note:
    """A second place that explains the first, such as where a shape came from."""

    span: Span
    message: str


@dataclass(frozen=True)
class Diagnostic:
    """One mistake or warning: what, where, what else to look at, and how to mend it."""

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    notes: tuple[Note, ...] = ()
    path: str = ""
    help: str = ""
    severity: Literal["error", "warning"] = "error"

    @property
    def places(self) -> tuple[Span, ...]:
        """Every place that it points at, its own first."""
        return (*([self.span] if self.span else []), *(note.span for note in self.notes))


class ArchError(Exception):
    """One or more mistakes in a spec, or in how a spec was asked for."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.diagnostics: tuple[Diagnostic, ...] = diagnostics

    def __str__(self) -> str:
        return render(self.diagnostics)


def mistake(code: str, message: str, span: Span | None = None, **more: object) -> ArchError:
    """An error that carries a single diagnostic."""
    return ArchError(Diagnostic(code, message, span, **more))  # type: ignore[arg-type]


def warning(code: str, message: str, span: Span | None, **more: object) -> Diagnostic:
    """What is legal and probably wrong."""
    return Diagnostic(code, message, span, severity="warning", **more)  # type: ignore[arg-type]


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """A suggestion for a misspelt name, or nothing."""
    from difflib import get_close_matches

    known = sorted(set(options))
    alike = [option for option in known if option.lower() == name.lower()]
    close = alike or get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""


def known(code: str, what: str, word: str, words: Iterable[str]) -> None:
    """Refuse a word that is none of those there are."""
    if word not in words:
        help = did_you_mean(word, words) or f"one of {', '.join(words)}"
        raise mistake(code, f"there is no {what} '{word}'", help=help)


PALETTE = {"error": "1;31", "warning": "1;33", "place": "1;34", "help": "1;32"}


def render(diagnostics: Sequence[Diagnostic], *, color: bool = False) -> str:
    """All diagnostics as text, each in its frame, with a blank line between them."""
    return "\n\n".join(frame(diagnostic, color=color) for diagnostic in diagnostics)


def frame(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """One diagnostic: heading, place, underlined source, notes and help."""

    def paint(text: str, role: str) -> str:
        return f"\x1b[{PALETTE[role]}m{text}\x1b[0m" if color else text

    kind = paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity)
    heading = f"{kind}: {printable(diagnostic.message)}"
    places = [(diagnostic.span, diagnostic.label, "^")] if diagnostic.span else []
    places += [(last, "", "^") for last in last_lines(diagnostic)]
    places += [(note.span, note.message, "-") for note in diagnostic.notes]
    width = max((len(str(span.line)) for span, _, _ in places), default=1)
    lines = [heading]
    name, line = None, None
    for span, message, mark in places:
        if span.source.name != name:
            arrow = paint(" " * width + "-->", "place")
            lines += [f"{arrow} {printable(str(span))}", paint(" " * width + " |", "place")]
            name, line = span.source.name, None
        shown = excerpt(span, message, mark, width, lambda text: paint(text, "place"))
        lines += shown[1:] if shown[0] == line else shown  # marks on one line share it
        line = shown[0]
    if diagnostic.path:
        lines.append(paint(" " * width + " = ", "place") + f"in: {printable(diagnostic.path)}")
    if diagnostic.help:
        lines.append(
            paint(" " * width + " = ", "place")
            + paint("help", "help")
            + f": {printable(diagnostic.help)}"
        )
    return "\n".join(lines)


def last_lines(diagnostic: Diagnostic) -> list[Span]:
    """The last line of what is wrong, where that is another one which no note shows."""
    span = diagnostic.span
    if span is None or "\n" not in span.text.rstrip():
        return []
    text = span.text.rstrip()
    tail = text.rpartition("\n")[2].lstrip()
    end = span.start + len(text)
    last = Span(span.source, end - len(tail), end)
    shown = [(note.span.source, note.span.line) for note in diagnostic.notes]
    return [] if (last.source, last.line) in shown else [last]


def excerpt(
    span: Span, message: str, mark: str, width: int, paint: Callable[[str], str]
) -> list[str]:
    """The source line of a span with the span underlined."""
    text = span.source.line(span.line)
    before = text[: span.column - 1]
    length = max(1, min(span.end - span.start, len(text) - len(before)))
    # Long lines are shown around the place, so that a frame stays readable.
    shift = max(0, len(before) - 60) if len(text) > 100 else 0
    shown = printable(text[shift : shift + 100])
    shown = f"…{shown[1:]}" if shift else shown
    shown = f"{shown[:-1]}…" if len(text) > shift + 100 else shown
    pad = " " * len(printable(text[shift : span.column - 1]))
    length = min(length, max(1, 100 - len(before) + shift))
    return [
        f"{paint(f'{span.line:>{width}} |')} {shown}",
        f"{paint(' ' * width + ' |')} {pad}{mark * length} {printable(message)}".rstrip(),
    ]


def printable(text: str) -> str:
    """Text without control characters, so that a spec cannot steer the terminal."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "\ufffd" for c in text)
