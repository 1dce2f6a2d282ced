"""A network's document read back; what it says is believed only where it holds."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

from pydantic import ValidationError

from archdsl.diagnostics import ArchError, mistake
from archdsl.documents.expressions import read, symbol_of
from archdsl.documents.network import (
    BoundDocument,
    FitsDocument,
    GraphDocument,
    InitialisationDocument,
    NodeDocument,
    OpDocument,
    OutputDocument,
    ScopeDocument,
    SpanDocument,
)
from archdsl.graph import (
    Assertion,
    Bound,
    Fits,
    Initialisation,
    Network,
    Node,
    Output,
    Scope,
)
from archdsl.ops import JOINTS, OPS, Applied, Input, Op, least
from archdsl.shapes import Misfit, Shape
from archdsl.source import Source, Span
from archdsl.symbols import Binding, Literally, Sym

OPERATORS: tuple[type[Op], ...] = (Input, *OPS.values(), *JOINTS.values())
KNOWN = {op.name: op for op in OPERATORS}
KINDS: dict[str, tuple[type, ...]] = {
    "size": (tuple,),
    "count": (int,),
    "number": (int, float),
    "flag": (bool,),
    "text": (str,),
    "padding": (str, tuple),
    "tensor": (str,),
}


def network_from_json(text: str | bytes) -> Network:
    """The network of a graph document; raises ArchError where the document is none."""
    try:
        document = GraphDocument.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise broken(f"{where or 'document'}: {first['msg']}") from None
    return Reader(document).network()


def broken(why: str) -> ArchError:
    """The mistake of a document that describes no network."""
    return mistake("document", f"this is no network's document: {why}")


class Reader:
    """Document to network: one walk over the scopes, which hold the nodes in walking order."""

    def __init__(self, document: GraphDocument) -> None:
        self.document = document
        self.sources = [Source(source.name, source.text) for source in document.sources]
        self.nodes: list[Node] = []
        self.scopes: list[Scope] = []
        self.bindings = [
            Binding(found.name, read(found.value), Literally(None), None, read(found.default))
            for found in document.bindings
        ]

    def network(self) -> Network:
        document = self.document
        if not self.sources:
            raise broken("it names no source")
        root = self.scope(document.root, None)
        self.bind()
        if len(self.nodes) != len(document.nodes):
            raise broken("a node stands in no scope")
        if not document.outputs:
            raise broken("it has no output")
        return Network(
            name=document.name,
            about=document.about,
            source=self.sources[0],
            root=root,
            nodes=self.nodes,
            outputs=tuple(map(self.output, document.outputs)),
            heads=tuple(map(self.output, document.heads)),
            params=root.params,
            inits=tuple(map(self.init, document.inits)),
            asserts=tuple(map(self.assertion, document.asserts)),
        )

    def bind(self) -> None:
        """Give the parameters their expressions and homes, which name each other."""
        for binding, document in zip(self.bindings, self.document.bindings, strict=True):
            binding.symbol = self.symbol(document.symbol)
            if document.home is not None:
                if document.home >= len(self.scopes):
                    raise broken(f"there is no scope {document.home}")
                binding.home = self.scopes[document.home]

    def symbol(self, document: Any) -> Sym:
        try:
            return symbol_of(document, self.bindings)
        except IndexError:
            raise broken("an expression names a parameter that is not there") from None

    def scope(self, document: ScopeDocument, parent: Scope | None) -> Scope:
        scope = Scope(
            kind=document.kind,
            name=document.name,
            path=document.path,
            parent=parent,
            numbered=document.numbered,
            definition=document.definition,
            title=document.title,
            entry=document.entry,
            exit=document.exit,
            source=document.source,
            end=document.end,
            span=self.span(document.span),
            chosen=document.chosen,
            condition=None if document.condition is None else self.symbol(document.condition),
            goal=document.goal,
            joint=None if document.joint is None else operator(document.joint),
            ends=document.ends,
            dropped=tuple(map(self.dropper, document.dropped)),
            passes=document.passes,
        )
        self.scopes.append(scope)
        if any(index >= len(self.bindings) for index in document.params):
            raise broken(f"'{scope.path}' has a parameter that is not there")
        scope.params = tuple(self.bindings[index] for index in document.params)
        for item in document.items:
            made = self.node(item, scope) if isinstance(item, int) else self.scope(item, scope)
            scope.items.append(made)
        self.known(scope.exit)
        return scope

    def dropper(self, index: int | None) -> Scope | None:
        """The decision that has dropped a branch; it stands before the join."""
        if index is not None and index >= len(self.scopes):
            raise broken(f"there is no scope {index}")
        return None if index is None else self.scopes[index]

    def node(self, index: int, scope: Scope) -> Node:
        """The next node; they come in walking order."""
        if index != len(self.nodes) or index >= len(self.document.nodes):
            raise broken(f"node {index} does not stand in walking order")
        document = self.document.nodes[index]
        shapes = tuple(self.nodes[i].shape for i in document.inputs if 0 <= i < index)
        node = Node(
            index=index,
            name=document.name,
            inputs=document.inputs,
            shape=Shape(document.shape),
            scope=scope.naming,
            sources=document.sources,
            applied=Applied(operator(document.op), shapes),
            span=self.span(document.span),
            symbols={name: self.symbol(found) for name, found in document.symbols.items()},
            schedule=document.schedule,
            device=document.device,
            training_only=document.training_only,
        )
        self.check(node, document)
        self.nodes.append(node)
        return node

    def check(self, node: Node, document: NodeDocument) -> None:
        """Refuse a node whose inputs, shape or path are not what they must be."""
        where = f"node {node.index}"
        if document.index != node.index or document.path != node.path:
            raise broken(f"{where} bears the index or path of another place")
        if any(i >= node.index for i in node.inputs):
            raise broken(f"{where} takes a tensor that is made behind it")
        if node.op.inputs not in (None, len(node.inputs)) and node.op.inputs == 0:
            raise broken(f"{where} takes no tensor")
        try:
            shape = node.applied.shape
        except Misfit as misfit:
            raise broken(f"{where}: {misfit.clause}") from None
        except (ValueError, TypeError, IndexError) as error:
            raise broken(f"{where}: its arguments do not fit what comes in") from error
        if tuple(shape) != document.shape:
            raise broken(f"{where} makes {shape}, and not {node.shape}")
        node.shape = shape

    def span(self, document: SpanDocument | None) -> Span | None:
        if document is None:
            return None
        if document.source >= len(self.sources):
            raise broken("a span lies in no source")
        source = self.sources[document.source]
        if not document.start <= document.end <= len(source.text):
            raise broken("a span does not lie within its source")
        return Span(source, document.start, document.end)

    def output(self, document: OutputDocument) -> Output:
        self.known(document.node)
        return Output(document.name, document.node, document.weight)

    def known(self, node: int | None) -> None:
        """Refuse an index that no node has."""
        if node is not None and node >= len(self.nodes):
            raise broken(f"there is no node {node}")

    def init(self, document: InitialisationDocument) -> Initialisation:
        span = self.span(document.span)
        assert span is not None
        return Initialisation(document.targets, document.scheme, document.options, span)

    def assertion(self, document: BoundDocument | FitsDocument) -> Assertion:
        span = self.span(document.span)
        assert span is not None
        if isinstance(document, FitsDocument):
            return Fits(Shape(document.shape), span)
        return Bound(document.measure, document.sign, document.value, span)


def of_kind(field: Field[Any], value: Any) -> bool:
    """Whether a value is what an operator's field takes."""
    kind = field.metadata.get("kind", "size")
    if value is None:
        return field.default is None
    if isinstance(value, tuple):
        return tuple in KINDS[kind] and (kind != "size" or min(value, default=0) >= least(field))
    return isinstance(value, KINDS[kind]) and isinstance(value, bool) == (kind == "flag")


def operator(document: OpDocument) -> Op:
    """An operator from its document, its arguments of the kinds that its fields are."""
    cls = KNOWN.get(document.name)
    if cls is None:
        raise broken(f"there is no operator '{document.name}'")
    given: dict[str, Any] = dict(document.arguments)
    for field in fields(cls):
        if not of_kind(field, given.get(field.name)):
            raise broken(f"'{document.name}' has no such '{field.name}'")
    if cls is Input:
        return Input(Shape(given["of"]))
    try:
        return cls(**given)
    except TypeError:
        raise broken(f"'{document.name}' has other arguments") from None
