"""Text to tree: Lark reads the layout of a spec, declaration by declaration."""

from __future__ import annotations

from typing import Any

from lark import UnexpectedInput

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, Diagnostic
from archdsl.garbage import search_put_off
from archdsl.layout import layout
from archdsl.parser.builder import Builder
from archdsl.parser.grammar import declarations, tree
from archdsl.parser.mistakes import explain, too_deep
from archdsl.source import Source


@search_put_off()
def parse(source: Source) -> s.Spec:
    """The tree of a spec; raises ArchError with one diagnostic per broken declaration."""
    text = layout(source)
    parts: list[Any] = []
    mistakes: list[Diagnostic] = []
    for start, chunk in declarations(text):
        try:
            parts += Builder(source, start).built(tree(chunk))[0]
        except UnexpectedInput as error:
            mistakes.append(explain(source, start, chunk, error))
        except RecursionError:
            mistakes.append(too_deep(source, start, chunk))
        except ArchError as error:
            mistakes += error.diagnostics
    if mistakes:
        raise ArchError(*mistakes)
    return s.Spec(
        source,
        tuple(p for p in parts if isinstance(p, s.Use)),
        tuple(p for p in parts if isinstance(p, s.Definition)),
        tuple(p for p in parts if isinstance(p, s.NetworkDef)),
    )
