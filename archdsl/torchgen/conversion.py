"""How the weights of an inference module come from those of the training module: a row a layer.

A row stands in the class that holds the layer, in terms of that class on both sides; where its
uses do not agree, or where a part stands elsewhere, in the class around it. A part that has only
moved has a row too, and what stands in it has moved along.
"""

from __future__ import annotations

from dataclasses import replace

from archdsl.graph import joined
from archdsl.passes.weights import Chain, Link, Made, Rewritten, link
from archdsl.torchgen.constructor import Class

Rows = dict[str, list[str]]


def conversion(classes: list[Class], rewritten: Rewritten) -> dict[Class, Rows]:
    """The rows of each class, inner classes first; the network's own takes all that are left."""
    network = rewritten.network
    left = {**moved(rewritten), **changed(rewritten)}
    there = {node.path for node in network.nodes} | {s.path for s in network.root.named_scopes()}
    found = {}
    for made in classes:
        paths = [i.scope.path for i in made.group.instances if i.network is network]
        uses = {path: rows(left, path, rewritten.origins[path]) for path in paths}
        found[made] = {
            layer: row
            for use in uses.values()
            for layer, row in use.items()
            if all(
                other.get(layer) == row
                for path, other in uses.items()
                if joined(path, layer) in there
            )
        }
        for path in paths:
            for layer in found[made]:
                left.pop(joined(path, layer), None)
    return found


def moved(rewritten: Rewritten) -> dict[str, Made]:
    """The parts that stand elsewhere than in the training module, or under another name."""
    origins = rewritten.origins
    return {
        scope.path: ((Link(origins[scope.path]),),)
        for scope in rewritten.network.root.named_scopes()
        if scope.parent is not None
        and origins[scope.path] != joined(origins[scope.parent.naming.path], scope.name)
    }


def changed(rewritten: Rewritten) -> dict[str, Made]:
    """The layers that are not made of their likes in the training module."""
    found = {}
    for node in rewritten.network.nodes:
        made = rewritten.weights.get(node.index, ())
        path = joined(rewritten.origins[node.scope.path], node.name)
        if rewritten.network.tensors(node) and made != ((replace(link(node), path=path),),):
            found[node.path] = made
    return found


def rows(left: dict[str, Made], path: str, origin: str) -> Rows:
    """What can be told in terms of a scope, by its path and the one in training."""
    here, there = (f"{start}." if start else "" for start in (path, origin))
    return {
        layer.removeprefix(here): [told(chain, there) for chain in made]
        for layer, made in left.items()
        if layer.startswith(here) and all(inside(chain, there) for chain in made)
    }


def inside(chain: Chain, start: str) -> bool:
    """Whether a chain lies within a scope."""
    return all(link.path.startswith(start) for link in chain)


def told(chain: Chain, start: str) -> str:
    """`conv > bn eps=0.001`; a layer that has only moved is its path."""
    if len(chain) == 1:
        return chain[0].path.removeprefix(start)
    return " > ".join(f"{link.path.removeprefix(start)} {link.note}".rstrip() for link in chain)
