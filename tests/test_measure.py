"""Figures of small networks, counted by hand, and sums that must hold for all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archdsl.graph import Network
from archdsl.library import shipped_networks
from archdsl.measure import measure
from archdsl.pipeline import network

Make = Callable[[str], Network]


def test_a_small_network_by_hand(made: Make) -> None:
    report = measure(
        made("""
        input 3x8x8
        conv 3x3 4
        bn > relu
        maxpool 2x2
        flatten
        fc 10 nobias""")
    )
    assert [row.params for row in report.rows] == [0, 3 * 9 * 4 + 4, 8, 0, 0, 0, 640]
    assert [row.macs for row in report.rows] == [0, 64 * 4 * 27, 0, 0, 0, 0, 640]
    assert [row.buffers for row in report.rows] == [0, 0, 4 + 4 + 1, 0, 0, 0, 0]
    assert [row.elements for row in report.rows] == [0, 256, 256, 256, 64, 64, 10]
    assert (report.params, report.macs, report.elements) == (760, 7552, 906)
    assert (report.receptive_field, report.stride) == ((4, 4), (2, 2))
    assert report.weight_layers == 2
    assert [str(shape) for shape in (*report.inputs, *report.outputs)] == ["3x8x8", "10"]


@pytest.mark.parametrize("name", shipped_networks())
def test_columns_sum_to_totals(name: str) -> None:
    report = measure(network(name))
    used = [row for row in report.rows if not row.training_only]
    assert report.params == sum(row.params for row in used)
    assert report.params_with_heads == sum(row.params for row in report.rows)
    assert report.macs == sum(row.macs for row in used)
    assert report.macs_with_heads == sum(row.macs for row in report.rows)
    assert report.elements == sum(row.elements for row in used)


def test_heads_count_in_training_only(made: Make) -> None:
    report = measure(
        made("""
        input 4
        fc 5 nobias
        aux<fc 7 nobias>(weight=0.3)
        fc 2 nobias""")
    )
    assert (report.params, report.params_with_heads) == (20 + 10, 20 + 35 + 10)
    assert (report.macs, report.macs_with_heads) == (30, 65)
    assert report.weight_layers == 2
    assert report.receptive_field == ()


def test_fixed_constants_are_no_parameters(made: Make) -> None:
    report = measure(made("input 4\nrbf 3"))
    assert (report.params, report.fixed, report.macs, report.weight_layers) == (0, 12, 0, 0)


@pytest.mark.parametrize(
    ("body", "field", "stride"),
    [
        ("conv 3x3 4 > conv 3x3 4", (5, 5), (1, 1)),
        ("conv 3x3/2 4 > conv 3x3/2 4", (7, 7), (4, 4)),
        ("conv 1x7 4 > conv 7x1 4 > conv 3x3/2 4", (9, 9), (2, 2)),
        ("conv 5x1/2 4 valid", (5, 1), (2, 2)),
        ("conv 3x3 4 dilation=2", (5, 5), (1, 1)),
        ("maxpool 2x2 > maxpool 2x2", (4, 4), (4, 4)),
        # branches: the union of what they see, padding counted
        ("[ conv 1x1 4 | conv 3x3 4 | conv 5x5 4 ]", (5, 5), (1, 1)),
        ("[ identity + conv 3x3 3 > conv 3x3 3 ]", (5, 5), (1, 1)),
        ("[ conv 2x2 4 pad=1 > conv 2x2 4 valid | conv 3x3 4 ]", (3, 3), (1, 1)),
        # gates and global pools see everything, and do not count
        ("conv 3x3 4 > [ identity * avgpool global > conv 1x1 4 > sigmoid ]", (3, 3), (1, 1)),
        ("conv 3x3 4 > avgpool global > conv 1x1 4", (3, 3), (1, 1)),
        ("conv 3x3 4 > avgpool 16x16 > flatten > fc 4", (3, 3), (1, 1)),
        # adaptive pools that change nothing
        ("conv 3x3 4 > avgpool out=16x16", (3, 3), (1, 1)),
        # finer than the input's own positions: the bound over them
        ("maxpool 2x2 > upsample 2 > conv 3x3 4", (5, 5), (1, 1)),
        ("maxpool 4x4 > convt 2x2/2 4 valid > conv 3x3 4", (10, 10), (2, 2)),
    ],
)
def test_receptive_fields_by_hand(
    body: str, field: tuple[int, ...], stride: tuple[int, ...], made: Make
) -> None:
    report = measure(made(f"input 3x16x16\n{body}"))
    assert (report.receptive_field, report.stride) == (field, stride)


@pytest.mark.parametrize(
    ("shape", "size", "field"), [("2x64", "9", (9,)), ("1x8x16x16", "3x5x7", (3, 5, 7))]
)
def test_receptive_fields_in_other_dimensions(
    shape: str, size: str, field: tuple[int, ...], made: Make
) -> None:
    assert measure(made(f"input {shape}\nconv {size} 4")).receptive_field == field


def test_a_gate_adds_no_weight_layers(made: Make) -> None:
    gate = "[ identity * avgpool global > conv 1x1 4 > conv 1x1 4 > conv 1x1 4 ]"
    assert measure(made(f"input 4x8x8\nconv 3x3 4\n{gate}\nconv 3x3 4")).weight_layers == 2


def test_the_longest_path_counts(made: Make) -> None:
    assert measure(made("input 4x8x8\n[ conv 1x1 4 + conv 3x3 4 > conv 3x3 4 ]")).weight_layers == 2
