"""Makes the gallery: docs/gallery.md and the pictures in docs/images. `make docs` runs it."""

from __future__ import annotations

import os
import re
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from archdsl.cli import verbs

DOCS = Path(__file__).parent
ROOT = DOCS.parent
HEAD = """\
# Gallery

The tool made these pictures, and this page: `make docs`. Each command works as it stands in a
clone. `-o` takes a file that ends in `.svg`, `.png`, `.pdf`, `.dot`, `.tex` (TikZ, for papers) or
`.mmd` (Mermaid, for web pages).
"""
PICTURES = {
    "draw googlenet --inset": "A network by its blocks, and what these are made of.",
    "draw resnet50 --inset": "Repeats are one box. An inset says `c` where a block's uses differ.",
    "draw resnet18 --level layer": "Layers, with the norm and the activation behind them.",
    "draw googlenet --level layer --theme dark": "Branches stand in the order of the text. Heads "
    "that exist in training only are dashed.",
    "draw googlenet --expand inception4a": "One block open among closed ones.",
    "draw resnet50:residual": "One block alone, in its first use;",
    "draw resnet50:layer3.1 --direction right": "or the one that bears a label.",
    "draw lenet5 --level op": "Every operator.",
    "draw lenet5 --direction right --theme print": "To the right, in grey for print.",
    "draw alexnet@two_gpus": "What stands on which device.",
    "draw examples/unet.arch": "Skips that nest bend a network into a U.",
    "draw examples/seresnet50.arch:residual": "A gate, which multiplies.",
    "draw vgg16 --color params --show params": "Where the parameters are.",
    "plot": "The zoo: parameters against multiply-accumulates.",
    "plot alexnet vgg16 googlenet resnet50 --kind macs": "What each layer costs,",
    "plot alexnet vgg16 googlenet resnet50 --kind field": "and what it sees of the input.",
}
REFUSED = "draw docs/refused.arch"


def run(words: str, output: Path) -> str:
    """Run a command of archdsl's; answers with what it says of mistakes."""
    said = StringIO()
    with redirect_stderr(said):
        verbs([*words.split(), "-o", str(output)], standalone_mode=False)
    return re.sub(r"^wrote .*\n", "", said.getvalue())


def file(words: str) -> str:
    """The name of a picture: that of the spec, and the options."""
    words = words.removeprefix("draw ")
    return re.sub(r"\W+", "_", words.rpartition("/")[2].replace(".arch", "")) + ".svg"


def pages(images: Path) -> str:
    """Draw all pictures into a folder; answers with the text of the page."""
    parts = [HEAD]
    for words, about in PICTURES.items():
        run(words, images / file(words))
        parts.append(f"## `archdsl {words}`\n\n{about}\n\n![{words}](images/{file(words)})\n")
    message = run(REFUSED, images / file(REFUSED))
    run("draw lenet5", images / "lenet5.mmd")
    mermaid = (images / "lenet5.mmd").read_text(encoding="utf-8")
    (images / "lenet5.mmd").unlink()
    parts += [
        f"## `archdsl {REFUSED}`\n",
        "Of a spec that is refused, what was understood is drawn, and the mistakes in red.\n",
        f"![a refused spec](images/{file(REFUSED)})\n",
        f"```text\n{message}```\n",
        f"## `archdsl draw lenet5 -o lenet5.mmd`\n\n```mermaid\n{mermaid}```\n",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    os.chdir(ROOT)
    (DOCS / "gallery.md").write_text(pages(DOCS / "images"), encoding="utf-8")
