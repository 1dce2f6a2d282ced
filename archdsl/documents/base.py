"""What all documents share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from archdsl.source import Span

Value = bool | int | float | str | tuple[int, ...] | None
Name = Annotated[str, Field(pattern=r"^[\w.@-]*$")]
Index = Annotated[int, Field(ge=0)]


class Document(BaseModel):
    """A part of a document: closed, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Document):
    """A stretch of a file; lines and columns count from 1, the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


def place(span: Span) -> Place:
    """Where a span lies."""
    end_line, end_column = span.source.position(span.end)
    return Place(
        file=span.source.name,
        line=span.line,
        column=span.column,
        end_line=end_line,
        end_column=end_column,
    )
