"""Layers in a row of which one undoes or repeats the other."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from archdsl.diagnostics import Diagnostic
from archdsl.graph import Node
from archdsl.lint.reading import Reading, by_place, once, told


def bias_before_norm(reading: Reading) -> Iterator[Diagnostic]:
    """A bias that nothing reads but norms that take each channel's mean out."""
    lost = {
        node.index: readers[0]
        for node, readers in reading.makers
        if bias(reading, node)
        and readers
        and node.index not in reading.returned
        and all(reader.op.centres(node.shape) for reader in readers)
    }
    for nodes in by_place(reading.network.nodes[i] for i in lost):
        count = sum(bias(reading, node) for node in nodes)
        norm = lost[nodes[0].index]
        yield told(
            "bias-before-norm",
            f"the norm takes the bias out again: {count:,} parameters do nothing",
            nodes[0],
            notes=[(norm, f"'{norm.op.name}' subtracts the mean, and has an offset of its own")],
            help=without_bias(nodes[0]),
        )


def bias(reading: Reading, node: Node) -> int:
    """How many numbers a convolution or linear layer adds to its channels."""
    if node.op.family not in ("conv", "linear"):
        return 0
    return sum(prod(t.shape) for t in reading.network.tensors(node) if t.name == "bias")


def without_bias(node: Node) -> str:
    """How an author leaves the bias out."""
    words = [word for word, meant in node.op.words.items() if meant == ("bias", False)]
    if "bias" in node.symbols or node.span is None or not words:
        return "leave the bias out"
    text = node.span.text
    return f"write {text} {words[0]}" if "\n" not in text else f"add '{words[0]}'"


def double_activation(reading: Reading) -> Iterator[Diagnostic]:
    """An activation that reads another, and is all that does."""
    pairs = (
        (second, first)
        for first, second in reading.pairs()
        if first.op.family == second.op.family == "activation"
    )
    return (repeated("double-activation", "activations", *pair) for pair in once(pairs))


def double_norm(reading: Reading) -> Iterator[Diagnostic]:
    """A norm that reads another, and is all that does."""
    pairs = (
        (second, first)
        for first, second in reading.pairs()
        if first.op.normalises and second.op.normalises
    )
    return (repeated("double-norm", "norms", *pair) for pair in once(pairs))


def repeated(code: str, what: str, second: Node, first: Node) -> Diagnostic:
    """The warning of two layers in a row of which one would do."""
    return told(
        code,
        f"two {what} in a row, '{first.op.name}' and then '{second.op.name}'",
        second,
        label="this is repeated" if first.span == second.span else "",
        notes=[(first, "the first stands here")],
        help="leave one of them out",
    )
