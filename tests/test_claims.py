"""What warnings claim, held against PyTorch."""

from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import archdsl
from archdsl.diagnostics import ArchError

pytestmark = pytest.mark.torch

SMALL = st.integers(1, 5)
LINES = (
    "conv {k}/{s} 1 dilation={d} pad={p} nobias",
    "conv {k}/{s} 1 dilation={d} same nobias",
    "conv {k}/{s} 1 dilation={d} same_tf nobias",
    "avgpool {k}/{s} pad={p}",
    "avgpool {k}/{s} pad={p} ceil",
    "avgpool out={k}",
)


def told(text: str) -> int:
    """How many positions the warning says are never seen."""
    for warning in archdsl.loads(text).warnings:
        if warning.code == "dropped-pixels":
            found = re.match(r"(\d+) of \d+ positions? (?:is|are) never seen", warning.message)
            assert found is not None
            return int(found[1])
    return 0


def without_effect(text: str, extent: int) -> int:
    """On how many positions the output does not depend."""
    model = archdsl.loads(text).module()
    for module in model.modules():
        if isinstance(module, nn.Conv1d):
            nn.init.ones_(module.weight)
    x = torch.zeros(1, 1, extent, requires_grad=True)
    model(x).sum().backward()
    assert x.grad is not None
    return int((x.grad == 0).sum())


@settings(deadline=None, max_examples=100)
@given(
    lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=2),
    extent=st.integers(3, 20),
    k=SMALL,
    s=SMALL,
    d=st.integers(1, 3),
    p=st.integers(0, 2),
)
def test_what_is_dropped_has_no_effect(
    lines: list[str], extent: int, k: int, s: int, d: int, p: int
) -> None:
    branches = " | ".join(
        line.format(k=k + i, s=s + i, d=d, p=p) + " > avgpool global"
        for i, line in enumerate(lines)
    )
    text = f"network n\n  input 1x{extent}\n  [ {branches} ]\n"
    try:
        archdsl.loads(text)
    except ArchError:
        return  # a window that does not fit
    assert told(text) == without_effect(text, extent)


@pytest.mark.parametrize(
    ("norm", "useless"),
    [("bn", True), ("gn 4", True), ("gn 2", False), ("ln", False), ("lrn 3", False)],
)
def test_a_useless_bias_is_useless(norm: str, useless: bool) -> None:
    network = archdsl.loads(f"network n\n  input 3x6x6\n  conv 3x3 4 > {norm}\n")
    assert [w.code for w in network.warnings] == ["bias-before-norm"] * useless
    model = network.module().double().train()
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    before = model(x)
    with torch.no_grad():
        model.state_dict()["conv.bias"] += torch.tensor([1.0, -2.0, 0.5, 3.0])
    assert torch.allclose(before, model(x)) == useless
