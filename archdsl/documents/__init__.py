"""The stages as JSON documents with a published schema, and a network's document read back."""

from __future__ import annotations

import json

from pydantic import BaseModel

from archdsl.documents.claims import VerificationDocument, verification_document
from archdsl.documents.derived import (
    ReportDocument,
    TreeDocument,
    report_document,
    tree_document,
)
from archdsl.documents.differences import DiffDocument, diff_document
from archdsl.documents.messages import DiagnosticsDocument, diagnostics_document
from archdsl.documents.network import GraphDocument, graph_document
from archdsl.documents.reading import network_from_json
from archdsl.documents.sizes import SizesDocument, sizes_document
from archdsl.documents.timings import ContestDocument, contest_document

__all__ = [
    "SCHEMAS",
    "contest_document",
    "diagnostics_document",
    "diff_document",
    "graph_document",
    "json_of",
    "network_from_json",
    "report_document",
    "schema",
    "sizes_document",
    "tree_document",
    "verification_document",
]

SCHEMAS: dict[str, type[BaseModel]] = {
    "tree": TreeDocument,
    "graph": GraphDocument,
    "report": ReportDocument,
    "diagnostics": DiagnosticsDocument,
    "sizes": SizesDocument,
    "diff": DiffDocument,
    "verification": VerificationDocument,
    "contest": ContestDocument,
}


def schema(stage: str) -> str:
    """The JSON schema of a stage's document."""
    published = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SCHEMAS[stage].model_json_schema(),
    }
    return json.dumps(published, indent=2)


def json_of(document: BaseModel) -> str:
    """A document as text."""
    return document.model_dump_json(indent=2)
