"""What may end a command beside its own mistakes, as diagnostics."""

from __future__ import annotations

import errno
from collections.abc import Iterable

from archdsl.diagnostics import ArchError, Diagnostic

SURPRISES = (ArchError, RecursionError, OSError)


def diagnosed(error: Exception) -> Iterable[Diagnostic]:
    """What is told of an error; a closed pipe is none, and is raised again."""
    if isinstance(error, ArchError):
        return error.diagnostics
    if isinstance(error, RecursionError):
        return [Diagnostic("limit", "the spec is nested too deeply")]
    assert isinstance(error, OSError)
    if error.errno == errno.EPIPE:
        raise error
    where = f"{error.filename}: " if error.filename else ""
    return [Diagnostic("file", f"{where}{error.strerror or error}")]
