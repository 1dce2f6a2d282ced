"""The sizes that a network takes, as a document."""

from __future__ import annotations

from archdsl.documents.base import Document, Name, Place, place
from archdsl.graph import Network
from archdsl.sizes import Line, Refusal, Sizes


class RefusalDocument(Document):
    """Where a size breaks."""

    size: tuple[int, ...]
    path: str
    operator: str
    clause: str
    place: Place | None


class LineDocument(Document):
    """The extents that some axes can have together, the others as in the spec.

    `first` are those up to where they go on for ever: from the last `period` numbers up to `until`.
    """

    name: str
    text: str
    first: tuple[int, ...]
    until: int
    period: int
    proved: bool
    below: RefusalDocument | None
    above: RefusalDocument | None


class ShapeDocument(Document):
    """The shape that leaves an operator, as a formula; `regular` for multiples of `multiple`."""

    path: str
    shape: str
    regular: str


class SizesDocument(Document):
    """The sizes that a network takes."""

    network: Name
    inputs: tuple[tuple[int, ...], ...]
    axes: str
    equal: LineDocument
    training: LineDocument
    along: tuple[LineDocument, ...]
    apart: bool
    least: tuple[int | None, ...]
    multiple: int
    shapes: tuple[ShapeDocument, ...]


def sizes_document(network: Network, sizes: Sizes) -> SizesDocument:
    """The sizes that a network takes."""
    shapes = (
        ShapeDocument(path=node.path, shape=shape, regular=regular)
        for node, shape, regular in zip(network.nodes, sizes.shapes, sizes.regular, strict=True)
    )
    return SizesDocument(
        network=sizes.network,
        inputs=tuple(map(tuple, sizes.inputs)),
        axes=sizes.axes,
        equal=line_document(sizes.equal),
        training=line_document(sizes.training),
        along=tuple(map(line_document, sizes.along)),
        apart=sizes.apart,
        least=sizes.least,
        multiple=sizes.multiple,
        shapes=tuple(shapes),
    )


def line_document(line: Line) -> LineDocument:
    """The extents on a line."""
    last = len(line.accepted.flags)
    return LineDocument(
        name=line.name,
        text=str(line.accepted),
        first=tuple(line.accepted.up_to(last)),
        until=last,
        period=line.accepted.period,
        proved=line.proved,
        below=refusal_document(line.below),
        above=refusal_document(line.above),
    )


def refusal_document(refusal: Refusal | None) -> RefusalDocument | None:
    """Where a size breaks."""
    if refusal is None:
        return None
    return RefusalDocument(
        size=refusal.size,
        path=refusal.path,
        operator=refusal.operator,
        clause=refusal.clause,
        place=place(refusal.span) if refusal.span else None,
    )
