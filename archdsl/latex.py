"""Words as LaTeX reads them."""

from __future__ import annotations

import re

SPECIAL = {
    **{sign: f"\\{sign}" for sign in "{}$&#_%"},
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\textquotedbl{}",
    "`": "\\textasciigrave{}",
    "'": "\\textquotesingle{}",
    "-": "{-}",
    "×": "$\\times$",
    "·": "$\\cdot$",
    "–": "--",
    "…": "\\dots{}",
}
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def escaped(text: str) -> str:
    """A text in which no word of a spec is read as a command."""
    return "".join(SPECIAL.get(sign, sign) for sign in UNPRINTABLE.sub(" ", text))
