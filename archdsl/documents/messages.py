"""Diagnostics as a document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from archdsl.diagnostics import Diagnostic
from archdsl.documents.base import Document, Place, place


class NoteDocument(Document):
    """A second place that explains the first."""

    place: Place
    message: str


class DiagnosticDocument(Document):
    """One mistake or warning."""

    severity: Literal["error", "warning"]
    code: str
    message: str
    place: Place | None
    label: str
    notes: tuple[NoteDocument, ...]
    path: str
    help: str


class DiagnosticsDocument(Document):
    """All mistakes and warnings of a run; none where all is fine."""

    diagnostics: tuple[DiagnosticDocument, ...]


def diagnostics_document(diagnostics: Iterable[Diagnostic]) -> DiagnosticsDocument:
    """Mistakes."""
    found = tuple(
        DiagnosticDocument(
            severity=diagnostic.severity,
            code=diagnostic.code,
            message=diagnostic.message,
            place=place(diagnostic.span) if diagnostic.span else None,
            label=diagnostic.label,
            notes=tuple(
                NoteDocument(place=place(note.span), message=note.message)
                for note in diagnostic.notes
            ),
            path=diagnostic.path,
            help=diagnostic.help,
        )
        for diagnostic in diagnostics
    )
    return DiagnosticsDocument(diagnostics=found)
