"""Records are made as the standard library's dataclasses are, the first one and those after it."""

from __future__ import annotations

from dataclasses import field, replace

import pytest

from archdsl import pipeline
from archdsl.records import dataclass


@dataclass(frozen=True)
class Base:
    name: str
    size: int = 2


@dataclass(frozen=True)
class Record(Base):
    parts: list[str] = field(default_factory=list)
    length: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.name))


class Child(Record):
    pass


@pytest.mark.parametrize("kind", [Record, Child])
def test_values_names_and_defaults(kind: type[Record]) -> None:
    made = kind("conv", parts=["a"])
    assert (made.name, made.size, made.parts, made.length) == ("conv", 2, ["a"], 4)
    assert kind("relu").parts is not kind("relu").parts
    assert replace(made, size=3) == kind("conv", 3, ["a"])
    assert repr(made).endswith("(name='conv', size=2, parts=['a'], length=4)")


def test_a_field_that_is_missing_is_told_by_its_class() -> None:
    for _ in range(2):
        with pytest.raises(TypeError, match=r"^Base\.__init__\(\) missing 1 .* 'name'$"):
            Base()  # type: ignore[call-arg]


def test_parts_of_a_network_are_shown_in_short() -> None:
    network = pipeline.network("googlenet")
    assert repr(network) == "<network googlenet: 159 operators>"
    assert repr(network.nodes[1]) == "<conv conv1.conv: 64x112x112>"
    assert repr(network.nodes[1].scope) == "<block conv1>"
