"""archdsl: a small language for neural-network architectures, compiled to readable PyTorch.

    import archdsl

    net = archdsl.load("resnet50", classes=10)
    net.params, net.macs, net.report.receptive_field
    print(net.source)      # PyTorch code, as a person would write it
    net.module()           # a live torch.nn.Module

A spec passes through the rooms of this package in one direction, each fact has one home:

    records                           dataclasses that cost little
    garbage                           Python's search for it, put off while networks are made
    source, shapes, naming, pytext    texts and places, shapes, Python names and expressions
    latex                             words as LaTeX reads them
    formula, lengths                  extents as functions of the input's; sets of extents
    diagnostics, syntax, ops          mistakes, the tree, and the one room for operators
    codes, allow                      what the codes of mistakes mean; `# allow: CODE`
    library, modules, unused          which file and declaration a name means; which are unused
    cache                             what is kept between runs
    parser, trees, format             text to tree; kept trees; text to the same text, laid out
    expand (and its helpers)          tree to graph: blocks, stacks, joins and variants worked out
    graph                             the network: operators in walking order, scopes that name them
    copying                           parts of a network copied, and numbered anew
    field, measure, counts            what maps see; figures; costs as other tools count them
    memory                            bytes: the peak of inference, what training keeps
    passes                            the graph rewritten for inference, one small pass a file
    asserts, outline                  whether it is as it says; nested, folded entries
    sizes                             which inputs it takes, where others break, shapes as formulas
    diff                              two networks side by side: added, removed, changed
    lint                              warnings: what is legal and probably wrong
    draw, summary, plot, torchgen     pictures, tables, curves, PyTorch source
    documents                         JSON of every stage, with a schema; networks read back
    claims, runtime                   what needs torch: modules, and whether they are as told
    compiled                          compiled networks that are kept
    importing                         a model's run back into a spec
    pipeline                          the compiler on one screen
    api, cli, __main__                this package's names; the command line
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archdsl.api import Architecture as Architecture
    from archdsl.api import load as load
    from archdsl.api import loads as loads
    from archdsl.diagnostics import ArchError as ArchError
    from archdsl.library import shipped_networks as shipped_networks

__version__ = "0.1.0"
__all__ = ["ArchError", "Architecture", "__version__", "load", "loads", "shipped_networks"]

HOMES = {
    "ArchError": "diagnostics",
    "Architecture": "api",
    "load": "api",
    "loads": "api",
    "shipped_networks": "library",
}


def __getattr__(name: str) -> Any:
    """A public name from its room, imported when first asked for."""
    if name not in HOMES:
        raise AttributeError(f"module 'archdsl' has no attribute '{name}'")
    value = getattr(import_module(f"archdsl.{HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
