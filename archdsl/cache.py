"""What is kept between runs, in `$XDG_CACHE_HOME/archdsl`: the one room for the tool's own files.

An entry is the pickle of a value behind its name and a stamp of the tool that made it: Python, and
the sources of this package, of its templates and of the libraries that parse and print, by size and
time of change, which is what Python asks of its own `.pyc` files. What a value was made from it
holds itself, for who reads it to compare. Entries are replaced whole, and whatever is wrong with
one, or with the folder, is the same as none.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Any
from zlib import crc32

from archdsl import __version__
from archdsl.library import PACKAGE, shipped

LIBRARIES = ("lark", "jinja2")


def read(name: str) -> Any:
    """The value of an entry; None where there is none of this tool."""
    with suppress(Exception), open(place(name), "rb") as file:  # a damaged pickle raises anything
        if pickle.load(file) == (name, stamp()):
            return pickle.load(file)
    return None


def write(name: str, value: object) -> None:
    """Keep a value, where the system lets one."""
    path = place(name)
    beside = f"{path}.{os.urandom(6).hex()}"
    try:
        data = pickle.dumps((name, stamp())) + pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(beside, "xb") as file:
            file.write(data)
        os.replace(beside, path)
    except (OSError, RecursionError):  # of a full disk, of a value too deep for a pickle
        with suppress(OSError):
            os.unlink(beside)


def place(name: str) -> str:
    """The file of an entry; where nobody has a home, one that cannot be."""
    wished = os.environ.get("XDG_CACHE_HOME", "")
    home = wished if os.path.isabs(wished) else os.path.expanduser("~/.cache")
    return os.path.join(
        home if os.path.isabs(home) else os.devnull,
        "archdsl",
        f"{crc32(name.encode(errors='replace')):08x}",
    )


@cache
def stamp() -> tuple[object, ...]:
    """What the values of this tool depend on besides what they are made from."""
    files = [each for folder in (PACKAGE, shipped("templates")) for each in sources(str(folder))]
    for library in map(find_spec, LIBRARIES):
        if library is not None and library.origin:
            files.append((library.origin, *state(os.stat(library.origin))))
    return __version__, sys.version, len(files), crc32(repr(sorted(files)).encode())


def sources(folder: str) -> Iterator[tuple[str, int, int]]:
    """Path, size and time of change of all files below a folder but those that Python makes."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from sources(entry.path) if entry.name != "__pycache__" else ()
            else:
                yield entry.path, *state(entry.stat())


def state(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_size, stat.st_mtime_ns
