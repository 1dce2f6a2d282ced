"""A network as a Python object: what a program or a notebook asks of a spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archdsl import pipeline
from archdsl.diagnostics import Diagnostic
from archdsl.graph import Network
from archdsl.modules import DeclaredNetwork
from archdsl.records import cached_property
from archdsl.runtime import needed
from archdsl.shapes import Shape

if TYPE_CHECKING:
    import networkx as nx
    from torch import nn

    from archdsl.measure import Report
    from archdsl.memory import Memory
    from archdsl.sizes import Sizes


def load(spec: str | Path, **settings: Any) -> Architecture:
    """The network of a spec: a shipped name, a path, or `path:network`.

    Settings give the network's parameters other values than their defaults, as in
    `load("resnet50", classes=10)`. Raises ArchError, which shows what is wrong and where.
    """
    return architecture(pipeline.declared(str(spec)), settings)


def loads(text: str, *, network: str | None = None, **settings: Any) -> Architecture:
    """The network of a spec given as text; `network` names it where there are several."""
    return architecture(pipeline.declared_in(text, network), settings)


def architecture(declared: DeclaredNetwork, settings: Mapping[str, Any]) -> Architecture:
    """The object of a declared network."""
    return Architecture(pipeline.expanded(declared, settings), declared, dict(settings))


@dataclass(frozen=True, eq=False, repr=False)
class Architecture:
    """A network with all that is known of it without running it; shapes are per sample."""

    network: Network
    declared: DeclaredNetwork
    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name, as in the spec."""
        return self.network.name

    @property
    def graph(self) -> nx.MultiDiGraph:
        """Its NetworkX graph: nodes carry `op`, `shape` and `path`; edges are keyed by slot."""
        return self.network.graph

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape that leaves each operator, channels first, by the operator's path."""
        return {node.path: node.shape for node in self.network.nodes}

    @cached_property
    def report(self) -> Report:
        """Its figures, node by node and in total."""
        return pipeline.report(self.network)

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes of input that it takes, where others break, and its shapes as formulas."""
        return pipeline.sizes(self.network)

    @property
    def params(self) -> int:
        """Trainable parameters, heads that exist in training only left out."""
        return self.report.params

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one sample's inference."""
        return self.report.macs

    @cached_property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is legal in it and its file, and probably wrong."""
        return pipeline.warnings(self.declared.module, {self.declared: self.network})

    @cached_property
    def source(self) -> str:
        """Its PyTorch source."""
        return pipeline.generated(self.declared, self.network, self.settings)

    @cached_property
    def inference_source(self) -> str:
        """Its PyTorch source rewritten for inference, with a converter for trained weights."""
        passes = pipeline.pass_names()
        return pipeline.generated(self.declared, self.network, self.settings, passes=passes)

    def memory(self, batch: int = 1, dtype: str = "fp32", optimizer: str = "adam") -> Memory:
        """The bytes that it takes: the peak of inference, and what a training step keeps.

        `dtype` is fp64, fp32, bf16, fp16 or int8; `optimizer` is sgd, momentum or adam.
        """
        return pipeline.memory(self.network, batch, dtype, optimizer)

    def summary(self, level: str = "block", **wishes: Any) -> str:
        """Its table; `level` is `block` or `layer`.

        Further wishes are `count` (macs, fvcore, ptflops, torchinfo), `columns`, `sort`, `format`.
        """
        return pipeline.summary(self.network, level, **wishes)

    def draw(self, format: str = "svg", level: str = "block", **wishes: Any) -> bytes:
        """Its picture as svg, png, pdf, dot, mmd (Mermaid) or tex (TikZ).

        `level` is `block`, `layer` or `op`; the wishes are the other fields of
        `archdsl.draw.Figure`: `inset=True`, `theme="dark"`, ...
        """
        return pipeline.draw(self.network, level, format, **wishes)

    def module(self, **arguments: Any) -> nn.Module:
        """A live module, freshly initialised; arguments go to the generated factory."""
        with needed("a live module"):
            from archdsl.runtime.module import build
        return build(self.source, self.name, arguments)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.params:,} parameters>"

    def _repr_svg_(self) -> str:
        return self.draw().decode()
