"""The figures of the papers: parameters, multiply-accumulates, receptive field, depth.

Typed from the project's tables of facts, where each was counted apart from this compiler; what no
table states is left out. `"143.08M"` is what a table has rounded.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from archdsl.library import shipped_networks
from archdsl.measure import measure
from archdsl.pipeline import network

# tests/facts/FAMILY.toml: the networks of specs/FAMILY.arch, "NAME PARAMETER=NUMBER" with other
# values of its parameters
FACTS = {
    name: facts
    for file in sorted((Path(__file__).parent / "facts").glob("*.toml"))
    for name, facts in tomllib.loads(file.read_text(encoding="utf-8")).items()
}

# Shapes of items that the papers or the lecture print.
SHAPES = {
    "lenet5": ["6x28x28", "6x14x14", "16x10x10", "16x5x5", "120x1x1", "84", "10"],
    "strided3": ["100x100x150", "200x50x75", "400x25x38"],
    "mnist_cnn": ["16x28x28", "16x14x14", "32x14x14", "32x7x7", "64x7x7", "64x3x3", "128x1x1"],
    "alexnet": ["96x55x55", "96x27x27", "256x27x27", "256x13x13", "384x13x13", "256x6x6", "4096"],
    "zfnet": ["96x110x110", "96x55x55", "256x26x26", "256x13x13", "384x13x13", "256x6x6"],
    "googlenet": ["64x112x112", "192x56x56", "256x28x28", "480x28x28", "512x14x14", "832x7x7"],
    "resnet50": ["64x112x112", "64x56x56", "256x56x56", "512x28x28", "1024x14x14", "2048x7x7"],
}


@pytest.mark.parametrize("name", FACTS)
def test_the_figures_of_the_papers(name: str) -> None:
    shipped, *settings = name.split()
    values = {key: number(text) for key, text in (setting.split("=") for setting in settings)}
    report = measure(network(shipped, values))
    found = {
        "params": report.params,
        "macs": report.macs,
        "receptive_field": report.receptive_field[0],
        "stride": report.stride[0],
        "weight_layers": report.weight_layers,
        "params_with_heads": report.params_with_heads,
        "macs_with_heads": report.macs_with_heads,
    }
    facts = FACTS[name]
    assert facts == {key: as_printed(found[key], facts[key]) for key in facts}
    assert "params" in FACTS[name]
    assert ("params_with_heads" in FACTS[name]) == (report.params_with_heads != report.params)


def as_printed(count: int, fact: int | str) -> int | str:
    """A count with the unit and the digits of a fact that was rounded."""
    if isinstance(fact, int):
        return count
    unit, digits = fact[-1], len(fact.partition(".")[2]) - 1
    return f"{count / {'M': 1e6, 'G': 1e9}[unit]:.{digits}f}{unit}"


def number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


@pytest.mark.parametrize("name", SHAPES)
def test_the_shapes_of_the_papers_in_their_order(name: str) -> None:
    shapes = iter([str(node.shape) for node in network(name).nodes])
    assert all(shape in shapes for shape in SHAPES[name])


def test_every_shipped_network_has_its_facts() -> None:
    assert {name.split()[0] for name in FACTS} == set(shipped_networks())


def test_lenet5_has_fixed_codes_and_the_papers_connections() -> None:
    found = network("lenet5")
    report = measure(found)
    assert report.fixed == 840
    params = [row.params for row in report.rows if row.params]
    assert params == [156, 12, 1_516, 32, 48_120, 10_164]
