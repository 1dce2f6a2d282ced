"""Writes messages.md: every mistake and warning, with what is said of its wrong example."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from archdsl.cli.check import checked
from archdsl.codes import Example, Explanation, codes, explanation
from archdsl.diagnostics import render

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "messages.md"
INTRO = """\
# Messages

What `archdsl check` and its siblings say, code by code; `archdsl explain CODE` prints the same in
a terminal. Warnings are of what is legal and probably wrong, and
[`# allow: CODE`](language.md#warnings) in a spec silences them. Errors have to be mended.

This page is made by `make docs` from the files in `archdsl/codes`.
"""
# What a machine lacks on which these are told.
LACKING = {
    "graphviz": "import os, sys; sys.modules['pygraphviz'] = None; os.environ['PATH'] = ''",
    "matplotlib": "import sys; sys.modules['matplotlib'] = None",
    "engine": "import sys; sys.modules['openvino'] = None",
    "torch": "import sys; sys.modules['torch'] = None",
}
PYTHON = """\
{lacking}
import sys
from archdsl.diagnostics import ArchError
try:
    exec(sys.argv[1])
except ArchError as error:
    print(error, file=sys.stderr)
"""
SHELL = """\
archdsl() {{ "{python}" -c "{lacking}
from archdsl.cli import main
main()" "$@"; }}
"""


def said(code: str, example: Example) -> str:
    """What is said of an example: its messages, and nothing where it is fine."""
    with TemporaryDirectory() as folder, chdir(folder):
        if example.kind == "arch":
            Path("example.arch").write_text(example.text, encoding="utf-8")
            return render(checked(("example.arch",), {}, quiet=True))
        lacking = LACKING.get(code, "")
        if example.kind == "python":
            words = [sys.executable, "-c", PYTHON.format(lacking=lacking), example.text]
        else:
            shell = SHELL.format(python=sys.executable, lacking=lacking)
            words = ["bash", "-c", shell + example.text]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
        return "" if done.stderr.startswith("wrote ") else done.stderr.strip()


def page() -> str:
    """The page."""
    found = [explanation(code) for code in codes()]
    parts = [INTRO]
    for title, severity in (("Warnings", "warning"), ("Errors", "error")):
        parts.append(f"## {title}\n")
        parts += [section(each) for each in found if each.severity == severity]
    return "\n".join(parts)


def section(explained: Explanation) -> str:
    """A code's part: its file, with the message behind the wrong example."""
    wrong, _ = explained.examples
    body = explained.text.partition("\n\n")[2]
    shown = f"```{wrong.kind}\n{wrong.text}```\n"
    told = f"{shown}\n```text\n{said(explained.code, wrong)}\n```\n"
    body = body.replace(shown, told, 1).replace("\n## Wrong", "\nWrong:")
    return f"### {explained.code}\n\n{body.replace(chr(10) + '## Right', chr(10) + 'Right:')}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
