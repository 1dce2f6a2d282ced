"""The language reference: its examples compile, its tables are those of the code.

A fenced block marked `arch` is a whole file, `arch body SHAPE` lines of a network with that input,
and `arch wrong` a file that is refused with the `text` that follows it.
"""

from __future__ import annotations

import re
from dataclasses import MISSING
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any

import pytest

from archdsl import layout, library, modules, syntax
from archdsl.diagnostics import ArchError
from archdsl.expand import asserts, building, expand
from archdsl.graph import Network
from archdsl.lint import MAX_WARNINGS, lint
from archdsl.modules import Loader
from archdsl.ops import OPS, Op
from archdsl.schemes import SCHEMES
from archdsl.source import Source
from archdsl.values import FUNCTIONS

TEXT = (Path(__file__).parent.parent / "docs" / "language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\w+)(?: (\w+))?)?\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
FILES = [text for kind, word, _, text in BLOCKS if kind == "arch" and not word]
BODIES = [(shape, text) for kind, word, shape, text in BLOCKS if kind == "arch" and word == "body"]
CELL = r"\| *([^|\n]*?) *"
ROWS = re.findall(rf"^{CELL * 5}\|$", TEXT, re.MULTILINE)


def networks(text: str) -> dict[str, Network]:
    """All networks of a file, by name."""
    module = Loader().module(Source("example.arch", text))
    return {d.definition.name: expand(d) for d in module.own_networks}


def params(network: Network) -> int:
    """How many trained numbers a network has."""
    tensors = [tensor for node in network.nodes for tensor in network.tensors(node)]
    return sum(prod(tensor.shape) for tensor in tensors if tensor.role == "trainable")


def digest(network: Network) -> str:
    """The hash of a state_dict's keys and shapes."""
    lines = (f"{key} {list(shape)}\n" for key, shape in sorted(network.state().items()))
    return sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("text", FILES, ids=lambda text: text.split("\n")[0][:30])
def test_a_file_compiles(text: str) -> None:
    assert all(network.nodes for network in networks(text).values())
    assert "network" in text


@pytest.mark.parametrize(("shape", "text"), BODIES, ids=lambda part: part.split("\n")[0][:30])
def test_lines_compile(shape: str, text: str) -> None:
    lines = text.count("\n")
    assert len(networks(f"network lines\ninput {shape}\n{text}")["lines"].nodes) > lines


@pytest.mark.parametrize("text", [*FILES, *BODIES])
def test_no_example_is_warned_of(text: str | tuple[str, str]) -> None:
    if isinstance(text, tuple):
        text = f"network lines\n  input {text[0]}\n{text[1]}"
    module = Loader().module(Source("example.arch", text))
    assert lint(module, {d: expand(d) for d in module.own_networks}, whole=True) == ()


def test_every_block_is_tested() -> None:
    kinds = [(kind, word) for kind, word, _, _ in BLOCKS]
    assert set(kinds) == {("arch", ""), ("arch", "body"), ("arch", "wrong"), ("text", "")}
    assert TEXT.count("```") == 2 * len(BLOCKS)


def test_the_refused_file_is_told_as_shown() -> None:
    wrong = [i for i, (_, word, _, _) in enumerate(BLOCKS) if word == "wrong"]
    assert wrong
    for i in wrong:
        declared = Loader().module(Source("broken.arch", BLOCKS[i][3])).network()
        with pytest.raises(ArchError) as caught:
            expand(declared)
        assert f"{caught.value}\n" == BLOCKS[i + 1][3]


# ---- the figures of the examples, from elsewhere -------------------------------------------

RESNET34 = 21_797_672  # torchvision's
RESNET34_STATE = "306c4e9d557830ce13b79a2bd03e436c69d7fb702e8e488289a1ffeeae3bda3f"
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
GATES = sum(n * (c * (c // 16) * 2 + c // 16 + c) for c, n in STAGES)
NARROW = RESNET34 - (7 * 7 - 3 * 3) * 3 * 64 - (512 + 1) * (1000 - 10)


def test_resnet34_is_torchvision_s() -> None:
    network = networks(FILES[0])["resnet34"]
    assert (params(network), digest(network)) == (RESNET34, RESNET34_STATE)


def test_the_variants_mean_the_same_on_the_first_example_and_on_the_shipped_spec() -> None:
    variants = next(text for text in FILES if "seresnet34" in text)
    shipped = networks(variants)
    written = networks(FILES[0] + variants.replace("use resnet: resnet34\n", ""))
    for made in (shipped, written):
        assert params(made["resnet34_narrow"]) == NARROW
        assert params(made["seresnet34"]) == RESNET34 + GATES
        assert params(made["more"]) == RESNET34 + GATES + (5 * 5 - 3 * 3) * 64 * 64
    assert {n: digest(shipped[n]) for n in shipped} == {n: digest(written[n]) for n in shipped}
    assert not any(node.path == "maxpool" for node in shipped["resnet34_narrow"].nodes)


INCEPTION = """
block inception(a, b0>b, c0>c, pool>p) =
  [ conv 1x1 a  > relu
  | conv 1x1 b0 > relu > conv 3x3 b > relu
  | conv 1x1 c0 > relu > conv 5x5 c > relu
  | pool 3x3/1 same > conv 1x1 p > relu ]
"""
# GoogLeNet's inception (3a), weights and biases of each convolution; its table 1 says 159K.
INCEPTION_3A = sum(
    outs * (ins * k * k + 1)
    for ins, outs, k in (
        (192, 64, 1), (192, 96, 1), (96, 128, 3), (192, 16, 1), (16, 32, 5), (192, 32, 1)
    )
)  # fmt: skip


@pytest.mark.parametrize("block", ["", INCEPTION])
def test_inception_is_the_paper_s(block: str) -> None:
    call = "inception(64, 96>128, 16>32, pool>32)"
    network = networks(f"{block}network module\n  input 192x28x28\n  {call}\n")["module"]
    assert params(network) == INCEPTION_3A
    assert network.nodes[-1].shape == (256, 28, 28)


def test_the_names_example_names_as_its_comments_say() -> None:
    text = next(text for text in FILES if "network names" in text)
    paths = {node.path for node in networks(text)["names"].nodes}
    told = re.findall(r"# (.*)", text)
    assert len(told) == 8
    for path in re.split(r", | \.\.\. ", ", ".join(told)):
        assert path in paths, path


# ---- the tables ----------------------------------------------------------------------------


def notation(value: Any) -> str:
    """A default as an author writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def argument(op: type[Op], key: str) -> str:
    """`stride=1`, or the name alone where there is no default."""
    default = op.arguments()[key].default
    return key if default is MISSING or default is None else f"{key}={notation(default)}"


def test_the_operator_table_lists_every_operator_and_argument() -> None:
    rows = {name: row for row in ROWS for name in re.findall(r"`(\w+)`", row[0]) if name in OPS}
    assert rows.keys() == OPS.keys()
    for name, (_, position, named, flags, what) in rows.items():
        op = OPS[name]
        assert position == ", ".join(argument(op, key) for key in op.positional)
        others = [key for key in op.arguments() if key not in op.positional]
        assert named == ", ".join(argument(op, key) for key in others)
        assert flags == ", ".join(op.words)
        assert what


def test_the_schemes_are_all_told() -> None:
    table = TEXT.partition("| scheme |")[2].partition("\n\n")[0]
    rows = re.findall(rf"^{CELL * 2}\|$", table, re.MULTILINE)[1:]
    told = {name: row[1] for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert told.keys() == SCHEMES.keys()
    for name, scheme in SCHEMES.items():
        for option, default in scheme.options.items():
            shown = option if default is None else f"{option} ({notation(default)})"
            assert shown in told[name]


def test_the_functions_are_all_told() -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("| functions |"))
    assert set(re.findall(r"`(\w+)", row)) == FUNCTIONS.keys()


def test_the_library_is_told_with_its_parameters() -> None:
    path = library.shipped_spec(library.STANDARD)
    assert path is not None
    headers = set(
        re.findall(
            r"^(?:let|block) ([^\s=(]+(?:\((?:[^()]|\([^()]*\))*\))?)",
            path.read_text(),
            re.MULTILINE,
        )
    )
    table = TEXT.partition("## 9. ")[2]
    assert headers == set(re.findall(r"^\| `([^`]+)`", table, re.MULTILINE))


def test_the_limits_are_those_of_the_code() -> None:
    table = TEXT.partition("| limit | |")[2].partition("\n\n")[0]
    assert [int(number.replace(",", "")) for number in re.findall(r"\| ([\d,]+) \|", table)] == [
        layout.MAX_SIZE,
        modules.MAX_USES,
        layout.MAX_NESTING,
        building.MAX_DEPTH,
        syntax.MAX_NUMBER,
        building.MAX_ELEMENTS,
        building.MAX_NODES,
        building.MAX_STEPS,
        asserts.MAX_FITS,
        building.MAX_MISTAKES,
        MAX_WARNINGS,
    ]
