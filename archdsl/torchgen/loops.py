"""Children of a chain that are alike made in a loop: equal ones, or ones whose numbers grow.

Children are alike where nothing differs but whole numbers, those that their names end in among
them, each by one step from child to child: `Layer(64)`, `Layer(96)`, `Layer(128)`, ... Those whose
expressions have an `i` of their own, the place in a `schedule`, are alike where that counts on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from archdsl.naming import is_attribute, unique
from archdsl.pytext import Counted, Py, Wrapped, call, flat, keyword, listing, literal
from archdsl.records import cached_property, dataclass

NUMBER = re.compile(r"(?<![\w.-])\d+(?![\w.])")
COUNTED = re.compile(r"(.*?)(0|[1-9]\d*)")
EQUAL, GROWING = 3, 4  # how many make a loop


@dataclass(frozen=True)
class Child:
    """A child of a chain, and its name where it has one of its own.

    `open` is the expression with its `i`, and that number, or without where there are several.
    """

    py: Py
    name: str
    open: Py
    i: int | None

    @cached_property
    def stem(self) -> str:
        """The name without the number that it ends in."""
        match = COUNTED.fullmatch(self.name)
        return match[1] if match else self.name

    @cached_property
    def likeness(self) -> tuple[str, str]:
        """What like children have in common."""
        text = flat(self.open)
        return self.stem, text if '"' in text else NUMBER.sub("_", text)

    @property
    def count(self) -> int:
        """The number that the name ends in."""
        return int(self.name.removeprefix(self.stem) or 0)

    @cached_property
    def numbers(self) -> list[int]:
        """The whole numbers in its text."""
        return [int(number) for number in NUMBER.findall(flat(self.open))]

    def steps(self, following: Child) -> list[int] | None:
        """How the numbers grow from this child to the next; None where they are not alike."""
        counted = following.count - self.count == bool(self.name)
        if not counted or self.likeness != following.likeness:
            return None
        steps = [b - a for a, b in zip(self.numbers, following.numbers, strict=True)]
        if self.i is None or following.i is None:
            return steps if self.i is following.i else None
        return None if any(steps) or following.i - self.i != 1 else steps


def child(py: Py, name: str = "") -> Child:
    """A child of a chain as it is looked at here."""
    if not (places := set(positions(py))):
        return Child(py, name, py, None)
    i = places.pop() if len(places) == 1 else None
    return Child(py, name, opened(py, i is not None), i)


def positions(py: Py) -> Iterator[int]:
    """What `i` stands for in the parts of an expression."""
    if isinstance(py, Counted):
        yield py.i
    elif isinstance(py, Wrapped):
        for part in py.items:
            yield from positions(part)


def opened(py: Py, left: bool) -> Py:
    """The expression with `i` left in it, or with what that stands for."""
    match py:
        case Counted(text):
            return text if left else flat(py)
        case Wrapped(items=items):
            return replace(py, items=tuple(opened(part, left) for part in items))
    return py


def looped(children: Sequence[Py]) -> list[Py]:
    """The children of a chain, like ones in a row as `*(... for i in range(n))`."""
    return list(parts(list(map(child, children))))


def ordered_dict(names: Sequence[str], children: Sequence[Py]) -> Py:
    """The same for children with names, as keywords where there is no loop and names allow it."""
    pairs = list(parts(list(map(child, children, names))))
    if len(pairs) == len(names) and all(map(is_attribute, names)):
        return call("OrderedDict", map(keyword, names, children))
    if len(pairs) == 1 and isinstance(pairs[0], Wrapped) and pairs[0].clause:
        return replace(pairs[0], head="OrderedDict(")
    return call("OrderedDict", [listing(pairs)])


def parts(children: list[Child]) -> Iterator[Py]:
    """The children in order, each by itself or in a loop."""
    while children:
        steps, count = run(children)
        if count >= (GROWING if any(steps) else EQUAL):
            yield loop(children[0], steps, count)
        else:
            count = 1
            first = children[0]
            yield item(first.py, first.name and literal(first.name))
        children = children[count:]


def run(children: list[Child]) -> tuple[list[int], int]:
    """The steps from the first child to the second, and how many children they go on for."""
    steps = children[0].steps(children[1]) if len(children) > 1 else None
    if steps is None:
        return [], 1
    count = 2
    while count < len(children) and children[count - 1].steps(children[count]) == steps:
        count += 1
    return steps, count


def item(py: Py, name: str) -> Py:
    """A child as it stands in the chain, with the expression of its name where it has one."""
    return Wrapped("(", (name, py), ")") if name else py


def loop(first: Child, steps: list[int], count: int) -> Py:
    """Like children from the first on; where only names count, the loop counts as they do."""
    index = "i" if first.i is not None else unique("i", re.findall(r"\w+", flat(first.open)))
    start = first.i if first.i is not None else 0 if any(steps) else first.count
    ahead = first.count - start
    more = f" {'+' if ahead > 0 else '-'} {abs(ahead)}" if ahead else ""
    name = f'f"{first.stem}{{{index}{more}}}"' if first.name else ""
    made = item(growing(first.open, iter(steps), index), name)
    index = index if first.name or first.i is not None or any(steps) else "_"
    span = f"{start}, {start + count}" if start else f"{count}"
    return Wrapped("*(", (made,), ")", clause=f"for {index} in range({span})")


def growing(py: Py, steps: Iterator[int], index: str) -> Py:
    """The expression with `64 + 32 * i` for each number that grows."""

    def grown(match: re.Match[str]) -> str:
        step = next(steps)
        if not step:
            return match.group()
        factor = index if abs(step) == 1 else f"{abs(step)} * {index}"
        text = f"{match.group()} {'+' if step > 0 else '-'} {factor}"
        before, behind = match.string[: match.start()], match.string[match.end() :]
        bound = re.search(r"[*/%-] $", before) or re.match(r" [*/%]", behind)
        return f"({text})" if bound else text

    if not isinstance(py, Wrapped):
        return NUMBER.sub(grown, flat(py))
    head = NUMBER.sub(grown, py.head)
    items = tuple(growing(part, steps, index) for part in py.items)
    clause, tail = NUMBER.sub(grown, py.clause), NUMBER.sub(grown, py.tail)
    return replace(py, head=head, items=items, clause=clause, tail=tail)
