"""A network that passes change. Its tensors keep their numbers until it is settled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archdsl.copying import Copier
from archdsl.graph import Node, Output, Scope, joined
from archdsl.naming import unique
from archdsl.ops import Applied, Op
from archdsl.passes.weights import Made, Rewritten
from archdsl.shapes import Shape
from archdsl.symbols import Sym


class Draft:
    """A copy of a network and the changes that passes make of."""

    def __init__(self, rewritten: Rewritten) -> None:
        self.network = rewritten.network
        self.root = Copier({}).copy(self.network.root)
        self.nodes = {node.index: node for node in self.root.nodes()}
        self.outputs: tuple[Output, ...] = self.network.outputs
        self.heads: tuple[Output, ...] = self.network.heads
        self.weights = dict(rewritten.weights)
        self.origins = {scope: rewritten.origins[scope.path] for scope in self.root.named_scopes()}
        self.parents = {
            item.index: scope
            for scope in self.scopes()
            for item in scope.items
            if isinstance(item, Node)
        }
        self.aliases = {
            scope.end: scope.entry
            for scope in self.scopes()
            if scope.passes and scope.end is not None
        }
        self.gone: dict[int, int] = {}  # dropped node: the one that stands for it
        self.touched: set[Scope] = set()

    # ---- reading ----

    def scopes(self, scope: Scope | None = None) -> Iterator[Scope]:
        """A scope and all within it, in walking order; the network's by default."""
        scope = scope or self.root
        yield scope
        for item in scope.items:
            if isinstance(item, Scope):
                yield from self.scopes(item)

    def walk(self) -> list[Node]:
        """The nodes in walking order."""
        return list(self.root.nodes())

    def input(self, node: Node) -> Node:
        """What makes the first tensor that a node takes."""
        return self.nodes[node.inputs[0]]

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        return tuple(self.nodes[i].shape for i in node.inputs)

    def readers(self, node: Node) -> list[Node | None]:
        """What takes a node's tensor, None for the network's outputs."""
        found: list[Node | None] = [
            other for other in self.nodes.values() for i in other.inputs if i == node.index
        ]
        outputs = (*self.outputs, *self.heads)
        return found + [None for output in outputs if output.node == node.index]

    def only_reader(self, node: Node) -> Node | None:
        """What alone takes a node's tensor, on the same device."""
        found = self.readers(node)
        only = found[0] if len(found) == 1 else None
        return only if only is not None and only.device == node.device else None

    # ---- changing ----

    def put(self, node: Node, op: Op, made: Made, symbols: dict[str, Sym] | None = None) -> None:
        """Let a node be another operator, with other weights."""
        self.become(node, op)
        node.symbols = dict(node.symbols if symbols is None else symbols)
        node.symbols.pop("bias", None)
        self.weights[node.index] = made

    def become(self, node: Node, op: Op) -> None:
        """Let a node be another operator, with the same weights."""
        node.applied = Applied(op, self.input_shapes(node))

    def add(
        self, scope: Scope, place: int, op: Op, source: int, like: Node, symbols: dict[str, Sym]
    ) -> Node:
        """A new node at a place among the items of a scope, on the device of another."""
        index = max(self.nodes) + 1
        inputs = (self.aliases.get(source, source),)
        applied = Applied(op, (self.nodes[inputs[0]].shape,))
        name = free_number(scope) if scope.numbered else unique(op.name, names(scope))
        node = replace(
            like,
            index=index,
            name=name,
            inputs=inputs,
            sources=(source,),
            shape=applied.shape,
            applied=applied,
            scope=scope.naming,
            symbols=symbols,
        )
        scope.items.insert(place, node)
        self.nodes[index], self.parents[index] = node, scope
        self.touched.add(scope.naming)
        return node

    def drop(self, node: Node, slot: int = 0) -> None:
        """Take a node out: what took its tensor takes what came into it, by a slot."""
        source = node.sources[slot]
        scope = self.detach(node)
        if scope.kind == "choice" and scope.end == node.index and scope.source == source:
            if scope.items:
                self.dissolve(scope)
            else:  # it passes its input on now, under a number of its own
                scope.passes = True
                alias = min([-1, *self.aliases]) - 1
                self.aliases[alias] = self.aliases.get(source, source)
                source = alias
        self.gone[node.index] = self.aliases.get(source, source)
        self.redirect(node.index, source)

    def detach(self, node: Node) -> Scope:
        """Take a node out of its scope, and scopes that hold nothing else; where they stood."""
        scope = self.parents.pop(node.index)
        del self.nodes[node.index]
        self.weights.pop(node.index, None)
        scope.items.remove(node)
        self.touched.add(scope.naming)
        while not scope.items and scope.kind in ("block", "group"):
            assert scope.parent is not None
            scope.parent.items.remove(scope)
            scope = scope.parent
            self.touched.add(scope.naming)
        return scope

    def redirect(self, old: int, new: int) -> None:
        """Let all that takes a tensor take another one."""
        real = self.aliases.get(new, new)

        def number(tensor: int) -> int:
            return new if tensor == old else tensor

        def node_number(tensor: int) -> int:
            return real if tensor == old else tensor

        for node in self.nodes.values():
            node.sources = tuple(map(number, node.sources))
            node.inputs = tuple(map(node_number, node.inputs))
        for scope in self.scopes():
            scope.source, scope.entry = number(scope.source), node_number(scope.entry)
            scope.end = None if scope.end is None else number(scope.end)
            scope.exit = None if scope.exit is None else node_number(scope.exit)
            scope.goal = None if scope.goal is None else node_number(scope.goal)
            scope.ends = tuple(None if end is None else number(end) for end in scope.ends)
        self.aliases = {alias: node_number(node) for alias, node in self.aliases.items()}
        self.outputs = tuple(replace(o, node=node_number(o.node)) for o in self.outputs)

    def dissolve(self, choice: Scope) -> None:
        """Put what a decision took in the place of the decision."""
        parent = choice.parent
        assert parent is not None
        place = parent.items.index(choice)
        parent.items[place : place + 1] = choice.items
        for item in choice.items:
            if isinstance(item, Scope):
                item.parent = parent
            else:
                self.parents[item.index] = parent
        if choice.passes and choice.end is not None:
            self.redirect(choice.end, choice.source)

    # ---- the end ----

    def settled(self) -> Rewritten:
        """The network with its changes: numbers, names, paths and shapes set right."""
        self.decide()
        self.unwrap()
        self.rename()
        numbers = {node.index: i for i, node in enumerate(self.root.nodes())}
        for old in self.gone:
            new = old
            while new in self.gone:
                new = self.gone[new]
            if new in numbers:
                numbers[old] = numbers[new]
        root = Copier(numbers).copy(self.root)
        nodes = list(root.nodes())
        for node in nodes:
            node.applied = Applied(node.op, tuple(nodes[i].shape for i in node.inputs))
            node.shape = node.applied.shape
        network = replace(
            self.network,
            root=root,
            nodes=nodes,
            params=root.params,
            outputs=tuple(replace(o, node=numbers[o.node]) for o in self.outputs),
            heads=tuple(replace(o, node=numbers[o.node]) for o in self.heads),
        )
        weights = {numbers[old]: made for old, made in self.weights.items()}
        origins = {scope.path: self.origins[scope] for scope in self.root.named_scopes()}
        return Rewritten(network, weights, origins)

    def decide(self) -> None:
        """Dissolve the decisions of which all that they may take is nothing now."""
        places: dict[object, list[Scope]] = {}
        for scope in self.scopes():
            if scope.kind == "choice" and scope.joint is None:
                span = scope.span and (scope.span.source.name, scope.span.start, scope.span.end)
                places.setdefault(span, []).append(scope)
        for choices in places.values():
            if all(choice.passes and not choice.items for choice in choices):
                for choice in choices:
                    self.dissolve(choice)

    def unwrap(self) -> None:
        """A chain of which one part is left becomes that part, under the chain's name."""
        for scope in list(self.scopes()):
            if scope.kind != "group" or scope not in self.touched or len(scope.items) > 1:
                continue
            (item,) = scope.items
            assert scope.parent is not None
            if isinstance(item, Scope) and item.kind == "choice":
                continue
            scope.parent.items[scope.parent.items.index(scope)] = item
            item.name = scope.name
            if isinstance(item, Scope):
                item.parent = scope.parent
            else:
                item.scope, self.parents[item.index] = scope.parent.naming, scope.parent

    def rename(self) -> None:
        """Number the children of changed chains anew, and set all paths."""
        for scope in self.scopes():
            children = list(named(scope)) if scope.kind != "choice" else []
            if scope.numbered and scope in self.touched:
                for i, child in enumerate(c for c in children if c.name.isdigit()):
                    child.name = str(i)
            if scope.parent is not None:
                above = scope.parent.naming.path
                scope.path = above if scope.kind == "choice" else joined(above, scope.name)


def named(scope: Scope) -> Iterator[Node | Scope]:
    """What bears a name in a scope, seen through the marks of decisions."""
    for item in scope.items:
        if isinstance(item, Scope) and item.kind == "choice":
            yield from named(item)
        else:
            yield item


def names(scope: Scope) -> set[str]:
    """The names that stand in a scope."""
    return {item.name for item in named(scope.naming)}


def free_number(scope: Scope) -> str:
    """A number that no child of a chain bears."""
    return str(1 + max((int(name) for name in names(scope) if name.isdigit()), default=-1))
