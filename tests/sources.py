"""The generated source and the graph of each shipped network, made once for all tests."""

from __future__ import annotations

from functools import cache

from archdsl.graph import Network
from archdsl.library import shipped_networks
from archdsl.pipeline import compile, compile_inference, declared, network

NAMES = list(shipped_networks())


@cache
def source(name: str) -> str:
    """The PyTorch source of a network."""
    return compile(declared(name))


@cache
def graph(name: str) -> Network:
    """The graph of a network."""
    return network(name)


@cache
def inference(name: str) -> str:
    """The PyTorch source of a network rewritten for inference."""
    return compile_inference(declared(name))
