"""What a foreign module did on one run, in order: no torch in it."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from archdsl.ops.reading import Foreign
from archdsl.records import dataclass


@dataclass(frozen=True)
class Seen:
    """A tensor that comes of the input, by number; the input itself is 0."""

    number: int


@dataclass(frozen=True)
class Called:
    """A module without parts, or a function, that was called.

    Tensors among the arguments are `Seen`, `Weight` or `Constant`. `shapes` are those of its
    results, without the batch's axis.
    """

    foreign: Foreign
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    path: str | None = None  # of a module


@dataclass
class Visit:
    """A module with parts that was called, and what happened meanwhile."""

    path: str
    kind: str
    items: list[Called | Visit] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """A run: what was called, which tensors came out; the state_dict's names and shapes.

    `kinds` are the classes of all modules by path.
    """

    name: str
    input: tuple[int, ...]
    root: Visit
    outputs: tuple[int, ...]
    state: dict[str, tuple[int, ...]]
    kinds: dict[str, str]
