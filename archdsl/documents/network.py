"""A network as a document: all that is known of it, the author's expressions included.

Nodes, scopes and parameters name each other by index; scopes are counted as they open.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

from pydantic import Field

from archdsl.documents.base import Document, Index, Name, Value
from archdsl.documents.expressions import (
    BindingDocument,
    SymbolDocument,
    symbol_document,
    written,
)
from archdsl.graph import Assertion, Fits, Initialisation, Network, Node, Output, Scope
from archdsl.ops import Op
from archdsl.source import Span
from archdsl.symbols import Binding


class SourceDocument(Document):
    """A text that the network was made from."""

    name: str
    text: str


class SpanDocument(Document):
    """A stretch of a source, by its index; the end is exclusive."""

    source: Index
    start: Index
    end: Index


class OpDocument(Document):
    """An operator with its arguments."""

    name: str
    arguments: dict[str, Value]


class NodeDocument(Document):
    """An operator in its place; `inputs` are the indices of the nodes that feed it.

    A source below zero tells apart a tensor that a decision has passed on unchanged. `schedule` has
    the expression for an argument that a `schedule` line gives.
    """

    index: Index
    name: Name
    path: Name
    op: OpDocument
    inputs: tuple[Index, ...]
    sources: tuple[int, ...]
    shape: tuple[int, ...]
    symbols: dict[str, SymbolDocument]
    schedule: dict[str, str]
    span: SpanDocument | None
    device: Index | None
    training_only: bool


class ScopeDocument(Document):
    """A stretch of the network with a name; `items` are indices of nodes, and scopes."""

    kind: Literal["network", "block", "group", "choice"]
    name: Name
    path: Name
    numbered: bool
    definition: Name
    title: Name
    params: tuple[Index, ...]
    entry: int
    exit: Index | None
    source: int
    end: int | None
    span: SpanDocument | None
    chosen: Index
    condition: SymbolDocument | None
    goal: Index | None
    joint: OpDocument | None
    ends: tuple[int | None, ...]
    dropped: tuple[Index | None, ...]
    passes: bool
    items: tuple[Index | ScopeDocument, ...]


class OutputDocument(Document):
    """A tensor that the network returns; `weight` is a training-only head's."""

    name: Name
    node: Index
    weight: float | None


class InitialisationDocument(Document):
    """How weights start."""

    targets: tuple[Name, ...]
    scheme: Name | None
    options: tuple[tuple[Name, float | str], ...]
    span: SpanDocument


class BoundDocument(Document):
    """A figure that must compare so with a number."""

    type: Literal["bound"] = "bound"
    measure: Name
    sign: Literal["<", "<=", ">", ">=", "==", "!="]
    value: int | float
    span: SpanDocument


class FitsDocument(Document):
    """A shape of the first input that the network must take."""

    type: Literal["fits"] = "fits"
    shape: tuple[int, ...]
    span: SpanDocument


AssertionDocument = Annotated[BoundDocument | FitsDocument, Field(discriminator="type")]


class GraphDocument(Document):
    """A whole network; nodes in walking order."""

    version: Literal[1] = 1
    name: Name
    about: str
    sources: tuple[SourceDocument, ...]
    nodes: tuple[NodeDocument, ...]
    root: ScopeDocument
    bindings: tuple[BindingDocument, ...]
    outputs: tuple[OutputDocument, ...]
    heads: tuple[OutputDocument, ...]
    inits: tuple[InitialisationDocument, ...]
    asserts: tuple[AssertionDocument, ...]


class GraphWriter:
    """Network to document; numbers the sources, scopes and parameters that it meets."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.sources = {network.source: 0}
        self.scopes: dict[Scope, int] = {}
        self.bindings: dict[Binding, int] = {}
        self.met: list[Binding] = []

    def document(self) -> GraphDocument:
        network = self.network
        root = self.scope(network.root)
        nodes = tuple(map(self.node, network.nodes))
        inits = tuple(map(self.init, network.inits))
        asserts = tuple(map(self.assertion, network.asserts))
        return GraphDocument(
            name=network.name,
            about=network.about,
            nodes=nodes,
            root=root,
            bindings=self.all_bindings(),
            outputs=tuple(map(output_document, network.outputs)),
            heads=tuple(map(output_document, network.heads)),
            inits=inits,
            asserts=asserts,
            sources=tuple(SourceDocument(name=s.name, text=s.text) for s in self.sources),
        )

    def binding(self, binding: Binding) -> int:
        """The number of a parameter."""
        if binding not in self.bindings:
            self.bindings[binding] = len(self.met)
            self.met.append(binding)
        return self.bindings[binding]

    def all_bindings(self) -> tuple[BindingDocument, ...]:
        """The parameters met, and those that their expressions name."""
        return tuple(self.binding_document(binding) for binding in self.met)  # `met` grows

    def binding_document(self, binding: Binding) -> BindingDocument:
        return BindingDocument(
            name=binding.name,
            value=written(binding.value),
            symbol=symbol_document(binding.symbol, self.binding),
            home=self.scopes.get(binding.home) if binding.home else None,
            default=written(binding.default),
        )

    def span(self, span: Span) -> SpanDocument:
        source = self.sources.setdefault(span.source, len(self.sources))
        return SpanDocument(source=source, start=span.start, end=span.end)

    def node(self, node: Node) -> NodeDocument:
        symbols = {k: symbol_document(sym, self.binding) for k, sym in node.symbols.items()}
        return NodeDocument(
            index=node.index,
            name=node.name,
            path=node.path,
            op=op_document(node.op),
            inputs=node.inputs,
            sources=node.sources,
            shape=tuple(node.shape),
            symbols=symbols,
            schedule=dict(node.schedule),
            span=self.span(node.span) if node.span else None,
            device=node.device,
            training_only=node.training_only,
        )

    def scope(self, scope: Scope) -> ScopeDocument:
        self.scopes[scope] = len(self.scopes)
        asked = scope.condition
        return ScopeDocument(
            kind=scope.kind,
            name=scope.name,
            path=scope.path,
            numbered=scope.numbered,
            definition=scope.definition,
            title=scope.title,
            params=tuple(map(self.binding, scope.params)),
            entry=scope.entry,
            exit=scope.exit,
            source=scope.source,
            end=scope.end,
            span=self.span(scope.span) if scope.span else None,
            chosen=scope.chosen,
            condition=None if asked is None else symbol_document(asked, self.binding),
            goal=scope.goal,
            joint=None if scope.joint is None else op_document(scope.joint),
            ends=scope.ends,
            dropped=tuple(None if by is None else self.scopes[by] for by in scope.dropped),
            passes=scope.passes,
            items=tuple(
                item.index if isinstance(item, Node) else self.scope(item) for item in scope.items
            ),
        )

    def init(self, init: Initialisation) -> InitialisationDocument:
        return InitialisationDocument(
            targets=init.targets,
            scheme=init.scheme,
            options=init.options,
            span=self.span(init.span),
        )

    def assertion(self, assertion: Assertion) -> BoundDocument | FitsDocument:
        span = self.span(assertion.span)
        if isinstance(assertion, Fits):
            return FitsDocument(shape=tuple(assertion.shape), span=span)
        return BoundDocument(
            measure=assertion.measure,
            sign=assertion.sign,  # type: ignore[arg-type]
            value=assertion.value,
            span=span,
        )


def op_document(op: Op) -> OpDocument:
    """An operator."""
    return OpDocument(
        name=op.name, arguments={field.name: getattr(op, field.name) for field in fields(op)}
    )


def output_document(output: Output) -> OutputDocument:
    """An output."""
    return OutputDocument(name=output.name, node=output.node, weight=output.weight)


def graph_document(network: Network) -> GraphDocument:
    """A network."""
    return GraphWriter(network).document()
