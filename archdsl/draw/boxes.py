"""What a figure is made of: boxes, the frames around them, and the tensors that go between."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from archdsl.graph import Scope

Level = Literal["block", "layer", "op"]
LEVELS: tuple[Level, ...] = ("block", "layer", "op")
Kind = Literal["layer", "block", "joint", "input", "output"]


@dataclass(eq=False)
class Box:
    """A box of the figure; `members` are the indices of the operators that it stands for."""

    kind: Kind
    family: str
    title: str
    members: list[int]
    detail: list[str] = field(default_factory=list)
    scope: Scope | None = None
    repeat: int = 1
    dashed: bool = False
    device: int | None = None
    place: str = ""

    def boxes(self) -> Iterator[Box]:
        """Itself."""
        yield self

    def says(self) -> Hashable:
        """All that a reader sees of it, but how often."""
        names = (self.scope.definition, self.scope.title) if self.scope else ()
        return (self.kind, self.title, *self.detail, *names, self.dashed, self.device)


@dataclass(eq=False)
class Frame:
    """A frame around what stands in a scope, or on a device; `members` are those of all copies."""

    title: str
    items: list[Item]
    members: list[int]
    scope: Scope | None = None
    repeat: int = 1
    detail: list[str] = field(default_factory=list)
    device: int | None = None
    place: str = ""
    divisible: bool = False  # a mere group, which may go on in another column

    def boxes(self) -> Iterator[Box]:
        """All boxes within."""
        for item in self.items:
            yield from item.boxes()

    def says(self) -> Hashable:
        """All that a reader sees of it, but where and how often."""
        return (self.title, *self.detail, *((item.says(), item.repeat) for item in self.items))


Item = Box | Frame


@dataclass(frozen=True)
class Edge:
    """A tensor on its way; `shape` is said where it is news."""

    source: Box
    target: Box
    shape: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class View:
    """All that a figure shows."""

    items: list[Item]
    edges: list[Edge]

    def boxes(self) -> list[Box]:
        """All boxes, in walking order."""
        return [box for item in self.items for box in item.boxes()]
