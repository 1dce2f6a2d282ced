"""Which memory each tensor lies in: its own, its input's as a view, or its input's overwritten.

What overwrites is what generated code lets overwrite: an activation behind an operator of the same
block whose output nothing else reads. Generated code overwrites less where the uses of a block
differ (in what an `if` or `or` has taken, or in the sign of an activation's argument).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set

from archdsl.graph import Network, Node, Scope

Storages = dict[int, int]


def storages(network: Network, overwriting: Set[int], training: bool) -> Storages:
    """For each node that runs, the node that made the memory which its output lies in."""
    found: Storages = {}
    for node in running(network, training):
        shares = node.op.shares_memory(training) or node.index in overwriting
        found[node.index] = found[node.inputs[0]] if shares else node.index
    return found


def running(network: Network, training: bool) -> list[Node]:
    """The nodes that lead to an output, heads included in training; and the inputs."""
    wanted = {output.node for output in network.outputs}
    wanted |= {head.node for head in network.heads} if training else set()
    found = (node for node in reversed(network.nodes) if node.index in wanted)
    for _, index in given(found):
        wanted.add(index)
    return [node for node in network.nodes if node.index in wanted or not node.inputs]


def given(nodes: Iterable[Node]) -> Iterator[tuple[Node, int]]:
    """What each node reads; for the first in a block what comes into that, whether read or not."""
    entered: set[Scope] = set()
    for node in nodes:
        for index in node.inputs:
            yield node, index
        if node.scope not in entered:
            entered.add(node.scope)
            for scope in called(node.scope):
                if scope.parent:
                    yield node, scope.entry


def called(scope: Scope | None) -> Iterator[Scope]:
    """The scope and those around it, inner ones first; decisions are no calls."""
    while scope is not None:
        if scope.kind != "choice":
            yield scope
        scope = scope.parent


def overwriters(network: Network) -> set[int]:
    """The nodes that write their output over their input."""
    reads = readers(network)
    alike: defaultdict[tuple[object, ...], list[Node]] = defaultdict(list)
    for node in network.nodes:
        if node.op.in_place:
            alike[shared(node)].append(node)
    return {
        node.index
        for nodes in alike.values()
        if all(may_overwrite(network, node, reads) for node in nodes)
        for node in nodes
    }


def readers(network: Network) -> Counter[int]:
    """How often each tensor is read, what is returned counted."""
    found = Counter(i for node in network.nodes for i in node.inputs)
    found.update(output.node for output in (*network.outputs, *network.heads))
    return found


def may_overwrite(network: Network, node: Node, reads: Counter[int]) -> bool:
    """Whether nothing but a node reads what the operator before it in its block has made."""
    source = network.nodes[node.inputs[0]]
    return (
        source.scope.naming is node.scope.naming
        and reads[source.index] == 1
        and bool(source.inputs)
        and not source.op.keeps_output
    )


def shared(node: Node) -> tuple[object, ...]:
    """What is one module in code: nameless uses of an operator in a block, or a node by itself."""
    stem, _, tail = node.name.rpartition("_")
    nameless = node.name == node.op.name or (stem == node.op.name and tail.isdigit())
    return (id(node.scope.naming), node.op if nameless else node.name)
