"""A network as a document, and back.

It holds all that measuring and drawing ask, and not the author's expressions, which only generated
code keeps.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import Field

from archdsl.documents.base import Document
from archdsl.graph import Initialisation, Network, Node, Output, Scope
from archdsl.source import Span
from archdsl.symbols import Binding
from archdsl.values import Callee, Strided

Value = bool | int | float | str | tuple[int, ...] | None
Name = Annotated[str, Field(pattern=r"^[\w.@-]*$")]
Index = Annotated[int, Field(ge=0)]


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
    """An operator in its place; `inputs` are the indices of the nodes that feed it."""

    index: Index
    name: Name
    path: Name
    op: OpDocument
    inputs: tuple[Index, ...]
    shape: tuple[int, ...]
    span: SpanDocument | None
    device: Index | None
    training_only: bool


class CalleeDocument(Document):
    """The name of an operator or block, as the value of a parameter."""

    calls: Name


class StridedDocument(Document):
    """A size with a stride, as the value of a parameter."""

    size: Value
    stride: Value


class ParameterDocument(Document):
    """A parameter of a network or of a use of a block."""

    name: Name
    value: CalleeDocument | StridedDocument | Value
    default: CalleeDocument | StridedDocument | Value


class ScopeDocument(Document):
    """A stretch of the network with a name; `items` are indices of nodes, and scopes."""

    kind: Literal["network", "block", "group", "choice"]
    name: Name
    path: Name
    numbered: bool
    definition: Name
    title: Name
    params: tuple[ParameterDocument, ...]
    entry: int
    exit: Index | None
    span: SpanDocument | None
    chosen: Index
    goal: Index | None
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


class GraphDocument(Document):
    """A whole network; nodes in walking order."""

    version: Literal[1] = 1
    name: Name
    about: str
    sources: tuple[SourceDocument, ...]
    nodes: tuple[NodeDocument, ...]
    root: ScopeDocument
    outputs: tuple[OutputDocument, ...]
    heads: tuple[OutputDocument, ...]
    inits: tuple[InitialisationDocument, ...]


class GraphWriter:
    """Network to document; remembers the sources that spans lie in."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.sources = {network.source: 0}

    def document(self) -> GraphDocument:
        network = self.network
        root = self.scope(network.root)
        nodes = tuple(map(self.node, network.nodes))
        inits = tuple(map(self.init, network.inits))
        return GraphDocument(
            name=network.name,
            about=network.about,
            sources=tuple(SourceDocument(name=s.name, text=s.text) for s in self.sources),
            nodes=nodes,
            root=root,
            outputs=tuple(map(output_document, network.outputs)),
            heads=tuple(map(output_document, network.heads)),
            inits=inits,
        )

    def span(self, span: Span) -> SpanDocument:
        source = self.sources.setdefault(span.source, len(self.sources))
        return SpanDocument(source=source, start=span.start, end=span.end)

    def node(self, node: Node) -> NodeDocument:
        arguments = {f.name: getattr(node.op, f.name) for f in fields(node.op)}
        return NodeDocument(
            index=node.index,
            name=node.name,
            path=node.path,
            op=OpDocument(name=node.op.name, arguments=arguments),
            inputs=node.inputs,
            shape=tuple(node.shape),
            span=self.span(node.span) if node.span else None,
            device=node.device,
            training_only=node.training_only,
        )

    def scope(self, scope: Scope) -> ScopeDocument:
        return ScopeDocument(
            kind=scope.kind,
            name=scope.name,
            path=scope.path,
            numbered=scope.numbered,
            definition=scope.definition,
            title=scope.title,
            params=tuple(map(parameter_document, scope.params)),
            entry=scope.entry,
            exit=scope.exit,
            span=self.span(scope.span) if scope.span else None,
            chosen=scope.chosen,
            goal=scope.goal,
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


def output_document(output: Output) -> OutputDocument:
    """An output."""
    return OutputDocument(name=output.name, node=output.node, weight=output.weight)


def parameter_document(binding: Binding) -> ParameterDocument:
    """A parameter with its value."""
    return ParameterDocument(
        name=binding.name, value=given(binding.value), default=given(binding.default)
    )


def given(value: Any) -> Any:
    """A parameter's value as its document takes it."""
    if isinstance(value, Callee):
        return CalleeDocument(calls=value.name)
    if isinstance(value, Strided):
        return StridedDocument(size=value.size, stride=value.stride)
    return value


def graph_document(network: Network) -> GraphDocument:
    """A network."""
    return GraphWriter(network).document()
