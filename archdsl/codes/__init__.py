"""What the codes of mistakes and warnings mean: a Markdown file for each, which travels along.

A file has a title, `# warning[CODE]`, a sentence, the reason, and a wrong and a right example: a
spec (`arch`), or for what comes from elsewhere commands (`sh`) or Python (`python`).
"""

from __future__ import annotations

import re
from functools import cache as once
from pathlib import Path

from archdsl.diagnostics import did_you_mean, mistake
from archdsl.records import dataclass

FOLDER = Path(__file__).parent
TITLE = re.compile(r"# (error|warning)\[([\w-]+)\]\n\n(.+)\n")
EXAMPLE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """A text that is refused or fine, and its language."""

    kind: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """A code, what it stands for in a sentence, and the file's whole text."""

    code: str
    severity: str
    summary: str
    text: str

    @property
    def examples(self) -> tuple[Example, ...]:
        """The examples in the order of the text, the wrong one first."""
        return tuple(Example(*found) for found in EXAMPLE.findall(self.text))


@once
def codes() -> tuple[str, ...]:
    """All codes, in the order of the alphabet."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.md")))


def explanation(code: str) -> Explanation:
    """What a code means; raises ArchError where there is none of that name."""
    if code not in codes():
        help = did_you_mean(code, codes()) or "'archdsl explain' lists all codes"
        raise mistake("unknown", f"there is no code '{code}'", help=help)
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    title = TITLE.match(text)
    assert title is not None
    return Explanation(title[2], title[1], title[3], text)
