"""The figures of memory as values; all are bytes."""

from __future__ import annotations

from archdsl.records import dataclass

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
