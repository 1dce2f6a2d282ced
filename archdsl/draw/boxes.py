"""What a figure is made of: boxes, the frames around them, and the tensors that go between."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import field
from typing import Literal

from archdsl.graph import Scope
from archdsl.records import dataclass

Kind = Literal["layer", "block", "joint", "input", "output"]


@dataclass(eq=False)
class Box:
    """A box of the figure; `members` are the indices of the operators that it stands for.

    Of a network that does not pass the check, `fault` says what is wrong here, and what stands
    behind a mistake is `unsure`.
    """

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
    fault: str = ""
    unsure: bool = False
    costs: list[str] = field(default_factory=list)
    heat: int | None = None  # the step of its colour, where that is by cost
    change: str = ""  # what became of it, in a figure of two networks

    def boxes(self) -> Iterator[Box]:
        """Itself."""
        yield self

    def says(self) -> Hashable:
        """All that a reader sees of it, but how often."""
        names = (self.scope.definition, self.scope.title) if self.scope else ()
        looks = (self.dashed, self.device, self.fault, self.unsure)
        return (self.kind, self.title, *self.detail, *names, *looks)


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
    costs: list[str] = field(default_factory=list)

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
    change: str = ""


@dataclass(frozen=True)
class View:
    """All that a figure shows: boxes and tensors below a title, and what blocks are made of.

    Where boxes are coloured by cost, `scale` says what the colours mean.
    """

    title: str
    about: str
    items: list[Item]
    edges: list[Edge]
    insets: tuple[View, ...] = ()
    scale: tuple[str, ...] = ()

    def boxes(self) -> list[Box]:
        """All boxes, in walking order; those of the insets are apart."""
        return [box for item in self.items for box in item.boxes()]

    @property
    def families(self) -> set[str]:
        """The kinds of boxes that show their kind, insets included."""
        own = {b.family for b in self.boxes() if not (b.change or b.fault or b.unsure)}
        return own.union(*(inset.families for inset in self.insets))
