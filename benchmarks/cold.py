"""From a cold shell: whole commands beside a bare Python, an `import lark`, and torchinfo."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from timing import archdsl, in_turn, python, spread, table, times_as

from archdsl.library import shipped

RUNS = 5
TORCHINFO = """
import torch, torchinfo, torchvision
with torch.device("meta"):
    model = torchvision.models.googlenet(weights=None)
print(torchinfo.summary(model, (1, 3, 224, 224), device="meta", verbose=0))
"""


def edited(folder: Path) -> None:
    """Write the spec of GoogLeNet as no run has seen it."""
    text = (shipped("specs") / "googlenet.arch").read_text(encoding="utf-8")
    count = sum(1 for _ in folder.glob("edit-*"))
    (folder / f"edit-{count}").touch()
    (folder / "googlenet.arch").write_text(f"{text}# edit {count}\n", encoding="utf-8")


def main() -> None:
    """Print the sections."""
    with TemporaryDirectory() as name:
        folder, cache = Path(name), f"{name}/cache"
        spec = f"{name}/googlenet.arch"

        def changed(verb: str) -> object:
            edited(folder)
            return archdsl(verb, spec, *out, cache=cache)()

        out = ("-o", f"{name}/out.py")
        works = {
            "`python -c pass`": python("-c", "pass"),
            "`python -c 'import lark'`": python("-c", "import lark"),
            "`check`": archdsl("check", "googlenet", cache=cache),
            "`summary`": archdsl("summary", "googlenet", cache=cache),
            "`compile`": archdsl("compile", "googlenet", *out, cache=cache),
            "`compile`, spec edited since": lambda: changed("compile"),
            "`check`, nothing kept": archdsl("check", "googlenet", cache="/dev/null"),
            "`compile`, nothing kept": archdsl("compile", "googlenet", *out, cache="/dev/null"),
            "torch and torchinfo": python("-c", TORCHINFO),
        }
        times = in_turn(works, RUNS)
    lark, summary = times["`python -c 'import lark'`"], times["`summary`"]
    table(
        "From a cold shell",
        f"Whole commands on GoogLeNet, medians of {RUNS} (fastest to slowest), in ms. Targets: "
        "`check` within 2.5x of a Python that imports Lark, `compile` within 3.5x; a script that "
        "imports torch and torchinfo for a summary takes at least 10x as long as `summary`. Where "
        "nothing is kept, Lark's tables are made anew, too.",
        ["command", "ms", "to `import lark`", "to `summary`"],
        ((n, spread(t), times_as(t, lark), times_as(t, summary)) for n, t in times.items()),
    )


if __name__ == "__main__":
    main()
