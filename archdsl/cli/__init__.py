"""The command line: the only room that prints, writes files, or exits. A file for each verb."""

from __future__ import annotations

from archdsl.cli.group import main, verbs

__all__ = ["main", "verbs"]
