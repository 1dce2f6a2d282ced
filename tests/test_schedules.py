"""`schedule` lines beyond the graph: code, documents, tables, figures and comparisons."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archdsl.api import loads
from archdsl.diff import diff
from archdsl.documents import graph_document, json_of, network_from_json
from archdsl.draw.text import operator_text
from archdsl.format import format
from archdsl.graph import Network
from archdsl.outline import outline
from archdsl.source import Source

TEXT = """\
block unit(c, stride=1) =
  [ conv 3x3/stride c nobias > bn > droppath if (stride == 1 and in.c == c) + (identity or none) ]

network deep(classes=10, drop=0.3)
  input 3x32x32
  unit 8
  features: (unit/2 16x3 > unit/2 32x6)
  avgpool global > flatten
  fc classes
  schedule unit droppath: drop*i / n
"""
Make = Callable[[str], Network]


def test_like_neighbours_are_a_loop_over_i() -> None:
    lines = [line.strip() for line in loads(TEXT).source.splitlines()]
    assert "self.unit = Unit(3, 8, drop * 0 / 10)" in lines
    assert "Unit(8, 16, drop * 1 / 10, stride=2)," in lines
    assert "*(Unit(32, 32, drop * i / 10) for i in range(5, 10))," in lines
    assert "if stride == 1 and in_channels == c:" in lines


@pytest.mark.torch
def test_modules_have_their_probabilities() -> None:
    module = loads(TEXT).module()
    found = {key: part.p for key, part in module.named_modules() if hasattr(part, "p")}
    expected = {f"features.{i - 1}.droppath": 0.3 * i / 10 for i in (2, 3, 5, 6, 7, 8, 9)}
    assert found == expected


def test_a_document_has_them(made: Make) -> None:
    network = made(TEXT)
    again = network_from_json(json_of(graph_document(network)))
    assert [node.op for node in again.nodes] == [node.op for node in network.nodes]
    assert [node.schedule for node in again.nodes] == [node.schedule for node in network.nodes]


def test_uses_are_alike_whatever_their_numbers(made: Make) -> None:
    network = made(TEXT)
    (features,) = (entry for entry in outline(network) if entry.name == "features")
    assert [entry.repeat for entry in features.children] == [1, 2, 1, 5]
    (unit, *_) = (node for node in network.nodes if node.schedule)
    assert operator_text(unit) == "droppath drop*i / n"


def test_a_comparison_tells_another_schedule_and_not_another_depth(made: Make) -> None:
    deeper = made(TEXT.replace("32x6", "32x7"))
    other = made(TEXT.replace("drop*i", "drop/2*i"))
    assert "droppath" not in str(diff(made(TEXT), deeper))
    assert "drop/2*i / n" in str(diff(made(TEXT), other))


def test_it_is_laid_out_as_an_expression() -> None:
    text = TEXT.replace("drop*i / n", "(  drop * i)/n")
    assert (
        format(Source("deep.arch", text)).splitlines()[-1]
        == "  schedule unit droppath: (drop * i)/n"
    )


@pytest.mark.torch
def test_factors_may_be_whole_numbers() -> None:
    text = "network whole\n  input 3x8x8\n  scale 2 > scale > scale\n  schedule scale: i + 1\n"
    factors = [part[0, 0, 0].item() for part in loads(text).module().parameters()]
    assert factors == [1, 2, 3]
