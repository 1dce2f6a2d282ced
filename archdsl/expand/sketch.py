"""The walk over a network that is refused: on behind its mistakes, for a picture of it.

What a mistake leaves unknown is taken to be what came in. That is a guess: nodes behind it are
marked, and further mistakes that the guess leads to are none of the author's.
"""

from __future__ import annotations

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, Diagnostic
from archdsl.expand.building import BROKEN
from archdsl.expand.edits import Variant
from archdsl.expand.walk import Expander
from archdsl.graph import Node
from archdsl.ops import Op, Unclear
from archdsl.source import Span
from archdsl.symbols import Sym

LONGEST = 60  # letters of what could not be understood


class Sketcher(Expander):
    """Puts a node where a mistake is, and goes on behind it."""

    def __init__(self, variant: Variant, refusal: ArchError) -> None:
        super().__init__(variant, {})
        self.told = {(told.span, told.message) for told in refusal.diagnostics}

    def add(
        self,
        name: str,
        op: Op,
        inputs: tuple[int, ...],
        span: Span,
        symbols: dict[str, Sym] | None = None,
        branches: tuple[Span, ...] = (),
    ) -> int:
        """Add an operator, even where it cannot be."""
        try:
            node = self.nodes[super().add(name, op, inputs, span, symbols, branches)]
        except ArchError as error:
            if self.joins.trying:
                raise
            self.report(error)
            applied = self.applied(op, inputs)
            node = self.placed(name, applied, inputs, self.shape(inputs[0]), span, symbols)
            return self.marked(node, error)
        return self.marked(node)

    def behind(self, error: ArchError, unit: s.Unit, x: int, start: int) -> int:
        """A node in the place of what was not understood, fed by what was made there so far."""
        if x == BROKEN:  # nothing comes in: an input is refused
            return BROKEN
        read = {i for node in self.nodes[start:] for i in node.inputs}
        ends = [node.index for node in self.nodes[start:] if node.index not in read]
        words = " ".join(unit.span.text.split())[:LONGEST]
        sources = tuple(ends) or (x,)
        applied = self.applied(Unclear(words), sources)
        node = self.placed("unclear", applied, sources, self.shape(x), unit.span)
        return self.marked(node, error)

    def marked(self, node: Node, error: ArchError | None = None) -> int:
        """Tell whether a node is a mistake, or behind one; answers with its tensor."""
        before = [self.nodes[i] for i in node.inputs]
        node.guessed = any(other.guessed or other.fault for other in before)
        if error is not None:
            node.fault = self.fault(error)
            node.guessed |= node.fault is None
        return node.index

    def fault(self, error: ArchError) -> Diagnostic | None:
        """The author's mistake, if it is one that the check has told."""
        found = (d for d in error.diagnostics if (d.span, d.message) in self.told)
        return next(found, None)
