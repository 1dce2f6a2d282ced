"""The bytes of a network's tensors, added up."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from math import prod

from archdsl.graph import Network, Node
from archdsl.memory.figures import OPTIMIZERS, Memory, Row
from archdsl.memory.kept import kept
from archdsl.memory.lifetimes import lifetimes
from archdsl.memory.storages import overwriters, storages
from archdsl.ops import Buffer, Tensor


class Count:
    """The bytes of a network's tensors, for a batch and the bytes of a number."""

    def __init__(self, network: Network, batch: int, size: int) -> None:
        self.network, self.batch, self.size = network, batch, size
        self.sizes = {"values": size, "statistics": max(size, 4), "indices": 8}
        self.outputs = [node.shape.elements * batch * size for node in network.nodes]
        overwriting = overwriters(network)
        self.places = storages(network, overwriting, training=False)
        self.lifetimes = lifetimes(network, self.places)
        self.kept = {kept.node: kept for kept in kept(network, overwriting)}

    def memory(self, dtype: str, optimizer: str) -> Memory:
        rows = self.rows()
        tensors = [tensor for node in self.network.nodes for tensor in self.network.tensors(node)]
        trained = self.stored(tensor for tensor in tensors if tensor.role == "trainable")
        made = [rows[place] for place in dict.fromkeys(self.places.values())]
        inputs = {node.index for node in self.network.inputs}
        peak_at = max(rows, key=lambda row: row.alive)
        return Memory(
            network=self.network.name,
            batch=self.batch,
            dtype=dtype,
            optimizer=optimizer,
            parameters=trained,
            buffers=self.stored(tensor for tensor in tensors if tensor.role != "trainable"),
            inputs=sum(rows[i].output for i in inputs),
            activations=sum(row.output for row in made if row.node not in inputs),
            consecutive=max(map(self.read_and_made, self.places)),
            peak=peak_at.alive,
            peak_at=peak_at,
            alive=tuple(
                row for row in made if row.node <= peak_at.node <= self.lifetimes[row.node]
            ),
            kept=sum(row.kept for row in rows),
            kept_once=sum(self.bytes(b) for k in self.kept.values() for b in k.own if b.shared),
            gradients=trained,
            state=OPTIMIZERS[optimizer] * trained,
            rows=rows,
        )

    def rows(self) -> tuple[Row, ...]:
        """The figures of all nodes."""
        nodes = self.network.nodes
        used = self.in_use()
        scratch = [self.scratch(node) for node in nodes]
        return tuple(
            Row(
                i,
                node.path,
                self.outputs[i] if self.places.get(i, i) == i else 0,
                scratch[i],
                used[i] + scratch[i] if i in self.places else 0,
                self.kept_for(i),
            )
            for i, node in enumerate(nodes)
        )

    def in_use(self) -> list[int]:
        """The bytes of tensors that are alive while each node works."""
        change = [0] * (len(self.network.nodes) + 1)
        for place, last in self.lifetimes.items():
            change[place] += self.outputs[place]
            change[last + 1] -= self.outputs[place]
        return list(accumulate(change))

    def scratch(self, node: Node) -> int:
        """Bytes that a node needs for itself."""
        if not node.inputs:
            return 0
        return sum(map(self.bytes, node.applied.scratch))

    def kept_for(self, index: int) -> int:
        """Bytes that training keeps on behalf of a node."""
        kept = self.kept.get(index)
        if kept is None:
            return 0
        return sum(self.outputs[i] for i in kept.places) + sum(map(self.bytes, kept.own))

    def read_and_made(self, index: int) -> int:
        """Bytes of the memory that a node reads and of what it makes."""
        places = {self.places[i] for i in (index, *self.network.nodes[index].inputs)}
        return sum(self.outputs[i] for i in places)

    def bytes(self, buffer: Buffer) -> int:
        """Bytes of an operator's own tensor."""
        return buffer.elements * self.sizes[buffer.content] * (1 if buffer.shared else self.batch)

    def stored(self, tensors: Iterable[Tensor]) -> int:
        """Bytes of tensors in the state_dict; a count, which has no axes, takes eight."""
        return sum(prod(t.shape) * (self.size if t.shape else 8) for t in tensors)
