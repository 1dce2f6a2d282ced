"""The network as nested entries: what folds, what stays apart, and that nothing is lost."""

from __future__ import annotations

import pytest

from archdsl.expand import expand
from archdsl.graph import Network
from archdsl.library import shipped_networks
from archdsl.modules import Loader
from archdsl.outline import Entry, outline
from archdsl.source import Source

UNIT = """
let basic(c, stride=1)
  conv 3x3/stride c nobias > bn > relu
  conv 3x3 c nobias > bn
block unit<body> = [ body + (identity or shortcut: (conv 1x1/_ _ nobias > bn)) ] > relu
"""


def network(text: str) -> Network:
    """The last network of a text."""
    module = Loader().module(Source("test.arch", text))
    return expand(list(module.networks.values())[-1])


def names(entries: tuple[Entry, ...]) -> list[tuple[str, int]]:
    """Names and repeats of entries."""
    return [(entry.name, entry.repeat) for entry in entries]


def test_a_stage_folds_behind_its_first_copy() -> None:
    net = network(UNIT + "network n\n  input 8x8x8\n  stage: unit<basic/2 16x4>\n  conv 1x1 10")
    stage = outline(net)[1]
    assert names(stage.children) == [("0", 1), ("1", 3)]
    first, rest = stage.children
    assert (first.size, rest.size, len(rest.indices)) == (9, 7, 21)
    assert rest.path == "stage.1"
    assert rest.shape == (16, 4, 4)
    assert [node.index for node in rest.nodes()] == list(rest.indices)[:7]


def test_decisions_leave_no_level() -> None:
    net = network(UNIT + "network n\n  input 8x8x8\n  unit<basic/2 16>")
    assert names(outline(net)[1].children)[-3:] == [("shortcut", 1), ("add", 1), ("relu_2", 1)]


def test_operators_fold_too() -> None:
    net = network("network n\n  input 8x8x8\n  (conv 3x3 8) x3\n  conv 3x3 16")
    assert names(outline(net)) == [("input", 1), ("conv", 3), ("conv_4", 1)]


def test_branches_side_by_side_do_not_fold() -> None:
    net = network("network n\n  input 8x8x8\n  [ conv 3x3 8 + conv 3x3 8 ]")
    assert [repeat for _, repeat in names(outline(net))] == [1, 1, 1, 1]


def test_copies_that_are_no_chain_stay_apart() -> None:
    text = "block b = [ conv 3x3 8 + conv 1x1 8 ]\nnetwork n\n  input 8x8x8\n"
    assert names(outline(network(text + "  [ b + b ]")))[1:3] == [("b", 1), ("b_2", 1)]
    assert names(outline(network(text + "  b x2")))[1:] == [("b", 2)]


def test_devices_and_heads_keep_copies_apart() -> None:
    net = network("network n\n  input 8x8x8\n  on 0<conv 3x3 8>\n  on 1<conv 3x3 8>")
    assert len(outline(net)) == 3
    net = network("network n\n  input 8x8x8\n  conv 3x3 8\n  aux<conv 3x3 8>\n  conv 3x3 8")
    assert len(outline(net)) == 4


@pytest.mark.parametrize("name", shipped_networks())
def test_every_operator_stands_in_one_entry(name: str) -> None:
    net = expand(Loader().file(shipped_networks()[name]).networks[name])

    def indices(entries: tuple[Entry, ...]) -> list[int]:
        found: list[int] = []
        for entry in entries:
            inner = indices(entry.children) or [entry.start]
            assert len(inner) == entry.size
            for copy in range(entry.repeat):
                found += [i + copy * entry.size for i in inner]
        return found

    assert indices(outline(net)) == [node.index for node in net.nodes]
    assert outline(net) == outline(net)
