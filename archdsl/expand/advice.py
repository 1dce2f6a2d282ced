"""What is advised where a mistake shows what its author meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archdsl import syntax as s
from archdsl.diagnostics import ArchError
from archdsl.graph import Node
from archdsl.ops import Op
from archdsl.shapes import ChannelsLast, Misfit, Shape, extents, window_span

if TYPE_CHECKING:
    from archdsl.expand.names import Env
    from archdsl.expand.walk import Expander

MAX_NODES = 1000  # in the branches that are looked at again
MAX_TRIALS = 8  # even windows that are changed one at a time
ADAPT = "(identity or conv 1x1/_ _)"


# ---- counts --------------------------------------------------------------------------------


def advised(error: ArchError, unit: s.Unit, env: Env) -> ArchError:
    """A mistake in a unit, with better help where its last words were to repeat it."""
    count = miswritten_count(unit, env) if isinstance(unit, s.Call) else None
    if count is None:
        return error
    words, meant = count
    help = f"write {meant}, which repeats the item"
    found = [
        replace(each, help=help) if each.span in [word.span for word in words] else each
        for each in error.diagnostics
    ]
    return ArchError(*found)


def miswritten_count(call: s.Call, env: Env) -> tuple[tuple[s.Arg, ...], str] | None:
    """The arguments at the end of a call that say how often, `x n` or `xn`, and what is meant."""
    match call.args:
        case (*_, s.Arg(None, s.Name("x")) as sign, s.Arg(None, value) as last):
            if "x" not in env.values and not isinstance(value, s.Size):
                text = value.span.text
                return (sign, last), f"x{text}" if isinstance(value, s.Number) else f"x({text})"
        case (*_, s.Arg(None, s.Name(name)) as last):
            if name[0] == "x" and name not in env.values and name[1:] in env.values:
                return (last,), f"x({name[1:]})"
    return None


# ---- branches that do not fit --------------------------------------------------------------


def advised_join(
    error: ArchError, walk: Expander, join: s.Join, ends: Sequence[int | None], x: int, start: int
) -> ArchError:
    """The mistake of a join, with better help where its branches show the cause.

    `ends` are the branches' tensors, `x` what comes in, `start` the first node in the branches.
    """
    (diagnostic,) = error.diagnostics
    branches = zip(join.branches, ends, strict=True)
    kept = [(branch, end) for branch, end in branches if end is not None]
    tensors = [end for _, end in kept]
    shapes = [walk.shape(end) for end in tensors]
    axes = len({shape.rank for shape in shapes})
    last = any(isinstance(shape, ChannelsLast) for shape in shapes)
    if diagnostic.code != "shape" or axes > 1 or last:
        return error  # what it says is of axes and layouts
    help = even_windows(walk, tensors, start)
    for number, (branch, end) in enumerate(kept, 1):
        others = {walk.shape(other) for other in tensors if other != end}
        if not help and len(others) == 1 and walk.real(end) == walk.real(x):
            help = passing(join, number, only(branch))
    return ArchError(replace(diagnostic, help=help)) if help else error


def passing(join: s.Join, number: int, unit: s.Unit | None) -> str:
    """What is advised of a branch that is the join's input and unlike all others."""
    if isinstance(unit, s.If) and unit.otherwise is None:
        return (
            f"branch {number} is the join's input where its 'if' does not hold: "
            "'else none' leaves it out"
        )
    if join.sign != "+":
        return ""
    if isinstance(unit, s.Call) and unit.name == "identity":
        return f"let one branch adapt: not identity, but {ADAPT}"
    return f"branch {number} is the join's input: write {ADAPT} for it"


def only(seq: s.Seq) -> s.Unit | None:
    """The unit of a chain of one."""
    if len(seq.items) != 1:
        return None
    unit = seq.items[0].unit
    return only(unit.body) if isinstance(unit, s.Group) else unit


def even_windows(walk: Expander, ends: Sequence[int], start: int) -> str:
    """What is advised where branches would have the same extents if `same` did not pad as it does.

    It pads k//2 on each side, so an even window makes one position more than it should.
    """
    nodes = walk.nodes[start:]
    if len(nodes) > MAX_NODES or len({walk.shape(end).spatial for end in ends}) == 1:
        return ""
    even = [node for node in nodes if any(size % 2 == 0 for size in padded_alike(node.op))]
    for some in [even, *([node] for node in even[:MAX_TRIALS])]:
        for changes in zip(*(other_paddings(node.op) for node in some), strict=False):
            changed = {node.index: op for node, (_, op) in zip(some, changes, strict=True)}
            texts = {text for text, _ in changes}
            if len(texts) == len(spatial(walk, nodes, changed, ends)) == 1:
                each = " in each even window" if len(some) > 1 else ""
                return f"{made_by_same(walk, some[0])}: write {texts.pop()}{each}"
    return ""


def made_by_same(walk: Expander, node: Node) -> str:
    """What an even window makes of the map that comes in."""
    came, made = walk.shape(node.inputs[0]).spatial, node.shape.spatial
    operator = f"{node.op.name} {node.op.describe()}".rstrip()
    return f"'same' pads k//2 on each side, so {operator} makes {extents(made)} of {extents(came)}"


def padded_alike(op: Any) -> tuple[int, ...]:
    """What an operator's windows span along each axis, where it has windows and pads `same`."""
    if getattr(op, "pad", None) != "same" or op.size is None:
        return ()
    dilation = getattr(op, "dilation", (1,) * len(op.size))
    return tuple(map(window_span, op.size, dilation))


def other_paddings(op: Any) -> Iterator[tuple[str, Op]]:
    """An operator with the paddings that do without the surplus, each as it is written."""
    yield "valid", replace(op, pad="valid")
    less = tuple((span - 1) // 2 for span in padded_alike(op))
    text = str(less[0]) if len(set(less)) == 1 else extents(less)
    yield f"pad={text}", replace(op, pad=less)
    if "same_tf" in op.words:
        yield "same_tf", replace(op, pad="same_tf")


def spatial(
    walk: Expander, nodes: Sequence[Node], changed: dict[int, Op], ends: Sequence[int]
) -> set[tuple[int, ...]]:
    """The extents of the branches if some operators were others; none where that cannot be."""
    shapes: dict[int, Shape] = {}

    def shape(tensor: int) -> Shape:
        return shapes.get(walk.real(tensor)) or walk.shape(tensor)

    try:
        for node in nodes:
            shapes[node.index] = changed.get(node.index, node.op).shape(*map(shape, node.inputs))
    except Misfit:
        return set()
    return {shape(end).spatial for end in ends}
