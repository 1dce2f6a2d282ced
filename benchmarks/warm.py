"""In process, warm: each stage, and the whole beside torchvision and torchinfo."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import torch
import torchinfo
import torchvision
from timing import in_turn, spread, table, times_as

from archdsl import pipeline
from archdsl.modules import DeclaredNetwork
from archdsl.parser import parse
from archdsl.parser.grammar import tree
from archdsl.source import Source

RUNS = 15
EDITS = count()  # no text is seen twice
# With torchvision's model that is the same, where there is one.
NAMES = {
    "googlenet": "",
    "googlenet@torchvision": "googlenet",
    "resnet152@torchvision": "resnet152",
}


def works(name: str, theirs: str) -> dict[str, Callable[[], object]]:
    """What is timed for a network."""
    declared = pipeline.declared(name)
    network = pipeline.asserted(declared)
    source = declared.module.spec.source
    on_meta = torch.device("meta")

    def built() -> Any:
        with on_meta:
            return getattr(torchvision.models, theirs)(weights=None)

    def compiled(declared: DeclaredNetwork) -> None:
        network = pipeline.asserted(declared)
        pipeline.warnings(declared.module, {declared: network})
        pipeline.generated(declared, network, {}, None)

    def edited() -> str:
        """The text with another title of the network: one declaration is not as it was."""
        title = f'"{declared.definition.about}'
        return source.text.replace(title, f"{title} {next(EDITS)}")

    def new() -> str:
        """A text of which nothing is known yet."""
        tree.cache_clear()
        return edited()

    found: dict[str, Callable[[], object]] = {
        "parse, new text": lambda: parse(Source(name, new())),
        "parse, text edited": lambda: parse(Source(name, edited())),
        "parse, tree kept": lambda: pipeline.declared(name),
        "expand": lambda: pipeline.expanded(declared),
        "check": lambda: pipeline.warnings(declared.module, {declared: network}),
        "generate": lambda: pipeline.generated(declared, network, {}, None),
        "**all, tree kept**": lambda: compiled(pipeline.declared(name)),
        "**all, text edited**": lambda: compiled(pipeline.declared_in(edited(), name)),
        "**all, new text**": lambda: compiled(pipeline.declared_in(new(), name)),
        "**spec to summary**": lambda: pipeline.summary(pipeline.network(name)),
    }
    if theirs:
        model = built()
        found["torchvision builds it on `meta`"] = built
        found["torchinfo, of the built model"] = lambda: str(
            torchinfo.summary(model, (1, 3, 224, 224), device="meta", verbose=0)
        )
    return found


def main() -> None:
    """Print the section."""
    torch.set_num_threads(1)
    found = {name: in_turn(works(name, theirs), RUNS) for name, theirs in NAMES.items()}
    kept, edited, new = "**all, tree kept**", "**all, text edited**", "**all, new text**"
    summary = "**spec to summary**"
    vision, info = "torchvision builds it on `meta`", "torchinfo, of the built model"
    rows: list[tuple[str, ...]] = [
        (work, *(spread(times[work]) if work in times else "" for times in found.values()))
        for work in dict.fromkeys(work for times in found.values() for work in times)
    ]
    ratios = (
        ("torchvision to all, tree kept", vision, kept),
        ("torchvision to all, text edited", vision, edited),
        ("torchvision to all, new text", vision, new),
        ("torchinfo to summary", info, summary),
    )
    for text, other, own in ratios:
        ratio = (times_as(t[other], t[own]) if other in t else "" for t in found.values())
        rows.append((text, *ratio))
    table(
        "In process, warm",
        f"Medians of {RUNS} (fastest to slowest), in ms. Targets: all in 15 and 30 ms, and faster "
        "than torchvision builds the same; a summary at least 5x faster than torchinfo's. In an "
        "edited text one declaration is not as it was, and of a new text nothing is known.",
        ["work", *NAMES],
        rows,
    )


if __name__ == "__main__":
    main()
