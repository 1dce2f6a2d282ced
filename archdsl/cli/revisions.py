"""Specs as they were: files of a git revision, named as git names them."""

from __future__ import annotations

import os
import re
import subprocess
from os.path import isfile
from pathlib import Path

from archdsl import library, pipeline
from archdsl.diagnostics import mistake
from archdsl.modules import DeclaredNetwork, Loader
from archdsl.source import Source

SPEC = re.compile(r"([^:\s-][^:\0]*):([^:\0]+\.arch)(?::([^:]+))?")


def declared(spec: str) -> DeclaredNetwork:
    """The network of a spec; REV:FILE and REV:FILE:NETWORK mean a file as it was.

    A file of just that name comes first.
    """
    found = SPEC.fullmatch(spec)
    if found is None or isfile(spec):
        return pipeline.declared(spec)
    name, file, network = found.groups()
    revision = Revision(name)
    return Loader(revision).file(revision.place(file)).network(network)


class Revision(library.Files):
    """The files of a revision; what lies outside the repository is as it is now.

    So are shipped specs that the revision does not have: they come with the tool.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        top = git("rev-parse", "--show-toplevel", refusal="there is no git repository here")
        self.top = Path(top.decode().removesuffix("\n")).resolve()
        commit = f"{name}^{{commit}}"
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", commit)
        git(*words, refusal=f"there is no revision '{name}' in this repository")

    def place(self, file: str) -> Path:
        """Where a file of the revision lies: below the top, or below here if it begins with ./"""
        here = file.startswith(("./", "../"))
        path = ((Path.cwd() if here else self.top) / file).resolve()
        if not (path.is_relative_to(self.top) and stored(self.entry(path))):
            raise mistake("git", f"there is no file {self.name}:{file}")
        return path

    def entry(self, path: Path) -> str:
        """Git's name for a file of the revision."""
        return f"{self.name}:{path.relative_to(self.top).as_posix()}"

    def has(self, path: Path) -> bool:
        """Whether a file is that of the revision, and not as it is now."""
        path = path.resolve()
        if not path.is_relative_to(self.top):
            return False
        shipped = path.parent == library.shipped("specs").resolve()
        return not shipped or stored(self.entry(path))

    def holds(self, path: Path) -> bool:
        path = path.resolve()
        return stored(self.entry(path)) if self.has(path) else super().holds(path)

    def read(self, path: Path) -> Source:
        if not self.has(path):
            return super().read(path)
        name = self.entry(path.resolve())
        text = git("cat-file", "blob", name, refusal=f"there is no file {name}")
        try:
            return Source(name, text.decode())
        except UnicodeDecodeError as error:
            raise mistake("file", f"{name} is not UTF-8 text") from error


def stored(name: str) -> bool:
    """Whether git has a file of that name."""
    return run("cat-file", "-e", name).returncode == 0


def git(*words: str, refusal: str) -> bytes:
    """What git answers; raises ArchError with the refusal, and git's own words for it."""
    done = run(*words)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        news = reason and not reason.startswith("not a git repository")
        raise mistake("git", refusal, help=f"git says: {reason}" if news else "")
    return done.stdout


def run(*words: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in the current folder."""
    try:
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(["git", *words], capture_output=True, check=False, env=environment)
    except FileNotFoundError:
        raise mistake("git", "a revision's file is read by git, which is not installed") from None
