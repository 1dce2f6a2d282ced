"""What `verify` finds: claims about a network, and whether what was run agrees with each."""

from __future__ import annotations

from typing import Literal

from archdsl.records import dataclass


@dataclass(frozen=True)
class Claim:
    """A thing compared, and in words what was found.

    `against` is the other model that the compiled network was held against; the prediction where
    it is empty. What is `renamed` is the same on both sides under other names.
    """

    against: str
    name: str
    verdict: Literal["agrees", "renamed", "differs"]
    text: str


def claim(against: str, name: str, agrees: bool, text: str) -> Claim:
    """A claim that agrees or differs."""
    return Claim(against, name, "agrees" if agrees else "differs", text)
