"""The zoo: what a list of networks says of each."""

from __future__ import annotations

import re

from archdsl.expand import expand
from archdsl.expand.edits import variant_of
from archdsl.measure import measure
from archdsl.modules import DeclaredNetwork
from archdsl.records import dataclass

YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True)
class Listed:
    """A network of the zoo; figures are those of inference, one sample."""

    name: str
    year: str
    params: int
    macs: int
    about: str


def listed(declared: DeclaredNetwork) -> Listed:
    """A network's line."""
    network = expand(declared)
    report = measure(network)
    return Listed(network.name, year(declared), report.params, report.macs, network.about)


def year(declared: DeclaredNetwork) -> str:
    """The year that its description names, or the nearest base's."""
    texts = (level.definition.about for level in reversed(variant_of(declared).chain))
    return next((found[0] for text in texts if (found := YEAR.search(text))), "")
