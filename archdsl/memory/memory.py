"""The figures of memory, added up for a batch, a type of numbers and an optimiser."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from math import prod

from archdsl.diagnostics import did_you_mean, mistake
from archdsl.graph import Network
from archdsl.memory.kept import kept
from archdsl.memory.lifetimes import lifetimes
from archdsl.memory.storages import storages
from archdsl.ops import Buffer, Tensor

# Bytes of a number. Training figures of int8 say what would be kept, not that PyTorch trains it.
DTYPES = {"fp64": 8, "fp32": 4, "bf16": 2, "fp16": 2, "int8": 1}
# How many numbers an optimiser remembers for each parameter.
OPTIMIZERS = {"sgd": 0, "momentum": 1, "adam": 2}


@dataclass(frozen=True)
class Row:
    """Bytes of one node.

    `output` is the memory that it makes for its output, 0 where that lies in its input's;
    `scratch` what it needs beside that while it works; `alive` all that is in use while it works
    in inference, 0 where it has no part in that; `kept` what training keeps on its behalf and for
    no node before.
    """

    node: int
    path: str
    output: int
    scratch: int
    alive: int
    kept: int


@dataclass(frozen=True)
class Memory:
    """Bytes that a network takes, for a batch.

    `parameters` and `buffers` (running statistics, fixed constants) include heads that exist in
    training only. `inputs` and `activations` are the network's inputs and all that inference makes
    of them, each memory once; `consecutive` the most that one operator reads and makes; `peak` the
    most that is in use at a time, inputs included, at the node `peak_at` with `alive` in use.
    `kept` is what a forward pass in training leaves for the backward pass, inputs included where
    they are read again; `kept_once` the part of it that does not grow with the batch.
    """

    network: str
    batch: int
    dtype: str
    optimizer: str
    parameters: int
    buffers: int
    inputs: int
    activations: int
    consecutive: int
    peak: int
    peak_at: Row
    alive: tuple[Row, ...]
    kept: int
    kept_once: int
    gradients: int
    state: int
    rows: tuple[Row, ...]

    @property
    def inference(self) -> int:
        """Bytes in use at the peak of inference."""
        return self.parameters + self.buffers + self.peak

    @property
    def training(self) -> int:
        """Bytes that a training step keeps: weights, their gradients and state, what is kept."""
        return self.parameters + self.buffers + self.gradients + self.state + self.kept

    @property
    def simple_inference(self) -> int:
        """The course's figure for a prediction: parameters and two consecutive layers."""
        return self.parameters + self.consecutive

    @property
    def simple_training(self) -> int:
        """The course's figure for training: parameters, inputs, and all that is made of them."""
        return self.parameters + self.inputs + self.activations

    def fits(self, size: int, *, training: bool = False) -> bool:
        """Whether inference, or a training step, fits into so many bytes."""
        return (self.training if training else self.inference) <= size

    def largest_batch(self, size: int, *, training: bool = False) -> int | None:
        """The largest batch that fits into so many bytes; None where any does."""
        total, grows = self.inference, self.peak
        if training:
            total, grows = self.training, self.kept - self.kept_once
        if not grows:
            return None if total <= size else 0
        return max(0, size - (total - grows)) // (grows // self.batch)


def memory(
    network: Network, batch: int = 1, dtype: str = "fp32", optimizer: str = "adam"
) -> Memory:
    """The bytes that a network takes for a batch, in inference and in training."""
    known("type of numbers", dtype, DTYPES)
    known("optimizer", optimizer, OPTIMIZERS)
    if batch < 1:
        raise mistake("value", f"a batch holds a sample at least, not {batch}")
    return Count(network, batch, DTYPES[dtype]).memory(dtype, optimizer)


def known(what: str, word: str, words: Iterable[str]) -> None:
    """Refuse a word that is none of those there are."""
    if word not in words:
        help = did_you_mean(word, words) or f"one of {', '.join(words)}"
        raise mistake("value", f"there is no {what} '{word}'", help=help)


class Count:
    """The bytes of a network's tensors, for a batch and the bytes of a number."""

    def __init__(self, network: Network, batch: int, size: int) -> None:
        self.network, self.batch, self.size = network, batch, size
        self.places = storages(network, training=False)
        self.lifetimes = lifetimes(network, self.places)
        self.kept = {kept.node: kept for kept in kept(network)}

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
        scratch = [self.scratch(i) for i in range(len(nodes))]
        return tuple(
            Row(
                i,
                node.path,
                self.output(i) if self.places.get(i, i) == i else 0,
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
            change[place] += self.output(place)
            change[last + 1] -= self.output(place)
        return list(accumulate(change))

    def output(self, index: int) -> int:
        """Bytes of a node's output."""
        return self.network.nodes[index].shape.elements * self.batch * self.size

    def scratch(self, index: int) -> int:
        """Bytes that a node needs for itself."""
        node = self.network.nodes[index]
        if not node.inputs:
            return 0
        return sum(map(self.bytes, node.op.scratch(*self.network.input_shapes(node))))

    def kept_for(self, index: int) -> int:
        """Bytes that training keeps on behalf of a node."""
        kept = self.kept.get(index)
        if kept is None:
            return 0
        return sum(map(self.output, kept.places)) + sum(map(self.bytes, kept.own))

    def read_and_made(self, index: int) -> int:
        """Bytes of the memory that a node reads and of what it makes."""
        places = {self.places[i] for i in (index, *self.network.nodes[index].inputs)}
        return sum(map(self.output, places))

    def bytes(self, buffer: Buffer) -> int:
        """Bytes of an operator's own tensor."""
        sizes = {"values": self.size, "statistics": max(self.size, 4), "indices": 8}
        return buffer.elements * sizes[buffer.content] * (1 if buffer.shared else self.batch)

    def stored(self, tensors: Iterable[Tensor]) -> int:
        """Bytes of tensors in the state_dict; a count, which has no axes, takes eight."""
        return sum(prod(t.shape) * (self.size if t.shape else 8) for t in tensors)
