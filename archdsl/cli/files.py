"""What goes into files: whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import click

from archdsl import library
from archdsl.diagnostics import mistake


def target(output: Path | None, default: str) -> Path:
    """The file to write: by default in the current folder; in a folder under the default's name."""
    if output is None:
        return Path(default)
    return output / default if output.is_dir() else output


def ending(output: Path | None, formats: Sequence[str], option: str = "-o") -> str:
    """The format that a file's ending asks for; that of the default where none is named."""
    if output is None or output == Path("-") or output.is_dir():
        return formats[0]
    form = output.suffix.lower().removeprefix(".")
    if form not in formats:
        endings = ", ".join(f".{known}" for known in formats)
        raise click.BadParameter(f"'{output}' ends in none of {endings}", param_hint=f"'{option}'")
    return form


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: beside it, then renamed.

    A file that is there keeps its mode, and a link its place; devices and pipes are written to.
    """
    path = Path(os.path.realpath(path))
    try:
        mode = path.stat().st_mode if path.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            path.write_bytes(data)
        else:
            replace(path, data, mode)
    except OSError as error:
        reason = error.strerror or str(error)
        raise mistake("file", f"cannot write {library.shown(path)}: {reason}") from None


def replace(path: Path, data: bytes, mode: int | None) -> None:
    """Put a file in the place of another at once."""
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    beside = path.with_name(f".{path.name[:100]}.{os.getpid()}.tmp")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(data)
        if mode is not None:
            beside.chmod(stat.S_IMODE(mode))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
