"""Lines and angle brackets, decided before the grammar sees the text.

What a line end or a `>` means depends on its neighbours, which an LALR(1) grammar cannot ask.
So one pass rewrites a spec to a text of the same length: comments and the ends of continued lines
become blanks, and a `>` that closes `< >` becomes `CLOSE`. Offsets stay true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archdsl.diagnostics import mistake
from archdsl.source import Source, Span

CLOSE = "\x02"
MAX_SIZE = 1_000_000  # characters
MAX_NESTING = 60

LABEL = r"(?P<label>[A-Za-z_][\w.-]*\#0?[ \t]*:)|"
REST = r"""(?P<string>"[^"\n]*")|(?P<comment>\#[^\n]*)|(?P<newline>\r?\n)|(?P<bracket>[][()<>])
    |(?P<space>[ \t\f]+)|(?P<other>[\w.@]+|.)"""
TOKEN = LABEL + REST
# Words in a row are one token here: nothing is decided between them.
WORDS = r"(?P<words>[\w.@/:-]++(?:[ \t\f]++[\w.@/:-]++)*(?!\#))|"
TOKENS = re.compile(LABEL + WORDS + REST, re.VERBOSE)
OPENING = {"(": ")", "[": "]", "<": ">"}
# A `>` closes where no unit follows it on its line, or `(` follows without a space.
CHAINS = re.compile(r"[ \t]*(?!(?:if|else|or)\b|x\d|x\()[A-Za-z_@\[]|[ \t]+\(")
SURROGATE = re.compile("[\ud800-\udfff]")
COMPARES = re.compile(r"[ \t]*[=<]")
ASSERT = re.compile(r"assert\b(?![ \t]*:)")  # the word, and not a label
IF = re.compile(r"(?<![\w.@])if\Z")


def layout(source: Source) -> str:
    """Rewrite a spec for the grammar; refuses what is too large or nested too deeply."""
    text = source.text
    if len(text) > MAX_SIZE:
        raise mistake("limit", f"the file is larger than {MAX_SIZE:,} characters")
    if (half := SURROGATE.search(text)) is not None:
        span = Span(source, half.start(), half.end())
        raise mistake("syntax", "half a character (a lone surrogate) cannot stand in a spec", span)
    scan = _Scan(source)
    scan.run()
    return "".join(scan.out) + "\n"


def comments(source: Source) -> Iterator[Span]:
    """Where comments stand in a spec."""
    for match in TOKENS.finditer(source.text):
        if match.lastgroup == "comment":
            yield Span(source, match.start(), match.end())


class _Scan:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.out: list[str] = []
        self.open: list[tuple[str, int]] = []
        self.newlines: list[int] = []  # places in `out` of line ends since the last word
        self.continues = False  # the last word was one after which a line goes on
        self.last = ""  # the last words or sign
        self.condition = 0  # the depth of the `( )` behind an `if`, in which `<` and `>` compare
        self.asserts = False  # the line is an `assert`, in which they compare too

    def run(self) -> None:
        for match in TOKENS.finditer(self.source.text):
            word, kind = match.group(), match.lastgroup
            if kind == "space":
                self.out.append(word)
            elif kind == "words" and not self.newlines and not self.continues:  # as most are
                self.last = word
                self.out.append(word)
            elif kind == "comment":
                self.out.append(" " * len(word))
            elif kind == "newline":
                self.newlines.append(len(self.out))
                self.out.append(word)
            else:
                self.word(word, kind or "", match.start(), match.end())
        if self.open and self.open[-1][0] != "<":
            sign, start = self.open[-1]
            raise mistake(
                "syntax",
                f"this '{sign}' is never closed",
                Span(self.source, start, start + 1),
                help=f"add the missing '{OPENING[sign]}'",
            )

    def word(self, word: str, kind: str, start: int, end: int) -> None:
        if word < " " or word == "\x7f":
            span = Span(self.source, start, end)
            raise mistake("syntax", "a control character cannot stand in a spec", span)
        if word == '"':
            span = Span(self.source, start, end)
            raise mistake("syntax", "this string does not end on its line", span)
        if self.continues or (word in (">", "|", "+", "*", ")", "]") and kind != "string"):
            for place in self.newlines:
                self.out[place] = " " * len(self.out[place])
        elif self.newlines:
            self.asserts = not self.open and bool(ASSERT.match(self.source.text, start))
        self.newlines.clear()
        self.continues = word in ("(", "[", "<", ",", "=")
        if kind == "bracket":
            word = self.bracket(word, start, end)
        self.last = word
        self.out.append(word)

    def bracket(self, sign: str, start: int, end: int) -> str:
        if sign in OPENING:
            # `a <= b` and `a < b` compare; what was pushed for the latter goes with its `)`.
            compares = self.condition or self.asserts or COMPARES.match(self.source.text, end)
            if sign == "<" and compares:
                return sign
            self.open.append((sign, start))
            if IF.search(self.last) and not self.condition:
                self.condition = len(self.open)
            if len(self.open) > MAX_NESTING:
                span = Span(self.source, start, end)
                raise mistake("limit", f"brackets are nested deeper than {MAX_NESTING}", span)
        elif sign == ">":
            return self.angle(end)
        else:
            while self.open and self.open[-1][0] == "<":
                self.open.pop()
            if not self.open or OPENING[self.open[-1][0]] != sign:
                span = Span(self.source, start, end)
                raise mistake("syntax", f"this '{sign}' closes nothing", span)
            self.open.pop()
            if len(self.open) < self.condition:
                self.condition = 0
        return sign

    def angle(self, end: int) -> str:
        if self.open and self.open[-1][0] == "<" and not CHAINS.match(self.source.text, end):
            self.open.pop()
            return CLOSE
        return ">"
