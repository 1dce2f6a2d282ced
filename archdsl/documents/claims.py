"""What `verify` found, as a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from archdsl.claims import Claim
from archdsl.documents.base import Document, Name


class ClaimDocument(Document):
    """A thing compared; `against` is empty for the prediction."""

    against: str
    name: str
    verdict: Literal["agrees", "renamed", "differs"]
    text: str


class VerificationDocument(Document):
    """A network and what it agrees with; `agrees` where nothing differs, names of keys apart."""

    network: Name
    agrees: bool
    claims: tuple[ClaimDocument, ...]


def verification_document(network: str, claims: Sequence[Claim]) -> VerificationDocument:
    """What was found of a network."""
    return VerificationDocument(
        network=network,
        agrees=all(found.verdict != "differs" for found in claims),
        claims=tuple(
            ClaimDocument(
                against=found.against, name=found.name, verdict=found.verdict, text=found.text
            )
            for found in claims
        ),
    )
