"""What code generation could get wrong in principle, case by case."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import time
from typing import Any

import pytest
import torch
from interpreter import run
from torch import Tensor, nn

from archdsl.naming import MODULE_ATTRIBUTES, function_name
from archdsl.pipeline import compile, declared_in, expanded
from archdsl.runtime.module import imported
from archdsl.torchgen.expressions import combined, constant

pytestmark = pytest.mark.torch


def source(text: str) -> str:
    return compile(declared_in(text))


def module(text: str, **arguments: Any) -> nn.Module:
    """The network of a text, in evaluation and double precision, with weights that differ."""
    network = expanded(declared_in(text))
    name = function_name(network.name)
    factory = getattr(imported(source(text), name), name)
    torch.manual_seed(0)
    model: nn.Module = factory(**arguments)
    return model.double().eval()


def assert_right(text: str) -> str:
    """The generated code computes what the graph says; returns the code."""
    network, model = expanded(declared_in(text)), module(text)
    assert [*model.state_dict()] == [*network.state()]
    x = [torch.randn(2, *node.shape, dtype=torch.float64) for node in network.inputs]
    expected = run(network, model.state_dict(), x)
    with torch.no_grad():
        found = model(*x)
    found = (found,) if isinstance(found, Tensor) else found
    for tensor, output in zip(found, network.outputs, strict=True):
        assert torch.equal(tensor, expected[output.node])
    return source(text)


def body(*lines: str, before: str = "", name: str = "net", shape: str = "4x8x8") -> str:
    """A spec from the lines of a network."""
    text = "\n".join(f"  {line}" for line in (f"input {shape}", *lines))
    return f"{before}\nnetwork {name}\n{text}\n"


def classes(text: str) -> list[str]:
    return [node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]


# ---- how weights start -----------------------------------------------------------------------


@pytest.mark.parametrize("target", ["convt", "up"])
def test_transposed_convolutions_are_filled_too(target: str) -> None:
    model = module(body("up: convt 2x2/2 6", f"init {target}: constant 0.25 bias=1"))
    state = model.state_dict()
    assert state["up.weight"].unique().tolist() == [0.25]
    assert state["up.bias"].unique().tolist() == [1]


# ---- loops ----------------------------------------------------------------------------------


def growing(unit: str, *lines: str) -> str:
    """A network with a block `grow` that adds channels to what comes in."""
    return body(*lines, before=f"block grow(c=3) = [ identity | {unit} ]")


def test_equal_children_and_children_that_grow_are_made_in_loops() -> None:
    found = assert_right(growing("conv 3x3 c", "(a: (grow x4 > bn) > b: (conv 1x1 4 > relu) x3)"))
    assert "*(Grow(4 + 3 * i) for i in range(4))," in found
    found = assert_right(growing("conv 3x3 c", "a: conv 3x3 4 x5"))
    assert "*(nn.Conv2d(4, 4, 3, padding=1) for _ in range(5))" in found


def test_counted_names_are_made_in_loops() -> None:
    found = assert_right(growing("conv 3x3 c", "all: (a#: grow x4 > end: bn > b-#: tanh x3)"))
    assert '*((f"a{i + 1}", Grow(4 + 3 * i)) for i in range(4)),' in found
    assert '*((f"b-{i}", nn.Tanh()) for i in range(1, 4)),' in found
    found = assert_right(growing("conv 3x3 c", "all: (a#0: conv 3x3 4 x12)"))
    assert 'OrderedDict((f"a{i}", nn.Conv2d(4, 4, 3, padding=1)) for i in range(12))' in found


def test_names_that_only_look_counted() -> None:
    names = ["a07", "a08", "a09", "a10", "a11", "b", "c3", "c5", "c7", "4", "x1_2", "x1_3", "x1_4"]
    items = " > ".join(f"{name}: conv 1x1 4" if name != "4" else "bn" for name in names)
    assert_right(body(f"all: ({items})"))


def test_numbers_that_shrink_or_change_their_step() -> None:
    widths = [64, 56, 48, 40, 32, 16, 8, 8, 8, 8]
    found = assert_right(body(f"a: ({' > '.join(f'conv 1x1 {c}' for c in widths)})"))
    assert "nn.Conv2d(64 - 8 * i, 56 - 8 * i, 1) for i in range(4)" in found
    slopes = " > ".join(f"leaky (0 - {i}) > leaky 0.{i}" for i in range(1, 6))
    assert_right(body(f"a: ({slopes})"))


def test_a_parameter_may_be_called_as_a_loop_counts() -> None:
    unit = "block unit(i) = a: (grow(i) x4 > conv 1x1 i)"
    grow = "block grow(c) = [ identity | conv 1x1 c ]"
    assert_right(body("unit 2", "conv 1x1 4", "unit 3", before=f"{grow}\n{unit}"))


# ---- decisions -------------------------------------------------------------------------------

UNIT = "[ conv 3x3/stride c + (identity or down: conv 1x1/_ _) ] > relu"


def test_an_alternative_taken_by_some_uses_is_a_condition() -> None:
    text = body("unit 4", "unit/2 8", "unit 8", before=f"block unit(c, stride=1) = {UNIT}")
    found = assert_right(text)
    assert classes(found) == ["Unit", "Net"]
    assert "if stride != 1 or in_channels != c:" in found


def test_a_condition_may_be_negated() -> None:
    unit = "block unit(last=false) = conv 3x3 4 > bn if (not last)"
    found = assert_right(body("unit", "unit", "unit last=true", before=unit))
    assert "if not last:" in found
    assert "Unit(last=True)" in found


def test_nested_choices() -> None:
    unit = """block unit(c, e=1, stride=1)
  [ (conv 1x1 (2*c) > relu) if (e != 1) > conv 3x3/stride c
  + (identity or [ conv 1x1/_ _ + (conv 3x3/stride c if (e == 2) else conv 1x1/stride c) ]) ]
  relu if (e != 3)
"""
    uses = [f"unit({c}, e={e}, stride={s})" for c in (4, 8) for e in (1, 2, 3) for s in (1, 2)]
    assert_right(body(*uses[:6], *uses[6:9], before=unit, shape="4x32x32"))


@pytest.mark.parametrize("choice", ["(identity or none)", "(none or identity)"])
def test_a_branch_or_none(choice: str) -> None:
    unit = f"block unit(c, stride=1) = [ conv 3x3/stride c > bn + {choice} ]"
    assert_right(body("unit 4", "unit/2 8", "unit 8", "unit 8", before=unit))


def test_two_joins_that_each_may_lose_a_branch() -> None:
    unit = """block unit(c, stride=1)
  [ conv 3x3/stride c + (identity or none) ]
  relu
  [ conv 3x3 (in.c) + (identity or none) ]
"""
    assert_right(body("unit 4", "unit 8", "unit/2 8", "unit 4", before=unit))


def test_an_empty_choice_at_the_end() -> None:
    unit = "block unit(c, e=1) = conv 3x3 c > (bn > relu) if (e != 1)"
    assert_right(body("unit 4", "unit(4, e=2)", "unit(8)", before=unit))
    unit = "block unit(c, e=1) = conv 3x3 c > last: bn if (e != 1)"
    assert "if e != 1:" in assert_right(body("unit 4", "unit(4, e=2)", before=unit))


def test_what_a_choice_has_labelled_is_seen_behind_it() -> None:
    unit = (
        "block unit(c, e=1)\n  (a: conv 3x3 c) if (e != 1) else (a: conv 1x1 c)\n  [ relu + @a ]\n"
    )
    assert_right(body("unit 4", "unit(4, e=2)", "unit 8", before=unit))


# ---- joins -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "join",
    [
        "[ [ a: conv 1x1 4 + b: conv 1x1 4 ] * @x ]",
        "[ @x * [ conv 1x1 4 + conv 1x1 4 ] ]",
        "[ @x + [ conv 1x1 4 + conv 1x1 4 ] ]",
        "[ [ conv 1x1 4 * conv 1x1 4 ] + @x ]",
        "[ @x * [ conv 1x1 4 * conv 1x1 4 ] ]",
        "[ [ conv 1x1 4 | conv 1x1 4 ] + conv 1x1 8 ]",
        "[ [ identity + identity ] + [ identity + identity ] ] > sigmoid",
        "[ conv 1x1 4 + conv 3x3 4 ] > conv 1x1 4 > upsample to=@x",
    ],
)
def test_joins_within_joins(join: str) -> None:
    assert_right(body("x: conv 3x3 4", join))


def test_branches_are_computed_in_the_order_of_the_spec() -> None:
    branches = ["a: unit 4", "b1: unit 4 > b2: unit 4", "c1: unit 4 > c2: unit 4"]
    text = body(f"[ {' | '.join(branches)} ]", before="block unit(c) = conv 3x3 c > relu")
    called = re.findall(r"self\.(\w+)\(", assert_right(text).partition("class Net")[2])
    assert called == ["a", "b1", "b2", "c1", "c2"]


def test_the_first_branch_is_solved_from_a_later_one() -> None:
    unit = "block unit(c, stride=1) = [ (identity or conv 1x1/_ _) + conv 3x3/stride c > relu ]"
    assert_right(body("unit 4", "unit/2 8", "unit 8", before=unit))


def test_blocks_with_two_inputs() -> None:
    fuse = "block fuse(c) = [ upsample to=@skip | @skip ] > conv 3x3 c > relu"
    deep = "block deep(c) = fuse c > [ conv 1x1 c + @skip > conv 1x1 c ]"
    lines = ["skip: conv 3x3 4", "maxpool 2x2", "fuse 8", "deep 8", "fuse 4"]
    found = assert_right(body(*lines, before=f"{fuse}\n{deep}"))
    assert "def forward(self, x: Tensor, x2: Tensor) -> Tensor:" in found


def test_the_part_of_a_map_has_as_many_channels_as_are_made_of_it() -> None:
    block = "block half(c) = [ slice 0 (c // 2) | slice (c // 2) c > conv 3x3 (c // 2) ]"
    text = assert_right(body("half 4 > conv 1x1 8 > half 8", before=block))
    assert "def __init__(self, c: int) -> None:" in text
    assert "nn.Conv2d(c // 2, c // 2, 3, padding=1)" in text


@pytest.mark.parametrize(
    "line",
    [
        "conv 3x3 4 > gain: scale 0.5",
        "g: (conv 3x3 4 > scale 0.3 > relu) > scale",
        "[ conv 3x3 4 > scale 0.5 + identity ] > scale 0.1",
        "on 0<conv 3x3 4> > gain: on 0<scale 0.5>",
        "u 4 > u 8",
        "permute last > ln > fc 6 > gelu > permute first > scale 2",
        "v 0.5 > v 1",
    ],
)
def test_factors_bear_their_labels(line: str) -> None:
    block = "block u(c) = [ identity + (identity or scale 2 > conv 1x1 c) > scale 1e-3 ]"
    block += "\nblock v(s) = scale s > conv 1x1 4"
    assert "torch.ones(" in assert_right(body(line, before=block))


def test_literals_are_added_up() -> None:
    eighteen, one = constant([18]), constant([1])
    assert [combined(sign, [eighteen, one]).text for sign in "+-"] == ["19", "17"]  # type: ignore[union-attr]


def test_what_is_taken_away_and_added_again_is_not_said() -> None:
    block = "block down(c) = [ avgpool 2x2 | conv 2x2/2 (c - in.c) valid ]"
    text = assert_right(body("down c > down (2*c)", before=block, name="net(c=8)"))
    assert "Down(4, c)" in text
    assert "Down(c, 2 * c)" in text  # not 4 + (c - 4)


def test_empty_blocks_leave_nothing() -> None:
    found = assert_right(
        body("a: nothing", "conv 3x3 4", "b: nothing", "relu", before="block nothing = identity")
    )
    assert classes(found) == ["Net"]


def test_a_block_that_is_a_bare_join() -> None:
    both = "block both = [ identity | identity ]\nblock outer = both > both"
    assert_right(body("outer", "conv 1x1 4", "outer", before=both))


def test_blocks_without_weights_used_often() -> None:
    found = assert_right(body("squash x50", before="block squash = [ tanh + sigmoid ]"))
    assert found.count("Squash(") < 60


# ---- overwriting -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        ["a: conv 3x3 4", "relu", "[ identity + @a ]"],
        ["conv 3x3 4", "output early", "relu"],
        ["conv 3x3 4", "aux<relu > conv 1x1 2>", "relu"],
        ["relu", "relu"],
        ["maxpool 2x2", "shuffle 1", "relu", "conv 1x1 4"],
        ["a: conv 1x1 4", "shuffle 4 > relu", "[ identity + @a ]"],
        ["a: conv 1x1 4", "shuffle 1 > relu", "[ identity + @a ]"],
        ["conv 1x1 4 > dropout 0.5 > relu"],
        ["conv 1x1 4 > slice 0 2 > relu"],
        ["conv 1x1 4 > flatten > relu > fc 2"],
        ["conv 1x1 4 > leaky (0-0.2)", "elu (0-0.5)"],
        ["conv 1x1 4 > sigmoid > relu > silu > mish > relu6"],
        ["g: (conv 1x1 4 > identity > relu)", "h: (shuffle 1 > relu)"],
        ["a: conv 1x1 4", "upsample 1 > relu", "[ identity + @a ]"],
        ["a: conv 1x1 4", "avgpool out=8x8 > relu", "[ identity + @a ]"],
        ["a: conv 1x1 4", "pad 0 > relu", "[ identity + @a ]"],
        ["a: conv 1x1 4", "pixelshuffle 1 > relu", "[ identity + @a ]"],
        ["a: conv 1x1 4", "pad channels=4 > relu", "[ identity + @a ]"],
        ["a: conv 1x1 4", "maxpool 1x1 > relu", "[ identity + @a ]"],
        ["a: conv 1x1 4", "avgpool 1x1 > relu", "[ identity + @a ]"],
    ],
)
@pytest.mark.parametrize("training", [False, True])
def test_overwriting_is_never_seen(lines: list[str], training: bool) -> None:
    text = body(*lines)
    code, results = source(text), []
    for variant in (code, code.replace("inplace=True", "inplace=False")):
        torch.manual_seed(0)
        model = imported(variant, "net").net().double().train(training)
        x = torch.randn(2, 4, 8, 8, dtype=torch.float64, requires_grad=True)
        before = x.detach().clone()
        torch.manual_seed(1)
        found = model(x)
        found = (found,) if isinstance(found, Tensor) else found
        torch.stack([out.square().sum() for out in found]).sum().backward()  # type: ignore[no-untyped-call]
        assert torch.equal(x, before)
        results.append([*found, x.grad, *(p.grad for p in model.parameters())])
    for a, b in zip(*results, strict=True):
        assert (a is None and b is None) or torch.allclose(a, b, rtol=1e-12)


def test_overwriting_suits_all_uses() -> None:
    unit = "block unit(s) = a: conv 1x1 4 > b: (conv 1x1 4 > leaky s) > leaky s > sigmoid"
    assert "inplace=True" not in assert_right(body("unit 0.2", "unit (0-0.2)", before=unit))
    assert "inplace=True" in assert_right(body("unit 0.2", "unit 0.3", before=unit))


# ---- names -----------------------------------------------------------------------------------

PARAMETERS = "c lambda class self in_channels nn torch super int range x stride Tensor True_ max"


@pytest.mark.parametrize("name", PARAMETERS.split())
def test_parameters_may_be_called_anything(name: str) -> None:
    unit = f"block unit({name}, k=3)\n  conv 3x3 {name} > relu\n  conv 1x1 ({name} * k)\n"
    assert_right(body("unit 4", "unit(8, k=2)", before=unit))


LABELS = "x y self c stride lambda class nn torch conv relu branches residual super int Tensor b-1"


@pytest.mark.parametrize("name", LABELS.split())
def test_labels_may_be_called_anything(name: str) -> None:
    unit = f"block unit(c, stride=1)\n  {name}: conv 3x3/stride c\n  [ relu + @{name} ]\n"
    assert_right(
        body(
            f"{name}: unit 4",
            "unit/2 8",
            f"[ relu | relu ] > aux<{name}1: conv 1x1 2>",
            before=unit,
        )
    )


@pytest.mark.parametrize("name", ["x", "y", "self", "branches", "model", "args", "b-1", "lambda"])
def test_inputs_outputs_and_heads_may_be_called_anything(name: str) -> None:
    lines = [f"{name}: input 4x8x8", f"[ conv 3x3 4 + @{name} ]"]
    assert_right(body(*lines, f"{name}2: aux<conv 1x1 2>", "relu"))
    found = assert_right(body(*lines))
    assert_runs(found)
    assert_right(body("conv 3x3 4", f"{name}: aux<conv 1x1 2>", "relu", "conv 3x3 4"))
    if "-" not in name:
        assert_right(body("conv 3x3 4", f"output {name}", "relu", "output count", "conv 1x1 2"))


BLOCKS = "tensor timer nn ordered_dict named_tuple sequence same_conv2d Net train forward to"


@pytest.mark.parametrize("name", BLOCKS.split())
def test_blocks_may_be_called_anything(name: str) -> None:
    unit = f"block {name}(c) = conv 3x3 c same_tf > g: (a: conv 1x1 c > b: relu)"
    found = assert_right(body(f"{name} 4", f"{name} 8", "flatten > rbf 4", before=unit))
    assert len(set(classes(found))) == len(classes(found))


def test_classes_of_different_blocks_differ() -> None:
    blocks = (
        "block my_unit = conv 3x3 4\nblock myUnit = relu > conv 1x1 4\nblock MyUnit = bn > tanh"
    )
    assert len(set(classes(assert_right(body("my_unit", "myUnit", "MyUnit", before=blocks))))) == 4


NETWORKS = "main model test x args torch nn Net type list Tensor resnet@2 net@a2 device lambda"


@pytest.mark.parametrize("name", NETWORKS.split())
def test_networks_may_be_called_anything(name: str) -> None:
    assert_runs(assert_right(body("conv 3x3 4 > relu", name=name)))


def assert_runs(code: str) -> None:
    """`main` of a generated file works."""
    scope: dict[str, Any] = {"__name__": "generated"}
    before, sys.argv = sys.argv, ["file.py", "--batch", "1", "--device", "cpu"]
    try:
        exec(code, scope)
        scope["main"]()
    finally:
        sys.argv = before


def test_labels_never_hide_what_a_module_has() -> None:
    missing = {name for name in dir(nn.Module()) if not name.startswith("__")} - MODULE_ATTRIBUTES
    assert not missing


# ---- text ------------------------------------------------------------------------------------

HOSTILE = [
    '"""',
    "\\",
    "\\n",
    "''' + __import__('os').abort() + '''",
    "{{ 7 * 7 }} {% raw %}",
    "%s {x}",
    "\u2028\u202e\x0b\x0c\x1c",
    "é 中 \U0001f600",
    "# type: ignore",
    "x" * 300,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_stay_texts(text: str) -> None:
    about = text.replace('"', "'")
    spec = f'# {text}\nnetwork net "{about}"\n  input 4x8x8  # {text}\n  conv 3x3 4\n'
    code = source(spec)
    tree = ast.parse(code)
    assert classes(code) == ["Net"]
    assert ast.get_docstring(tree) is not None
    assert "abort" not in {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert "49" not in code
    assert_runs(code)


def test_file_names_stay_texts() -> None:
    from archdsl.modules import Loader
    from archdsl.source import Source

    spec = "network net\n  input 4x8x8\n  conv 3x3 4\n"
    loaded = Loader().module(Source('"""; raise SystemExit\n"""\\', spec)).network("net")
    assert classes(compile(loaded)) == ["Net"]


@pytest.mark.parametrize("value", ["1e-5", "1.23456789e-7", "0.1", "3e-4", "100.5", "1e-20"])
def test_numbers_keep_their_digits(value: str) -> None:
    model = module(body(f"bn eps={value} momentum={value}"))
    (bn,) = (m for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    assert bn.eps == bn.momentum == float(value)


# ---- parameters of the factory ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "settable"),
    [
        ("conv 3x3 n", True),
        ("conv 3x3 (2 * n + 4)", True),
        ("conv 3x3 (max(n, 4))", True),
        ("conv 3x3 (max(n, 100))", False),
        ("conv 3x3 (4 + n // 100)", False),
        ("(conv 3x3 4) if (n > 1000) else conv 3x3 n", False),
        ("conv 3x3 4 > relu x(2 + n // 100)", False),
        ("[ conv 3x3 n + (identity or conv 1x1/_ _) ]", False),
        ("conv 3x3/n 4", False),
    ],
)
def test_only_what_keeps_the_code_is_a_parameter(line: str, settable: bool) -> None:
    text = f"network net(n=8)\n  input 4x64x64\n  {line}\n"
    factory = imported(source(text), "net").net
    assert ("n" in inspect.signature(factory).parameters) == settable
    for n in (1, 5, 12) if settable else ():
        state = {key: tuple(v.shape) for key, v in factory(n=n).state_dict().items()}
        assert state == expanded(declared_in(text), {"n": n}).state()


def test_what_differs_between_uses_has_the_default_of_its_module() -> None:
    text = body("unit 3x3", "unit 5x5 valid", before="block unit(k, pad=same) = conv k 4 pad=pad")
    assert "Unit(3, padding=1)" in assert_right(text)
    assert "Unit(5)" in source(text)


# ---- size ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "before"),
    [
        ("(conv 1x1 4 > relu) x1000", ""),
        ("features: (conv 1x1 4 > relu) x1000", ""),
        ("unit x1000", "block unit = [ conv 1x1 4 + identity ]"),
        ("[ conv 1x1 4 + identity ] x1000", ""),
    ],
)
def test_long_chains(line: str, before: str) -> None:
    start = time.process_time()
    text = body(line, before=before)
    model = module(text)
    assert time.process_time() - start < 20
    with torch.no_grad():
        assert model(torch.randn(1, 4, 8, 8, dtype=torch.float64)).shape == (1, 4, 8, 8)


def test_one_number_is_one_text_whatever_was_compiled_before() -> None:
    """Operators on the same shapes are shared by all networks of a process, and 1.0 equals 1."""
    text = "network net\n  input 8x4x4\n  dropout {} > leaky {} > lrn 5 k={} > scale {}\n"
    given = source(text.format(*["1.0"] * 4))
    assert given == source(text.format(*["1"] * 4))
    assert "nn.LeakyReLU(1)" in given
