"""The tables of the zoo in the README and docs/zoo.md are those of today's networks."""

from __future__ import annotations

import re

import pytest
from published import BUILDERS, shipped
from zoo import PAGE, README, lines_of_spec, lines_of_torchvision, page, readme

from archdsl.library import shipped_networks

pytestmark = pytest.mark.torch  # torchvision's lines are counted


def test_the_page_is_todays() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_readmes_table_is_todays() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == readme(text)
    table = text.partition("<!-- made by docs/zoo.py -->")[2].partition("<!-- end -->")[0]
    assert set(re.findall(r"`([\w@]+)`", table)) == set(shipped_networks())


def test_lines_are_those_counted_by_hand() -> None:
    assert lines_of_torchvision("alexnet") == 55
    assert lines_of_spec(shipped_networks()["zfnet"]) == 17


def test_all_of_torchvisions_networks_are_there() -> None:
    assert [builder for builder in BUILDERS if shipped(builder) not in shipped_networks()] == []
