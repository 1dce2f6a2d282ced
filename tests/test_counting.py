"""Costs in other units: the tables that show them, and the page that explains them."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from counting import PAGE, page

import archdsl
from archdsl.cli import verbs
from archdsl.counts import CONVENTIONS
from archdsl.measure import measure
from archdsl.pipeline import counted

# One of each kind of column, counted by hand: 16 outputs of 2 weights and a bias, 16 elements.
SMALL = """\
network small
  input 2x4x4
  conv 1x1 1 > bn > relu
  avgpool global > flatten
  side: aux<fc 3>
  fc 2 nobias
"""
ROWS = {
    "macs": [0, 32, 0, 0, 0, 0, 3, 2],
    "fvcore": [0, 32, 32, 0, 16, 0, 3, 2],
    "ptflops": [0, 48, 32, 32, 32, 0, 6, 2],
    "torchinfo": [0, 48, 2, 0, 0, 0, 6, 2],
}


@pytest.mark.parametrize("count", CONVENTIONS)
def test_a_small_network_by_hand(count: str) -> None:
    report = counted(archdsl.loads(SMALL).network, count)
    assert [row.macs for row in report.rows] == ROWS[count]
    assert report.macs_with_heads == sum(ROWS[count])
    assert report.macs == sum(ROWS[count]) - ROWS[count][-2]


def test_the_papers_way_is_the_reports() -> None:
    network = archdsl.load("googlenet").network
    assert counted(network, "macs") == measure(network)


@pytest.mark.parametrize("count", [count for count in CONVENTIONS if count != "macs"])
def test_a_summary_says_in_which_unit_it_counts(count: str) -> None:
    unit = CONVENTIONS[count].unit
    result = CliRunner().invoke(verbs, ["summary", "googlenet", "--count", count])
    head, *lines = result.stdout.splitlines()[1:]
    assert f" {unit}  " in head
    report = counted(archdsl.load("googlenet").network, count)
    assert f" {report.macs_with_heads:,} " in result.stdout
    assert f"heads: {report.params:,} params, {report.macs:,} {unit}\n" in result.stdout
    assert f"costs are {unit}, not the MACs of papers: see docs/counting.md" in lines
    assert archdsl.load("googlenet").summary(count=count) == result.stdout.rstrip("\n")


def test_every_way_can_be_asked_for() -> None:
    result = CliRunner().invoke(verbs, ["summary", "lenet5", "--count", "flops"])
    assert result.exit_code == 2
    assert re.findall(r"'(\w+)'", result.stderr)[-4:] == [*CONVENTIONS]


def test_the_page_is_made_from_them() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "run 'make docs' and read it"
    assert all(f"--count {count}" in text for count in CONVENTIONS if count != "macs")
