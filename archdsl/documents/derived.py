"""The tree and the report: models that follow from dataclasses, with a `type` for each."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from types import ModuleType, UnionType
from typing import Annotated, Any, Literal, Union, get_args

from pydantic import Field, create_model

from archdsl import measure, syntax
from archdsl.documents.base import Document, Place, place
from archdsl.source import Source, Span


def models(room: ModuleType, **known: Any) -> dict[str, type[Document]]:
    """A model for each dataclass of a room; `known` says what other words of its types mean."""
    classes = [value for value in vars(room).values() if isinstance(value, type)]
    own = [cls for cls in classes if is_dataclass(cls) and cls.__module__ == room.__name__]
    found = {cls.__name__: model(cls) for cls in own}
    words = {**vars(room), **found, **known}
    for name, value in vars(room).items():
        if isinstance(value, UnionType) and all(is_dataclass(part) for part in get_args(value)):
            parts = tuple(found[part.__name__] for part in get_args(value))
            words[name] = Annotated[Union[parts], Field(discriminator="type")]  # noqa: UP007
    for made in found.values():
        made.model_rebuild(_types_namespace=words)
    return found


def model(cls: type) -> type[Document]:
    """A model with a dataclass's fields, and its name as `type`."""
    name = cls.__name__
    columns: dict[str, Any] = {"type": (Literal[name], name)}
    for field in fields(cls):
        columns[field.name] = (field.type, ... if field.default is MISSING else field.default)
    return create_model(
        name, __base__=Document, __doc__=cls.__doc__, __module__=f"{__name__}.{name}", **columns
    )


def plain(value: Any) -> Any:
    """A tree of dataclasses as the matching models take it."""
    if isinstance(value, Span):
        return place(value)
    if isinstance(value, Source):
        return value.name
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if not is_dataclass(value):
        return value
    parts = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return {"type": type(value).__name__, **parts}


TreeDocument = models(syntax, Span=Place, Source=str)["Spec"]
ReportDocument = models(measure, Shape=tuple[int, ...])["Report"]


def tree_document(spec: syntax.Spec) -> Document:
    """A file's tree."""
    return TreeDocument.model_validate(plain(spec))


def report_document(report: measure.Report) -> Document:
    """A network's figures."""
    return ReportDocument.model_validate(plain(report))
