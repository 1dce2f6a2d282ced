"""Network to view: title, caption, and what there is to see of the whole or of one part."""

from __future__ import annotations

from archdsl.draw.boxes import View
from archdsl.draw.builder import built
from archdsl.draw.figure import Figure
from archdsl.draw.parts import insets, named_part
from archdsl.draw.text import block_words, clip, parameters
from archdsl.graph import Network, Scope
from archdsl.measure import measure


def view(network: Network, figure: Figure) -> View:
    """What a figure of a network shows."""
    part = named_part(network, figure.part) if figure.part else None
    items, edges = built(network, figure, part)
    blocks = [b.scope for item in items for b in item.boxes() if b.kind == "block" and b.scope]
    return View(
        title=clip(network.name if part is None else part_title(part), 60),
        about=clip(" · ".join(filter(None, about(network, part))), 120),
        items=items,
        edges=edges,
        insets=insets(network, figure, blocks) if figure.inset else (),
    )


def part_title(part: Scope) -> str:
    """What a part is called."""
    return " ".join(block_words(part)) if part.definition else part.path


def about(network: Network, part: Scope | None) -> tuple[str, ...]:
    """The caption: what the network is, or where the part stands in it, and how large."""
    what = network.about if part is None else f"{part.path} of {network.name}"
    if network.mistakes:
        count = len(network.mistakes)
        return what, f"refused: {count} mistake{'s' if count > 1 else ''}"
    report = measure(network)
    if part is None:
        return what, parameters(report.params)
    return what, parameters(sum(report.rows[node.index].params for node in part.nodes()))
