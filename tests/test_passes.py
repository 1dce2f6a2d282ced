"""Passes for inference, one at a time: where they apply, and where they may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import ROOT

from archdsl.graph import Network
from archdsl.measure import measure
from archdsl.passes import PASSES, rewrite
from archdsl.pipeline import network

Made = Callable[[str], Network]
INCEPTION = """\
network heads
  input 8x8x8
  [ conv 1x1 4 > relu | conv 1x1 6 > relu > conv 3x3 8 > relu | maxpool 3x3/1 same > conv 1x1 2 ]
"""


def ops(network: Network) -> list[str]:
    """The operators in walking order, with their arguments."""
    return [f"{node.op.name} {node.op.describe()}".rstrip() for node in network.nodes[1:]]


def after(network: Network, *names: str) -> list[str]:
    """The operators behind some passes."""
    return ops(rewrite(network, names)[0].network)


def test_passes_have_a_file_each_and_names_of_their_own() -> None:
    files = {path.stem for path in (ROOT / "archdsl" / "passes").glob("*.py")}
    assert {each.name for each in PASSES} <= files
    assert all(each.run.__name__ == each.name for each in PASSES)


def test_without_passes_nothing_changes() -> None:
    before = network("googlenet@torchvision")
    found, steps = rewrite(before, [])
    assert steps == ()
    assert ops(found.network) == ops(before)
    assert found.network.state() == before.state()


# ---- what applies --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("drop_idle", "dropout 0.5 > identity > droppath 0.1 > relu", ["relu"]),
        ("drop_idle", "slice 0 8 > shuffle 1 > pad 0 > scale fixed=1 > relu", ["relu"]),
        ("drop_idle", "[ identity | dropout 0.2 ]", ["concat"]),
        ("fold_bn", "conv 3x3 4 nobias > bn > relu", ["conv 3x3 4", "relu"]),
        ("fold_bn", "dwconv 3x3 nobias > bn > scale bias", ["dwconv 3x3"]),
        ("fold_bn", "convt 2x2/2 4 groups=2 nobias > bn", ["convt 2x2/2 4 groups=2"]),
        ("fold_bn", "conv 3x3 4 nobias > scale fixed=0.5", ["conv 3x3 4 nobias"]),
        ("fold_bn", "flatten > fc 4 nobias > bn", ["flatten", "fc 4"]),
        ("fold_bn_ahead", "bn > conv 1x1 4 nobias", ["conv 1x1 4"]),
        ("fold_bn_ahead", "bn > conv 3x3 4 valid", ["conv 3x3 4 valid"]),
        ("fold_pad", "pad 1 > conv 3x3 4 valid", ["conv 3x3 4 pad=1"]),
        ("fold_pad", "pad 1 > dwconv 3x3", ["dwconv 3x3 pad=2"]),
        (
            "fix_pad",
            "conv 3x3 4 same_tf > conv 1x1 2 same_tf",
            ["conv 3x3 4 pad=1", "conv 1x1 2 pad=0"],
        ),
        ("merge_chains", "conv 1x1 2 > conv 1x1 8", ["conv 1x1 2", "conv 1x1 8"]),
        ("merge_chains", "conv 1x1 8 > conv 1x1 4", ["conv 1x1 4"]),
        ("merge_chains", "conv 3x3/2 8 > conv 1x1 4 nobias", ["conv 3x3/2 4"]),
        ("merge_chains", "conv 1x1 8 nobias > conv 3x3 8", ["conv 3x3 8"]),
        ("merge_chains", "flatten > fc 64 nobias > fc 8", ["flatten", "fc 8"]),
        ("fuse_sums", "[ conv 3x3 8 + identity ]", ["fused conv 3x3 8 + @other"]),
        (
            "fuse_sums",  # behind what makes the other term
            "[ conv 3x3 8 + (relu > maxpool 3x3/1 same) ]",
            ["relu", "maxpool 3x3/1 same", "fused conv 3x3 8 + @other"],
        ),
        (
            "fuse_sums",
            "[ maxpool 3x3/1 same + dwconv 3x3 ]",
            ["maxpool 3x3/1 same", "fused dwconv 3x3 + @other"],
        ),
        ("fuse_activations", "conv 3x3/2 4 > relu6", ["fused conv 3x3/2 4 > relu6"]),
        ("fuse_activations", "dwconv 3x3 > silu", ["fused dwconv 3x3 > silu"]),
        ("pool_first", "relu > maxpool 2x2", ["maxpool 2x2", "relu"]),
        ("pool_first", "relu > elu > maxpool global", ["maxpool global", "relu", "elu"]),
        ("pool_first", "conv 1x1 4 > avgpool 2x2", ["avgpool 2x2", "conv 1x1 4"]),
        (
            "pool_first",
            "bn > avgpool 3x3/2 same nopadcount",
            ["avgpool 3x3/2 same nopadcount", "bn"],
        ),
    ],
)
def test_applies(made: Made, name: str, body: str, expected: list[str]) -> None:
    assert after(made(f"input 8x8x8\n{body}\n"), name) == expected


@pytest.mark.parametrize(
    ("shape", "kernel", "pad"),
    [("8x9", "3", "1"), ("8x9x9", "3x3", "1"), ("8x9x9x9", "3x3x3", "1")],
)
def test_applies_in_any_number_of_axes(made: Made, shape: str, kernel: str, pad: str) -> None:
    body = f"pad 1 > conv {kernel} 4 valid nobias > bn > dropout 0.1 > relu"
    found, _ = rewrite(made(f"input {shape}\n{body}\n"))
    conv = f"conv {kernel} 4 pad={pad}"  # of images alone it is one step with its activation
    assert ops(found.network) == ([f"fused {conv} > relu"] if kernel == "3x3" else [conv, "relu"])


# ---- what may not --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "body"),
    [
        # What stands before the norm is seen by something else.
        ("fold_bn", "a: conv 3x3 4\nbn\n[ identity + @a ]"),
        ("fold_bn", "conv 3x3 4\noutput raw\nbn"),
        ("fold_bn", "[ conv 1x1 4 | conv 1x1 4 ] > bn"),
        ("fold_bn", "maxpool 2x2 > bn"),
        ("fold_bn", "conv 3x3 4 > relu > bn"),
        ("fold_bn", "on 0<conv 3x3 4>\non 1<bn>"),
        # The zeros of the padding come behind the norm.
        ("fold_bn_ahead", "bn > conv 3x3 4"),
        ("fold_bn_ahead", "bn > conv 2x2/2 4 same_tf"),
        ("fold_bn_ahead", "bn > relu > conv 1x1 4"),
        ("fold_bn_ahead", "bn > convt 2x2/2 4"),
        ("fold_bn_ahead", "n: bn\nconv 1x1 8\n[ identity + @n ]"),
        ("fold_pad", "pad 0x1x0x1 > conv 3x3 4 valid"),
        ("fold_pad", "pad 1 > conv 3x3/2 4 same_tf"),
        ("fold_pad", "pad 1 > maxpool 2x2"),
        ("fold_pad", "pad channels=16 subsample=2 > conv 1x1 4"),
        ("fix_pad", "conv 3x3/2 4 same_tf > conv 2x2 4 same_tf"),
        # It would cost more, or the border of a padded map would differ.
        ("merge_chains", "conv 3x3 4 > conv 3x3 4"),
        ("merge_chains", "conv 1x1 8 > conv 3x3 8"),
        ("merge_chains", "conv 1x1 8 > relu > conv 1x1 8"),
        ("merge_chains", "conv 1x1 8 groups=2 > conv 1x1 8"),
        ("merge_chains", "conv 3x3 8 > conv 1x1/2 8"),
        # The sum is of more or less than two, is asked for, or both terms are read elsewhere.
        ("fuse_sums", "[ conv 1x1 8 + identity + maxpool 3x3/1 same ]"),
        ("fuse_sums", "a: conv 1x1 8\n[ identity + identity ]"),
        ("fuse_sums", "[ conv 1x1 8 * identity ]"),
        ("fuse_sums", "[ g: (relu > conv 1x1 8) + identity ]"),
        ("fuse_sums", "[ conv 3x3 8 same_tf + identity ]"),
        ("fuse_sums", "[ a: conv 1x1 8 + identity ] > [ identity | @a ]"),
        ("fuse_activations", "conv 1x1 4 > sigmoid"),
        ("fuse_activations", "a: conv 1x1 4\nrelu\n[ identity + @a ]"),
        ("fuse_activations", "on 0<conv 1x1 4>\non 1<relu>"),
        ("fuse_activations", "flatten > fc 4 > relu"),
        ("fuse_activations", "conv 1x1 8 if (1 < 2) else identity\nrelu"),
        ("pool_first", "gelu > maxpool 2x2"),
        ("pool_first", "relu > avgpool 2x2"),
        ("pool_first", "leaky -0.5 > maxpool 2x2"),
        ("pool_first", "relu > maxpool 3x3/1 same"),
        ("pool_first", "conv 1x1 4 > avgpool 3x3/2 same"),
        ("pool_first", "conv 3x3 4 > avgpool 2x2"),
        ("pool_first", "a: relu\nmaxpool 2x2\n[ identity | @a > avgpool 2x2 ]"),
        ("merge_siblings", "[ conv 1x1 4 | conv 3x3 4 | conv 1x1/1 4 groups=2 ]"),
        ("merge_siblings", "[ conv 1x1 4 | relu > conv 1x1 4 ]"),
        ("merge_siblings", "[ conv 1x1 4 > relu | conv 1x1 4 > tanh ]"),
        ("merge_siblings", "[ conv 3x3 8 + (conv 3x3 8 or identity) ]"),
    ],
)
def test_does_not_apply(made: Made, name: str, body: str) -> None:
    found = made(f"input 8x8x8\n{body}\n")
    assert after(found, name) == ops(found)


# ---- the siblings of an inception block -----------------------------------------------------


def test_siblings_become_one_with_slices(made: Made) -> None:
    before = made(INCEPTION)
    found = rewrite(before, ["merge_siblings"])[0].network
    assert ops(found)[:4] == ["conv 1x1 10", "relu", "slice 0 4", "slice 4 10"]
    assert measure(found).params == measure(before).params
    assert measure(found).macs == measure(before).macs


def test_googlenet_is_counted_as_it_says() -> None:
    _, steps = rewrite(network("googlenet@torchvision"))
    texts = {step.did.name: step.text for step in steps}
    assert texts["drop_heads"] == "2 training-only heads dropped"
    assert texts["fold_bn"] == "57 norms and scales folded into the layer before"
    assert texts["merge_siblings"] == "27 siblings merged into 9"


def test_heads_and_their_outputs_go() -> None:
    before = network("googlenet")
    found = rewrite(before)[0].network
    assert before.heads
    assert not found.heads
    assert not any(node.training_only for node in found.nodes)
    assert measure(found).params == measure(before).params


def test_what_a_decision_took_and_then_was_dropped_is_no_decision(made: Made) -> None:
    text = """\
block unit(p)
  conv 3x3 8 > (dropout p if (p > 0) else identity) > relu
network drops
  input 8x8x8
  unit 0 > unit 0.5
"""
    found = rewrite(made(text), ["drop_idle"])[0].network
    assert ops(found) == ["conv 3x3 8", "relu"] * 2


def test_norms_behind_a_decision_fold_into_what_it_took(made: Made) -> None:
    body = "input 8x8x8\n[ conv 3x3 8 nobias > bn + (identity or conv 1x1/_ _ nobias > bn) ] > relu"
    assert after(made(body), "fold_bn") == ["conv 3x3 8", "add", "relu"]
    wider = body.replace("3x3 8", "3x3/2 16")
    assert after(made(wider), "fold_bn") == ["conv 3x3/2 16", "conv 1x1/2 16", "add", "relu"]
