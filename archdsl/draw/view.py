"""Network to view: title, caption, and what there is to see of the whole or of one part."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.draw.boxes import Item, View
from archdsl.draw.builder import built, everything
from archdsl.draw.costs import heat, show
from archdsl.draw.figure import Figure
from archdsl.draw.parts import insets, named_part
from archdsl.draw.text import block_words, clip, quantity
from archdsl.graph import Network, Scope
from archdsl.measure import Row, measure


def view(network: Network, figure: Figure) -> View:
    """What a figure of a network shows."""
    part = named_part(network, figure.part) if figure.part else None
    items, edges = built(network, figure, part)
    rows = () if network.mistakes else measure(network).rows
    blocks = [b.scope for item in items for b in item.boxes() if b.kind == "block" and b.scope]
    return View(
        title=clip(network.name if part is None else part_title(part), 60),
        about=clip(" · ".join(filter(None, about(network, part, rows))), 120),
        items=items,
        edges=edges,
        insets=insets(network, figure, blocks) if figure.inset else (),
        scale=priced(figure, items, rows) if rows else (),
    )


def priced(figure: Figure, items: list[Item], rows: Sequence[Row]) -> tuple[str, ...]:
    """Mark what the items cost, as far as that is wished; answers with the colours' scale."""
    show(figure.show, rows, everything(items))
    boxes = [box for item in items for box in item.boxes()]
    return heat(figure.color, rows, boxes) if figure.color else ()


def part_title(part: Scope) -> str:
    """What a part is called."""
    return " ".join(block_words(part)) if part.definition else part.path


def about(network: Network, part: Scope | None, rows: Sequence[Row]) -> tuple[str, ...]:
    """The caption: what the network is, or where the part stands in it, and how large."""
    what = network.about if part is None else f"{part.path} of {network.name}"
    if network.mistakes:
        count = len(network.mistakes)
        return what, f"refused: {count} mistake{'s' if count > 1 else ''}"
    nodes = network.nodes if part is None else part.nodes()
    params = sum(rows[n.index].params for n in nodes if part or not n.training_only)
    return what, f"{quantity(params)} parameters"
