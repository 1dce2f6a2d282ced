"""Makes compare.md and its pictures: networks side by side. `make docs` runs it."""

from __future__ import annotations

import os
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from textwrap import fill

from archdsl.cli import verbs

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PAGE = DOCS / "compare.md"
IMAGES = DOCS / "images" / "diff"
HEAD = """\
# Compare

`archdsl diff SPEC SPEC` says what was added (`+`), removed (`-`) and changed (`~`) from one network
to the other, and by how much parameters, multiply-accumulates and activations grow. Items are
paired in their order: blocks first, then, with `--level layer`, what stands in blocks that differ.
Rows add up to the last one; the rows within a block count one copy. `sees/stride` is the receptive
field behind an item and the step between its positions, in pixels of the input.

`-o` draws both networks in one picture, as `.svg`, `.png`, `.pdf`, `.dot`, `.tex` or `.mmd`, and
`--json` prints a document (`archdsl show --schema diff`). The tool made this page: `make docs`.
"""
EXAMPLES = {
    "alexnet zfnet": "ZFNet looks closer at the input: 7x7 in steps of 2 where AlexNet has 11x11 "
    "in steps of 4. Its second convolution takes the other step, the two towers are one, and "
    "normalisation stands behind the pools.",
    "vgg16 vgg19": "VGG-19 is VGG-16 with a fourth convolution in each of the last three stages. "
    "What stands behind them has other numbers, and so other keys in the state_dict.",
    "examples/naive_inception.arch examples/reduced_inception.arch": "Inception without "
    "and with reductions: a 1x1 before the 3x3 and before the 5x5, which are the same "
    "layers on fewer maps, and one behind the pool. A third of the work is left.",
    "resnet50 resnet50@torchvision --level layer": "The same parameters: torchvision's have the "
    "stride on the 3x3 and not on the 1x1 before it. That costs 231 million multiply-accumulates "
    "and, since each of these 3x3s now looks before the step and not behind it, 56 pixels of the "
    "receptive field.",
}
FOOT = """\
## Since the last commit

A spec may be a file of a git revision, as git names it: `REV:FILE` or `REV:FILE:NETWORK`.

```
archdsl diff HEAD:nets/my.arch nets/my.arch
archdsl diff v1.0:nets/my.arch:small main:nets/my.arch:small
```

`FILE` starts at the top of the repository, or in the current folder if it begins with `./`. What
the file brings in by `use` is that of the revision too. It has to end in `.arch`; a network's
variant, `googlenet@torchvision`, and `path.arch:network` are no revisions.

The exit code is 0 where the networks are the same, 1 where they differ or one is refused, and 2
for wrong usage. "The same" means the same operators with the same arguments, wired alike, in the
same blocks, under the same keys of the state_dict, with the same outputs and `init` lines.
"""


def told(words: str) -> str:
    """What `archdsl diff` prints."""
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(StringIO()):
        verbs(["diff", *words.split()], standalone_mode=False)
    return said.getvalue()


def file(words: str) -> str:
    """The name of an example's picture."""
    names = [Path(word).stem.replace("@", "_") for word in words.split()[:2]]
    return f"{'_'.join(names)}.svg"


def page(images: Path) -> str:
    """Draw all pictures into a folder; answers with the text of the page."""
    parts = [HEAD]
    for words, about in EXAMPLES.items():
        text = told(f"{words} -o {images / file(words)}")
        parts.append(f"## `archdsl diff {words}`\n\n{fill(about, 100)}\n\n```text\n{text}```\n")
        parts.append(f"![{words}](images/diff/{file(words)})\n")
    return "\n".join([*parts, FOOT])


if __name__ == "__main__":
    os.chdir(ROOT)
    PAGE.write_text(page(IMAGES), encoding="utf-8")
