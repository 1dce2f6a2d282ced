"""Kernels that a network launches before and after it is rewritten, counted in exported graphs."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from conftest import ROOT
from sources import graph, inference
from torch import fx, nn
from torch._ops import OpOverload
from twins import META, on_meta, published

from archdsl.naming import function_name
from archdsl.runtime.module import imported

pytestmark = pytest.mark.torch
NAMES = """
    googlenet@torchvision resnet50@torchvision densenet121 mobilenet_v3_large vgg16 inception_v3
""".split()


def kernels(model: nn.Module, name: str) -> Counter[str]:
    """What an exported model calls that computes: all but views, and dropout that is idle."""
    x = torch.empty(1, *graph(name).inputs[0].shape, device=META)
    program = torch.export.export(model.eval(), (x,))
    calls = [node.target for node in program.graph.nodes if node.op == "call_function"]
    names = (
        call.overloadpacket.__name__.rstrip("_")  # in place or not
        for call in calls
        if isinstance(call, OpOverload) and not call.is_view
    )
    return Counter(name for name in names if name != "dropout")


def rewritten(name: str) -> nn.Module:
    factory = function_name(name)
    with META:
        model: nn.Module = getattr(imported(inference(name), factory), factory)()
    return model


def spared(name: str) -> Counter[str]:
    """What torchvision's graph has in excess: norms behind convolutions, siblings of 1x1."""
    traced = fx.symbolic_trace(published(name).eval())
    modules = dict(traced.named_modules())
    found: Counter[str] = Counter()
    siblings: Counter[fx.Node] = Counter()
    for conv in traced.graph.nodes:
        norm = next(iter(conv.users), conv)
        kinds = [type(modules.get(str(node.target))) for node in (conv, norm)]
        if kinds == [nn.Conv2d, nn.BatchNorm2d] and len(conv.users) == 1:
            found["batch_norm"] += 1
            behind = next(iter(norm.users))
            if "relu" in str(behind.target) and modules[conv.target].kernel_size == (1, 1):
                siblings[conv.args[0]] += 1
    for count in siblings.values():
        found.update(conv2d=count - 1, relu=count - 1)
    return +found


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_norms_and_siblings_are_kernels_no_more(name: str) -> None:
    before, after = kernels(on_meta(name), name), kernels(rewritten(name), name)
    assert before - after == spared(name)
    assert after - before == {}
    page = (ROOT / "docs" / "inference.md").read_text(encoding="utf-8")
    assert f"| {name} | {before.total()} | {after.total()} |\n" in page
