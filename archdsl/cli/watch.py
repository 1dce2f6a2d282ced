"""`archdsl check --watch`: check again whenever a file that matters is saved."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import click

from archdsl import pipeline
from archdsl.cli.streams import complain, say
from archdsl.cli.surprises import SURPRISES, diagnosed

PAUSE = 0.2  # seconds between two looks
SETTLED = 0.05  # an editor that writes beside and renames is done in less


def watch(specs: tuple[str, ...], check: Callable[[], object]) -> None:
    """Check, and again after each change, until Ctrl-C."""
    try:
        while True:
            files = {path for spec in specs for path in pipeline.files(spec)}
            seen = stamps(files)
            click.clear()
            say(f"---- {datetime.now():%H:%M:%S} {' '.join(specs)} ----")
            survive(check)
            gc.collect()  # this command alone does not end
            wait(files, seen)
    except KeyboardInterrupt:
        say("")


def survive(check: Callable[[], object]) -> None:
    """Check; what would end another command is told and gone on behind."""
    try:
        check()
    except SURPRISES as error:
        complain(diagnosed(error))


def wait(files: Iterable[Path], seen: object) -> None:
    """Wait until files are others than they were, and stay so for a moment."""
    while (now := stamps(files)) == seen:
        time.sleep(PAUSE)
    while True:
        time.sleep(SETTLED)
        before, now = now, stamps(files)
        if now == before:
            return


def stamps(files: Iterable[Path]) -> dict[Path, tuple[int, int, int] | None]:
    """What tells a file from the one that was there before; None where there is none."""
    return {path: stamp(path) for path in files}


def stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
