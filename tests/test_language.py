"""The language: each file of `tests/language` gives the graph that stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archdsl.api import architecture, loads
from archdsl.expand import expand
from archdsl.graph import Assertion, Fits, Network, Node
from archdsl.modules import Loader
from archdsl.shapes import extents
from archdsl.source import Source
from archdsl.values import Callee

CASES = sorted(Path(__file__).parent.joinpath("language").glob("*.arch"))


def told(network: Network) -> Iterator[str]:
    """A network, line by line: its operators, then what it returns."""
    params = ", ".join(f"{param.name}={told_value(param.value)}" for param in network.params)
    yield f"network {network.name}({params})"
    yield from (told_node(network, node) for node in network.nodes)
    for output in network.outputs:
        yield f"returns {output.name}: {network.nodes[output.node].path}"
    for head in network.heads:
        yield f"training only {head.name}: {network.nodes[head.node].path} (weight {head.weight})"
    for assertion in network.asserts:
        yield f"assert {told_assertion(assertion)}"
    for line in network.inits:
        options = " ".join(f"{name}={value}" for name, value in line.options)
        yield f"init {', '.join(line.targets)}: {line.scheme or '-'} {options}".rstrip()


def told_assertion(assertion: Assertion) -> str:
    """A condition with its expression worked out."""
    if isinstance(assertion, Fits):
        return f"fits {assertion.shape}"
    return f"{assertion.measure} {assertion.sign} {assertion.value}"


def told_value(value: object) -> str:
    """A parameter's value as an author writes it."""
    if isinstance(value, Callee):
        return value.name
    return extents(value) if isinstance(value, tuple) else str(value).lower()


def told_node(network: Network, node: Node) -> str:
    """`conv1: conv 7x7/2 64 (input) 64x112x112`."""
    op = f"{node.op.name} {node.op.describe()}".rstrip()
    inputs = f" ({', '.join(network.nodes[i].path for i in node.inputs)})" if node.inputs else ""
    device = "" if node.device is None else f" on {node.device}"
    training = " in training" if node.training_only else ""
    return f"  {node.path}: {op}{inputs} {node.shape}{device}{training}"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, expect: Callable[[Path, str], None]) -> None:
    networks = [expand(declared) for declared in Loader().file(path).own_networks]
    expect(path.with_suffix(".txt"), "\n".join(line for n in networks for line in told(n)) + "\n")


@pytest.mark.torch
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_generated_code_has_these_names_and_shapes(path: Path) -> None:
    import torch

    for declared in Loader().file(path).own_networks:
        made = architecture(declared, {})
        network, module = made.network, made.module().eval()
        state = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
        assert state == network.state()
        if network.devices:
            continue  # there may be none
        out = module(*(torch.zeros(1, *node.shape) for node in network.inputs))
        outs = out if isinstance(out, tuple) else (out,)
        shapes = [network.nodes[output.node].shape.laid_out for output in network.outputs]
        assert [tuple(tensor.shape[1:]) for tensor in outs] == shapes


# ---- what language.md says of stacks and names, sentence by sentence ------------------------

DECLARED = """
let conv3(c) = conv 3x3 c
let pair(c, stride=1)
  a: conv 3x3/stride c
  relu
  conv 3x3 c
let step(c, stride=1) = conv 3x3/stride c > relu
block box = conv 1x1 4
block around<unit> = unit > relu
block dense_unit = [ identity | conv 1x1 2 ]
"""
SENTENCES = [
    ("N channels, R times", "conv3 64x2", "conv conv_2"),
    ("any unit may be followed by x3", "(conv 1x1 4 > bn) x2", "conv bn conv_2 bn_2"),
    ("any unit may be followed by x(n)", "layer: box x(1 + 1)", "layer.0.conv layer.1.conv"),
    ("a stacked body wraps each copy", "around<conv3 4x2>", "around.conv around_2.conv"),
    ("a stack in parentheses is one body", "around<(conv3 4x2)>", "around.conv around.conv_2"),
    ("each use of a block opens a scope", "box > box", "box.conv box_2.conv"),
    ("a label on a use of a block is its scope", "a: box > box", "a.conv box.conv"),
    ("a label on a group opens a scope", "g: (conv 1x1 4)", "g.0"),
    ("a label on a stack opens a scope", "g: conv 1x1 4 x2", "g.0 g.1"),
    ("a label on a chain opens a scope", "g: around<conv 1x1 4 > relu>", "g.conv"),
    ("a label on a join opens a scope", "g: [ conv 1x1 4 | bn ]", "g.conv g.bn"),
    (
        "children of a labelled group are numbered, activations and pools counted",
        "g: (conv 1x1 4 > relu > maxpool 2x2 > conv 1x1 4)",
        "g.0 g.3",
    ),
    (
        "a group inside it is one child, with children of its own",
        "features: ((conv 3x3 32 > bn) > relu > conv 1x1 4)",
        "features.0.0 features.0.1 features.2",
    ),
    ("a labelled child keeps its name, and counts", "g: (a: bn > bn)", "g.a g.1"),
    ("in a network parentheses only group", "(conv 1x1 4 > (bn > bn))", "conv bn bn_2"),
    (
        "children are named after their operator or block",
        "bn > box > bn > box",
        "bn box.conv bn_2 box_2.conv",
    ),
    ("let splices", "pair 4", "a conv"),
    ("stacks splice", "g: (bn > box x2 > bn)", "g.0 g.1.conv g.2.conv g.3"),
    ("let splices in a numbered group too", "g: (pair 4 > bn)", "g.a g.2 g.3"),
    ("a label on a let opens a group", "t: pair 4", "t.a t.2"),
    ("a label on a stack of blocks numbers them", "l: around<conv3 4x2>", "l.0.conv l.1.conv"),
    ("# numbers siblings from 1", "unit#: dense_unit x2", "unit1.conv unit2.conv"),
    ("#0 numbers siblings from 0", "block1-#0: box x2", "block1-0.conv block1-1.conv"),
    ("what is absent has no index", "g: (bn > bn if (1 > 2) > conv 1x1 4)", "g.0 g.1"),
]


@pytest.mark.parametrize(("sentence", "body", "paths"), SENTENCES)
def test_names(sentence: str, body: str, paths: str) -> None:
    text = f"{DECLARED}network n\n  input 3x16x16\n  {body}\n"
    network = expand(Loader().module(Source("n.arch", text)).network())
    weights = [node.path for node in network.nodes if network.tensors(node)]
    assert weights == paths.split(), sentence


@pytest.mark.parametrize(
    "call",
    [
        "step/2 4x3",
        "step 4x3 stride=2",
        "step(4x3, stride=2)",
        "step/2(4) x3",
        "step(4, 2) x3",
        "step(stride=2, 4x3)",
        "around<step/2 4x3>",
        "around<around<step/2 4 x(3)>>",
        "l: step/2 4x3",
    ],
)
def test_the_stride_of_a_stack_is_for_its_first_copy(call: str) -> None:
    text = f"{DECLARED}network n\n  input 3x16x16\n  {call}\n"
    network = expand(Loader().module(Source("n.arch", text)).network())
    strided = [node.op.describe() for node in network.nodes if node.op.describe()[:4] == "3x3/"]
    assert strided == ["3x3/2 4"]
    assert network.nodes[-1].shape == (4, 8, 8)


ABSENT = [
    "none",
    "(none)",
    "b: (none)",
    "b: (none) x2",
    "absent 16",
    "b: (absent 16)",
    "b: absent 16",
]


@pytest.mark.parametrize("branch", ABSENT)
def test_a_branch_that_comes_to_none_is_no_module(branch: str) -> None:
    text = "network n\n  input 3x32x32\n  [ conv 3x3 16 + conv 1x1 16 + {} ]\n"
    absent = "block absent(c) = (conv 1x1 c if (c > 99) else none)\n"
    network = loads(absent + text.format(branch))
    plain = loads(text.replace(" + {}", ""))
    assert network.source == plain.source
