"""Writes the table of counting.md: some networks, counted in each way. `make docs` runs it."""

from __future__ import annotations

import re
from pathlib import Path

from archdsl.counts import CONVENTIONS
from archdsl.pipeline import counted, network

PAGE = Path(__file__).parent / "counting.md"
NETWORKS = (
    "lenet5",
    "alexnet",
    "vgg16",
    "googlenet",
    "googlenet@torchvision",
    "resnet50",
    "resnet50@torchvision",
    "efficientnet_lite0",
)
TABLE = re.compile(r"(<!-- made by .* -->\n).*(<!-- end -->\n)", re.DOTALL)


def page(text: str) -> str:
    """The page with its table made anew."""
    units = [convention.unit for convention in CONVENTIONS.values()]
    heads = ["network", units[0], "PyTorch's flops", *units[1:]]
    lines = [heads, ["---", *["---:"] * len(units), "---:"], *map(line, NETWORKS)]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    return TABLE.sub(lambda found: f"{found[1]}{table}{found[2]}", text)


def line(name: str) -> list[str]:
    """A network's costs in each way, PyTorch's second."""
    made = network(name)
    macs, *others = (counted(made, count).macs for count in CONVENTIONS)
    return [f"`{name}`", *(f"{cost:,}" for cost in (macs, 2 * macs, *others))]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
