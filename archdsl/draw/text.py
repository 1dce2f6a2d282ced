"""What stands in the boxes: operators and blocks with their arguments, as an author writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from archdsl.graph import Node, Scope
from archdsl.ops import Joint
from archdsl.symbols import Binding, Computed, Given, Sym, counts
from archdsl.values import Callee, Strided

ATOM = re.compile(r"[A-Za-z_]\w*|\d[\w.]*")
NO_WORDS: Mapping[str, str] = {}
SHOWN_KINDS = ("size", "count")  # what a figure names; padding, flags and epsilons it leaves out


def clip(text: str, limit: int) -> str:
    """A text of at most so many characters, on one line."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def value_text(value: Any) -> str:
    """A value in the language's notation."""
    match value:
        case tuple():
            same = len(set(value)) == 1 and len(value) == 1
            return value_text(value[0]) if same else "x".join(map(value_text, value))
        case Callee():
            return value.name
        case bool():
            return str(value).lower()
        case Strided():
            return f"{value_text(value.size)}/{value_text(value.stride)}"
        case float():
            return f"{value:g}"
    return f"{value}"


def stride_text(value: Any) -> str:
    """A stride as it is written behind a size: one number where all axes agree."""
    return value_text(value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value)


# ---- operators -----------------------------------------------------------------------------


def is_default(value: Any, default: Any) -> bool:
    """Whether a value says nothing; a size is also the default where each axis is."""
    return value in (None, default) or (isinstance(value, tuple) and set(value) == {default})


def layer_text(node: Node, words: Mapping[str, str] = NO_WORDS) -> str:
    """An operator with what shapes its output: `conv 3x3/2 64 groups=2`.

    `words` say some of its arguments in another way than by their values.
    """
    op, words = node.op, {**words, **node.schedule}
    head: list[str] = []
    tail: list[str] = []
    for name, f in op.arguments().items():
        value = getattr(op, f.name)
        if is_default(value, f.default) and f.name not in words:
            continue
        if f.name == "stride" and head:
            head.insert(1, f"/{words.get(f.name) or stride_text(value)}")
        elif f.name in op.positional:
            head.append(f" {words.get(f.name) or value_text(value)}")
        elif f.metadata["kind"] in SHOWN_KINDS:
            tail.append(f" {name}={words.get(f.name) or value_text(value)}")
    if not head and not tail:
        tail = [f" {word}" for word, (field, v) in op.words.items() if getattr(op, field) == v][:1]
    return clip(op.name + "".join(head + tail), 44)


def follower_text(node: Node) -> str:
    """What stands small below the layer that it follows: `lrn 5`, `dropout 0.2`, `tanh`."""
    op = node.op
    kinds = ("count", "number") if op.family == "regularisation" else ("count",)
    fields = [f for f in op.arguments().values() if f.name in op.positional]
    words = [
        node.schedule.get(f.name) or value_text(getattr(op, f.name))
        for f in fields
        if f.metadata["kind"] in kinds
    ]
    return clip(" ".join([op.name, *words]), 30)


def operator_text(node: Node) -> str:
    """An operator with all its arguments."""
    return clip(f"{node.op.name} {node.op.describe(node.schedule)}", 60)


def joint_text(op: Joint) -> str:
    """The sign of a joint; of one whose sign is only punctuation, its name."""
    return {"*": "×", "|": op.name}.get(op.sign, op.sign)


# ---- blocks --------------------------------------------------------------------------------


def block_words(scope: Scope) -> list[str]:
    """A block's name with its stride, and the arguments that came from outside it, if any."""
    title = scope.definition
    if scope.title and scope.title != title:
        title = f"{title} {scope.title}"
    title = clip(title, 36)
    given = [b for b in handed_in(scope) if not is_default(b.value, b.default)]
    strides = [b for b in given if b.name == "stride"]
    rest = [b for b in given if b.name != "stride"]
    if strides and not is_default(strides[0].value, 1):
        title += f"/{stride_text(strides[0].value)}"
    arguments = authors_words(scope, rest) or named(rest)
    return [title, *([clip(arguments, 40)] if arguments else [])]


def named(bindings: list[Binding]) -> str:
    """Arguments by name; a condition that holds by its name alone."""
    return " ".join(
        b.name if b.value is True else f"{b.name}={value_text(b.value)}"
        for b in bindings
        if b.value is not False
    )


def authors_words(scope: Scope, bindings: list[Binding]) -> str:
    """The arguments as the call has them, where its words are just the values."""
    text = " ".join(scope.span.text.split()) if scope.span else ""
    match = re.fullmatch(r"[A-Za-z_]\w*(?:/\d+)?(?: |\()(.*?)\)?", text)
    if match is None or ATOM.findall(match[1]) != [value_text(b.value) for b in bindings]:
        return ""
    return match[1]


def handed_in(scope: Scope) -> list[Binding]:
    """The parameters whose values were written outside a block, its bodies' included."""
    found: dict[Binding, None] = dict.fromkeys(b for b in scope.params if from_outside(b, scope))
    for node in scope.nodes():
        for symbol in node.symbols.values():
            found.update(dict.fromkeys(leaves(symbol, scope)))
    return list(found)


def from_outside(binding: Binding, scope: Scope) -> bool:
    """Whether a parameter got its value where a block is used, and not from the network's own."""
    written = binding.home is not None and not counts(binding.symbol)
    return written and not scope.encloses(binding.home)


def leaves(symbol: Sym, scope: Scope) -> Iterator[Binding]:
    """The outside parameters that an expression within a block comes down to."""
    if isinstance(symbol, Computed):
        for operand in symbol.operands:
            yield from leaves(operand, scope)
    elif isinstance(symbol, Given):
        binding = symbol.binding
        if from_outside(binding, scope):
            yield binding
        elif binding.home is not None:
            yield from leaves(binding.symbol, scope)


# ---- places --------------------------------------------------------------------------------


def place_text(scope: Scope, last: Node) -> str:
    """Where a block stands, to where its last copy does; nothing where that repeats its name."""
    if re.fullmatch(rf"{re.escape(scope.definition)}(_\d+)?", scope.path):
        return ""
    return clip(between(scope.path, last), 40)


def between(path: str, last: Node) -> str:
    """From a path to that of the like copy in which a node stands."""
    depth = path.count(".") + 1
    end = ".".join(last.path.split(".")[:depth])
    if end == path:
        return path
    tail = end.rpartition(".")[2]
    return f"{path}–{tail}" if tail.isdigit() else f"{path} … {tail}"


def quantity(count: int) -> str:
    """A large number as papers give it: `25.6 M`."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "K")):
        if count >= size:
            return f"{count / size:.1f} {letter}"
    return f"{count}"
