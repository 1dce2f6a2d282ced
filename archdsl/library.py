"""Finds specs and templates: shipped ones in a checkout or in the wheel, and the user's own."""

from __future__ import annotations

import re
from functools import cache
from os.path import isfile  # unlike Path's, it answers for names that no system takes
from pathlib import Path

from archdsl.diagnostics import did_you_mean, mistake
from archdsl.layout import MAX_SIZE
from archdsl.records import dataclass
from archdsl.source import Source

PACKAGE = Path(__file__).parent
STANDARD = "library"  # the file of blocks that need no `use`
NETWORK = re.compile(r"^[ \t]*network[ \t]+([A-Za-z_]\w*(?:@\w+)?)", re.MULTILINE)


def shipped(folder: str) -> Path:
    """A folder that the project ships: inside the installed package, or beside it in a checkout."""
    inside = PACKAGE / f"_{folder}"
    return inside if inside.is_dir() else PACKAGE.parent / folder


@dataclass(frozen=True)
class Target:
    """What was asked for: a file, the name of a network in it, and of a part of that."""

    path: Path
    network: str | None = None
    part: str | None = None


def read(path: Path) -> Source:
    """A spec file's text; raises ArchError where it cannot be read.

    Of a file that is too large only as much as shows that it is.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return Source(shown(path), file.read(MAX_SIZE + 1))
    except OSError as error:
        raise mistake("file", f"cannot read {shown(path)}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise mistake("file", f"{shown(path)} is not UTF-8 text") from error


class Files:
    """Where spec files are read from: the disk, as it is now."""

    def holds(self, path: Path) -> bool:
        """Whether there is a file."""
        return isfile(path)

    def read(self, path: Path) -> Source:
        """A file's text; raises ArchError where it cannot be read."""
        return read(path)


def shown(path: Path) -> str:
    """A path as messages show it: `specs/NAME` where shipped, relative where it lies below here."""
    if path.parent == shipped("specs"):
        return f"specs/{path.name}"
    try:
        text = path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        text = path.as_posix()
    return text.encode(errors="replace").decode()  # a name need not be text, a document is


@cache
def shipped_networks() -> dict[str, Path]:
    """Every shipped network's name and file, in the order of files and of text."""
    found = {}
    for path in sorted(shipped("specs").glob("*.arch")):
        for name in NETWORK.findall(path.read_text(encoding="utf-8")):
            found[name] = path
    return found


def natural(name: str) -> tuple[tuple[bool, int | str], ...]:
    """A key that sorts resnet18 before resnet101."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((part.isdigit(), int(part) if part.isdigit() else part) for part in parts)


def shipped_spec(stem: str) -> Path | None:
    """A shipped file by its name without `.arch`."""
    path = shipped("specs") / f"{stem}.arch"
    return path if isfile(path) else None


def resolve(spec: str) -> Target:
    """What SPEC names: a shipped network, a path, `path:network`; then `:part`."""
    networks = shipped_networks()
    path = find_file(spec)
    if spec in networks:
        return Target(networks[spec], spec)
    if path is not None:
        return Target(path)
    head, colon, name = spec.rpartition(":")
    if not (colon and name):
        raise unknown(spec)
    if head in networks and networks.get(name) != find_file(head):
        return Target(networks[head], head, name)
    outer = resolve(head)
    if outer.part is not None:
        raise mistake("unknown", f"'{outer.part}' is a part, and '{spec}' asks for a part of it")
    if outer.network is None:
        return Target(outer.path, name)
    return Target(outer.path, outer.network, name)


def named(spec: str) -> Path:
    """The file that SPEC names as a path, whether there is one or not."""
    head, _, network = spec.rpartition(":")
    return Path(head if head and network else spec)


def find_file(spec: str) -> Path | None:
    """A user's file, or a shipped one by its bare name."""
    path = Path(spec)
    if isfile(path):
        return path
    return None if path.suffix or "/" in spec else shipped_spec(spec)


def unknown(spec: str) -> Exception:
    """The mistake of asking for what is not there."""
    if spec.endswith(".arch") or "/" in spec:
        return mistake("file", f"there is no file {spec}")
    return mistake(
        "unknown",
        f"there is no shipped network '{spec}', and no file of that name",
        help=did_you_mean(spec, shipped_networks()) or "'archdsl list' shows the shipped networks",
    )
