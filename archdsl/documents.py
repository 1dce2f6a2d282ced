"""The stages as JSON documents with a published schema, and a network's document read back.

The tree and the report are what their dataclasses say; a `kind` tells the parts of a tree apart.
The graph has models of its own, since there nodes and scopes name each other: it holds all that
measuring and drawing ask, and not the author's expressions that generated code keeps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from archdsl import measure, syntax
from archdsl.diagnostics import Diagnostic, mistake
from archdsl.graph import Initialisation, Network, Node, Output, Scope
from archdsl.ops import JOINTS, OPS, Input, Op
from archdsl.shapes import Misfit, Shape
from archdsl.source import Source, Span
from archdsl.symbols import Binding, Literally
from archdsl.values import Callee, Strided

VERSION = 1
Value = bool | int | float | str | tuple[int, ...] | None


class Document(BaseModel):
    """A part of a document: closed, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# ---- documents that follow from dataclasses --------------------------------------------------


class PlaceDocument(Document):
    """A stretch of a file; lines and columns count from 1, the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


def place(span: Span) -> PlaceDocument:
    """Where a span lies."""
    end_line, end_column = span.source.position(span.end)
    return PlaceDocument(
        file=span.source.name,
        line=span.line,
        column=span.column,
        end_line=end_line,
        end_column=end_column,
    )


def models(room: Any, names: Sequence[str], known: dict[str, Any]) -> dict[str, type[BaseModel]]:
    """A model for each dataclass of a room; `known` says what other words of its types mean."""
    found = {name: model(getattr(room, name)) for name in names}
    words = {**vars(room), **known, **found}
    for name in names:
        found[name].model_rebuild(_types_namespace=words)
    return found


def model(cls: type) -> type[BaseModel]:
    """A model with a dataclass's fields, and its name as `kind`."""
    columns: dict[str, Any] = {"kind": (Literal[cls.__name__], cls.__name__)}
    for field in fields(cls):
        default = ... if field.default is MISSING else field.default
        columns[field.name] = (field.type, default)
    return create_model(cls.__name__, __base__=Document, __doc__=cls.__doc__, **columns)
