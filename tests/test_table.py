"""Tables look alike whether their texts are lined up here or laid out by Rich."""

from __future__ import annotations

import re

import pytest

from archdsl import pipeline
from archdsl.summary.table import GAP, Table, styled

COLORS = re.compile(r"\x1b\[[\d;]*m")


def example() -> Table:
    made = Table([("name", False), ("params", True), ("what it is", False)])
    made.add_row("conv1", "9,408", styled("conv 7x7 64 /2", "dim"))
    made.add_row("  größe", "", "層")
    made.add_section()
    made.add_row("total", "9,408", "", style="bold")
    return made


@pytest.mark.parametrize("color", [False, True])
def test_lined_up_and_laid_out_are_the_same(color: bool) -> None:
    made = example()
    lines = [list(made.lined_up(made.widths(), color)), list(made.laid_out(80, color))]
    mine, richs = ("\n".join(line.rstrip() for line in each).rstrip() for each in lines)
    assert mine == richs


@pytest.mark.parametrize("color", [False, True])
def test_what_just_fits_is_not_cut(color: bool) -> None:
    made = example()
    whole = sum(made.widths()) + 2 * len(GAP)
    assert made.drawn(color, whole) == made.drawn(color, None)
    narrow = COLORS.sub("", made.drawn(color, whole - 1))
    assert "…" in narrow
    assert max(map(len, narrow.splitlines())) < whole


def test_a_summary_is_cut_to_its_terminal() -> None:
    network = pipeline.network("googlenet")
    assert "…" not in pipeline.summary(network)
    narrow = pipeline.summary(network, width=60)
    assert all(len(line) <= 60 for line in narrow.split("\n\n")[0].splitlines()[1:])
