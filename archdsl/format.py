"""The one way to lay a spec out: indentation, spaces and columns.

Works on the words of the text, so that nothing is lost that the tree does not hold; the author's
lines are neither joined nor split.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import field

from archdsl.layout import CLOSE, TOKEN, layout
from archdsl.parser import parse
from archdsl.parser.grammar import DECLARATIONS
from archdsl.records import dataclass
from archdsl.source import Source

# Unlike for the layout, a label and a number with an exponent are one word each.
NAME = r"(?P<name>[A-Za-z_][\w.-]*(?:\#0?)?[ \t]*:)|(?P<number>\d[\d.]*[eE][+-]\d+(?![\w.]))|"
WORD = re.compile(NAME + TOKEN, re.VERBOSE)
ROLES = {"name": "label", "label": "label", "string": "string"}
INDENT = 2


@dataclass
class Word:
    """A word; `role` says how it stands to its neighbours, `gap` is the blanks before it."""

    text: str
    role: str  # label, string, word, open, close, comma, sign (blanks around it), tight (none)
    column: int  # in the author's line
    blanks: int  # the author's, before it
    gap: str = ""
    loose: bool = False  # may be pushed to the right, into a column


@dataclass
class Line:
    """A line of the author's that is not blank."""

    words: list[Word] = field(default_factory=list)
    comment: str = ""
    column: int = 0  # the author's indentation
    indent: int = 0
    blank: bool = False  # a blank line stands before it
    header: bool = False  # begins a declaration
    step: bool = True  # begins an item or an argument; otherwise it continues one
    depth: int = 0  # brackets open where it begins

    @property
    def text(self) -> str:
        """The line without its comment."""
        return "".join(word.gap + word.text for word in self.words)


def format(source: Source) -> str:
    """The text of a spec laid out anew; raises ArchError where it does not parse."""
    parse(source)
    lines = read(source)
    align_labels(lines)
    indent_words(lines)
    indent_comments(lines)
    separate(lines)
    align_columns(lines)
    return "".join(render(lines))


def read(source: Source) -> list[Line]:
    """The author's lines, with the spaces between words already set."""
    laid, spacing, lines = layout(source), _Spacing(), [Line()]
    begin = end = 0
    for match in WORD.finditer(source.text):
        kind, text, start, line = match.lastgroup, match.group(), match.start(), lines[-1]
        if kind == "newline":
            if line.words or line.comment:
                lines.append(Line())
            else:
                line.blank = len(lines) > 1
            begin = match.end()
        elif kind == "comment":
            line.comment = text.rstrip()
            line.column = line.column if line.words else start - begin
        elif kind != "space":
            role = "close" if laid[start] == CLOSE else ROLES.get(kind or "", "word")
            text = re.sub(r"[ \t]+:$", ":", text) if role == "label" else text
            word = Word(text, role, start - begin, start - max(begin, end))
            line.column = line.column if line.words else word.column
            spacing.add(line, word, fresh=end == 0 or "\n" in laid[end:start])
            end = match.end()
    return [line for line in lines if line.words or line.comment]


class _Spacing:
    """Sets the gap before each word from the word before it and the bracket around it."""

    def __init__(self) -> None:
        self.modes: list[str] = []  # of the open brackets: chain, args or expr
        self.before: Word | None = None
        self.signature = False  # inside `let NAME<bodies>(params) =`
        self.calculates = False  # behind `assert` or `schedule`, where expressions stand

    @property
    def mode(self) -> str:
        return self.modes[-1] if self.modes else "expr" if self.calculates else "chain"

    def add(self, line: Line, word: Word, *, fresh: bool) -> None:
        if not line.words:
            self.begin(line, word, fresh)
        word.role = self.role(word)
        if line.words and self.before:
            word.gap = self.gap(self.before, word)
            word.loose = word.gap == " "
        if word.role == "open":
            self.modes.append(self.inside(word))
        elif word.role == "close":
            self.modes.pop()
        line.words.append(word)
        self.before = word

    def begin(self, line: Line, word: Word, fresh: bool) -> None:
        line.depth = len(self.modes)
        line.step = fresh or bool(self.modes and self.before and self.before.text in "([<,")
        if fresh:
            self.before = None
            line.header = not self.modes and word.role == "word" and word.text in DECLARATIONS
            self.signature = line.header or (not self.modes and word.text == "rebind")
            self.calculates = (
                not self.modes and word.role == "word" and word.text in ("assert", "schedule")
            )

    def role(self, word: Word) -> str:
        text, chain, signature = word.text, self.mode == "chain", self.signature
        if word.role != "word":
            return word.role
        if text in ("(", "[") or (text == "<" and chain):
            return "open"
        if text in (")", "]"):
            return "close"
        if text in (",", ":"):
            return "comma"
        if text == "=" and not self.modes and not self.calculates:
            self.signature = False
            return "sign" if signature else "tight"
        if chain:
            return {"/": "tight", "=": "tight"}.get(text, "sign" if text in ">|+*" else "word")
        return "tight" if self.mode == "args" and text in (">", "=") else "word"

    def inside(self, word: Word) -> str:
        before = self.before
        if word.text != "(":
            return "chain"
        if self.mode != "chain":
            return "expr"
        if before is None or before.role in ("label", "sign", "open", "comma"):
            return "chain"
        return {"or": "chain", "else": "chain", "if": "expr"}.get(before.text, "args")

    def gap(self, before: Word, word: Word) -> str:
        if before.role == "open" or word.role == "close":
            return " " if before.text == "[" or word.text == "]" else ""
        if word.role == "comma" or "tight" in (before.role, word.role):
            return ""
        if before.role in ("label", "sign", "comma") or word.role == "sign":
            return " "
        if (word.text, word.role) == ("<", "open"):
            return ""
        own = " " if word.blanks else ""
        if self.mode != "chain" or "-" in (before.text, word.text):
            return own
        if word.text != "(" or before.text in ("if", "or", "else"):
            return " "
        # `x(n)` and `x (n)` differ, and so do `f<a>(n)` and `f<a> (n)`.
        return "" if self.signature or before.text == ">" else own


def runs(lines: list[Line], key: Callable[[Line], object]) -> Iterator[list[Line]]:
    """The stretches of adjacent lines that have the same key."""
    run: list[Line] = []
    for line in lines:
        if run and (line.blank or key(line) != key(run[0])):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def align_labels(lines: list[Line]) -> None:
    """Pad the labels that begin adjacent lines to one width."""

    def labels(line: Line) -> bool:
        return len(line.words) > 1 and line.words[0].role == "label"

    for run in runs(lines, lambda line: (labels(line), line.depth, line.step)):
        if not labels(run[0]):
            continue
        width = max(len(line.words[0].text) for line in run)
        for line in run:
            line.words[1].gap = " " * (width - len(line.words[0].text) + 1)
            line.words[1].loose = False


def indent_words(lines: list[Line]) -> None:
    """Indent by declaration, statement and open bracket."""
    contents = [INDENT]  # where lines begin: in a body, and in each open bracket
    statements = [0]  # where the statement begins that is being written there
    for line in (line for line in lines if line.words):
        first = line.words[0]
        branch = first.role == "sign" and first.text != ">"
        if line.header or branch or first.role == "close":
            line.indent = statements[-1] = contents[-1] - INDENT
        elif line.step:
            line.indent = statements[-1] = contents[-1]
        else:
            line.indent = statements[-1] + INDENT
        first.gap = " " * line.indent
        nest(line, contents, line.indent + INDENT * branch)
        statements += [content - INDENT for content in contents[len(statements) :]]
        del statements[len(contents) :]


def nest(line: Line, contents: list[int], base: int) -> None:
    """Follow the brackets of a line; the branch behind a `[` sets the column for the others."""
    column, fixed, opened = 0, 0, []
    for i, word in enumerate(line.words):
        column += len(word.gap)
        if word.role == "open":
            opened.append((base, fixed))
            if word.text == "[" and word is not line.words[-1]:
                base, fixed = column + INDENT, i + 1
            contents.append(base if fixed == i + 1 else base + INDENT)
        elif word.role == "close":
            contents.pop()
            base, fixed = opened.pop() if opened else (base, fixed)
        column += len(word.text)
    for word in line.words[:fixed]:
        word.loose = False  # the column of an open `[` is settled


def indent_comments(lines: list[Line]) -> None:
    """Indent a comment as the line that it precedes."""
    below = Line(header=True)
    for line in reversed(lines):
        if line.words:
            below = line
        elif below.header:
            # What the author indented above a declaration belongs to the body before it.
            line.indent = INDENT * (line.column > below.column)
        else:
            line.indent = below.indent
    first = next((i for i, line in enumerate(lines) if line.words), len(lines))
    for line in lines[:first]:
        line.indent = 0


def separate(lines: list[Line]) -> None:
    """Put a blank line before each declaration, above the comment that introduces it."""
    worded = [i for i, line in enumerate(lines) if line.words]
    for before, here, after in zip([0, *worded], worded, [*worded[1:], None], strict=False):
        if not lines[here].header:
            continue
        words = {lines[i].words[0].text for i in (before, here) if lines[i].header}
        short = after is None or lines[after].header
        top = here
        while top and not (lines[top].blank or lines[top - 1].words or lines[top - 1].indent):
            top -= 1
        adjoins = short and lines[before].header and len(words) == 1
        lines[top].blank = top > 0 and (lines[top].blank or not adjoins)


def align_columns(lines: list[Line]) -> None:
    """Keep several blanks where they put words of adjacent lines into one column."""
    ends = [0] * len(lines)
    places = [(word.column, i, word) for i, line in enumerate(lines) for word in line.words]
    row: list[tuple[int, int, Word]] = []
    # From left to right, so that what stands before a word has found its place already.
    for column, i, word in sorted(places, key=lambda place: place[:2]):
        adjacent = bool(row) and row[-1][:2] == (column, i - 1) and not lines[i].blank
        if not (adjacent and word.loose and row[-1][2].loose):
            place(row, ends)
            row = []
        row.append((column, i, word))
    place(row, ends)


def place(row: list[tuple[int, int, Word]], ends: list[int]) -> None:
    """Give the words of one column their gaps; `ends` is how far each line has come."""
    target = max((ends[i] + len(word.gap) for _, i, word in row), default=0)
    wide = len(row) > 1 and any(word.blanks > 1 for _, _, word in row)
    for _, i, word in row:
        if wide:
            word.gap = " " * (target - ends[i])
        ends[i] += len(word.gap) + len(word.text)


def render(lines: list[Line]) -> Iterator[str]:
    """The lines with their comments, those of adjacent lines in one column."""
    for run in runs(lines, lambda line: bool(line.words and line.comment)):
        width = max(len(line.text) for line in run)
        for line in run:
            text = f"{line.text:<{width}}  " if line.words else " " * line.indent
            yield "\n" * line.blank + (text + line.comment if line.comment else line.text) + "\n"
