"""Sizes of input: against the operators' own rules at each size, and torchvision's minima."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from math import ceil, floor
from typing import Any

import pytest
from click.testing import CliRunner
from families import NETWORKS
from hypothesis import HealthCheck, assume, given, note, settings
from published import PUBLISHED
from random_specs import specs

from archdsl import load
from archdsl.cli import verbs
from archdsl.diagnostics import ArchError
from archdsl.graph import Network
from archdsl.pipeline import declared_in, expanded, network
from archdsl.shapes import Misfit, Shape
from archdsl.sizes import Sizes, sizes

Make = Callable[[str], Network]
UNET = """
  input 3x64x64
  enc1: conv 3x3 8
  maxpool 2x2
  enc2: conv 3x3 8
  maxpool 2x2 > conv 3x3 8
  convt 2x2/2 8 > [ identity | @enc2 ]
  convt 2x2/2 8 > [ identity | @enc1 ]
  conv 1x1 2
"""


def rerun(made: Network, size: tuple[int, ...], *, heads: bool = False) -> dict[int, Shape] | None:
    """The shapes at another size by the operators' own rules; None where one refuses."""
    own = next(node.shape.spatial for node in made.inputs if node.shape.rank)
    shapes: dict[int, Shape] = {}
    for node in made.nodes:
        if not node.inputs:
            follows = node.shape.spatial == own
            shapes[node.index] = Shape((node.shape.channels, *size)) if follows else node.shape
        elif heads or not node.training_only:
            came = tuple(shapes[i] for i in node.inputs)
            try:
                shapes[node.index] = node.op.shape(*came)
            except Misfit:
                return None
            if node.op.tensors(*came) != made.tensors(node):
                return None
    return shapes


def read(said: str, axes: str, size: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers of a shape's text, which Python reads."""
    names = dict(zip(axes, size, strict=True))
    known = {"floor": floor, "ceil": ceil, **names}
    return tuple(eval(part, known) for part in said.split(" x "))


def compare_shapes(made: Network, found: Sizes, size: tuple[int, ...]) -> None:
    """Formulas and texts at an accepted size are what the rules say."""
    shapes = rerun(made, size)
    assert shapes is not None
    for node in made.nodes:
        if node.training_only:
            continue
        shape, said = shapes[node.index], found.shapes[node.index]
        values = tuple(f(n) for f, n in zip(found.formulas[node.index], size, strict=False))
        assert values == shape.spatial
        if " from " not in said:
            assert read(said, found.axes, size) == tuple(shape), (node.path, said)
        said = found.regular[node.index]
        if all(n % found.multiple == 0 for n in size) and " from " not in said:
            assert read(said, found.axes, size) == tuple(shape), (node.path, said)


def lines(found: Sizes) -> list[tuple[Any, Callable[[int], tuple[int, ...]]]]:
    """The lines of sizes, each with the size for a number."""
    own = found.own
    along = [
        (line, lambda n, i=i: (*own[:i], n, *own[i + 1 :])) for i, line in enumerate(found.along)
    ]
    return [(found.equal, lambda n: (n,) * len(own)), *along]


# ---- shipped networks ------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_smallest_size_is_the_one_that_torchvision_takes(name: str) -> None:
    found = sizes(network(name))
    least = PUBLISHED[name]["min_size"]
    assert str(found.equal.accepted) == f"{least} and up"
    assert found.apart
    assert [line.accepted for line in found.along] == [found.equal.accepted] * 2
    assert found.least == (least, least)
    assert (found.equal.below is None) == (least == 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_size_up_to_a_few_hundred(name: str) -> None:
    made = network(name)
    found = sizes(made)
    for line, size in lines(found):
        assert line.proved
        for n in {*range(1, 100), *random.Random(0).sample(range(100, 400), 30), *found.own}:
            assert (rerun(made, size(n)) is not None) == (n in line.accepted), (line.name, n)


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_at_fifty_accepted_sizes(name: str) -> None:
    made = network(name)
    found = sizes(made)
    chance = random.Random(name)
    axes = [line.accepted.up_to(600) for line in found.along]
    for _ in range(50):
        apart = tuple(map(chance.choice, axes))
        equal = (chance.choice(found.equal.accepted.up_to(600)),) * len(axes)
        compare_shapes(made, found, apart if found.apart else equal)


@pytest.mark.parametrize(
    ("name", "equal", "least"),
    [
        ("lenet5", "only 32 to 35", 32),
        ("alexnet", "only 227 to 258", 67),
        ("zfnet", "only 223 to 254", 63),
        ("mnist_cnn", "only 16 to 31", 16),
        ("googlenet", "only 223 to 254", 223),
    ],
)
def test_a_linear_layer_fixes_the_size(name: str, equal: str, least: int) -> None:
    found = sizes(network(name))
    assert (str(found.equal.accepted), found.least) == (equal, (least, least))
    assert not found.apart


# ---- small networks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "equal", "shapes"),
    [
        ("input 3x8x8\nconv 3x3 4 valid", "3 and up", ["3 x H x W", "4 x (H - 2) x (W - 2)"]),
        (UNET, "multiples of 4 from 4", ["2 x H x W"]),
        (
            "input 3x64\nmaxpool 2 > conv 3/2 4 > upsample 2",
            "2 and up",
            ["3 x W", "3 x floor(W/2)", "4 x floor((W + 2)/4)", "4 x 2*floor((W + 2)/4)"],
        ),
        (
            "input 3x9x9\n[ conv 3x3/2 3 same_tf + maxpool 2x2 ceil ] > avgpool global",
            "1 and up",
            ["3 x ceil(H/2) x ceil(W/2)", "3 x 1 x 1"],
        ),
        (
            "input 4x6x6\nconv 3x3/2 8 > pixelshuffle 2",
            "1 and up",
            ["2 x 2*ceil(H/2) x 2*ceil(W/2)"],
        ),
        ("input 3x8x8\n[ maxpool 2x2 + avgpool out=4x4 ]", "only 8 to 9", ["3 x 4 x 4"]),
        ("input 3x8x8\nmaxpool 2x2 > flatten", "2 and up", ["3*floor(H/2)*floor(W/2)"]),
        ("input 3x8x8\nmaxpool 2x2 > flatten > fc 5", "only 8 to 9", ["48", "5"]),
        (
            "input 3x8x8x8\nconv 3x3x3 4 valid > avgpool 2x2x2",
            "4 and up",
            ["4 x (D - 2) x (H - 2) x (W - 2)", "4 x floor((D - 2)/2) x floor((H - 2)/2) x "],
        ),
        ("input 3x8x8\nconv 1x1/2 4 > pad 1 > [ identity * avgpool global ]", "1 and up", []),
        ("input 3x8x8\n[ flatten | maxpool 2x2 > flatten ] > fc 5", "only 8", ["240", "5"]),
    ],
)
def test_small_networks(body: str, equal: str, shapes: list[str], made: Make) -> None:
    built = made(body)
    found = sizes(built)
    assert str(found.equal.accepted) == equal
    for shape in shapes:
        assert any(said.startswith(shape) for said in found.shapes), (shape, found.shapes)
    for line, size in lines(found):
        for n in range(1, 50):
            assert (rerun(built, size(n)) is not None) == (n in line.accepted)


def test_axes_that_depend_on_each_other(made: Make) -> None:
    """48 features of 3 channels are 16 positions: 4x4, 2x8, 1x16, ..."""
    found = sizes(made("input 3x8x8\nmaxpool 2x2 > flatten > fc 5"))
    assert found.least == (2, 2)
    assert not found.apart
    wide = sizes(made("input 3x4x16\nmaxpool 2x2 > flatten > fc 5"))
    assert [str(line.accepted) for line in wide.along] == ["only 4 to 5", "only 16 to 17"]
    assert str(wide.equal.accepted) == "only 8 to 9"


@pytest.mark.parametrize(
    "body",
    [
        "input 3x8x8\nmaxpool 2x2 > flatten > fc 5",
        "input 2x7x9\nconv 3x2/2x1 4 valid > flatten > fc 5",
        "input 1x6x10\n[ flatten | maxpool 3x3/3 > flatten ] > fc 5",
        "input 1x6x10\n[ maxpool 2x2/1 + avgpool out=5x9 ] > flatten > fc 5",
    ],
)
def test_the_smallest_extent_whatever_the_other(body: str, made: Make) -> None:
    built = made(body)
    taken = [(h, w) for h in range(1, 70) for w in range(1, 70) if rerun(built, (h, w)) is not None]
    assert sizes(built).least == (min(h for h, _ in taken), min(w for _, w in taken))


@pytest.mark.parametrize(
    "step",
    [
        *["conv 5x3/3x2 4 valid dilation=2", "conv 3x3/3 4 same_tf", "dwconv 5x5/4 pad=1"],
        *["convt 3x2/3x2 4 extra=1", "convt 3x3/2 4 pad=2", "convt 3x3 4 dilation=3 same"],
        *["maxpool 3x3 ceil", "maxpool 3x3/2 pad=1 ceil", "maxpool 5x4/3 same_tf", "avgpool 7x7"],
        *["avgpool 3x3/2 same nopadcount", "avgpool global", "avgpool out=3x5", "pad 1x2"],
        *["pad subsample=3", "pad channels=9 subsample=2", "pixelshuffle 2", "upsample 3"],
        *["upsample 0.25", "upsample 1.625 mode=linear", "shuffle 2", "slice 1 3", "bn > relu"],
    ],
)
def test_steps_before_and_behind_others(step: str, made: Make) -> None:
    between = "conv 3x3/2 4 > avgpool 3x3/2 same > conv 1x1 4"
    built = made(f"input 4x290x280\n{step} > {between} > {step}")
    found = sizes(built)
    for line, size in lines(found):
        taken = {n for n in range(1, 130) if rerun(built, size(n)) is not None}
        assert taken == set(line.accepted.up_to(129))
    for n in (*found.equal.accepted.up_to(140)[-40:], 257, 1000):
        compare_shapes(built, found, (n, n + 3))


def test_what_is_not_square(made: Make) -> None:
    found = sizes(made("input 1x20x80\nconv 5x9 4 valid > maxpool 2x4"))
    assert [str(line.accepted) for line in found.along] == ["6 and up", "12 and up"]
    assert (str(found.equal.accepted), found.least, found.apart) == ("12 and up", (6, 12), True)


def test_two_inputs_of_the_same_extents_change_together(made: Make) -> None:
    found = sizes(made("input 3x8x8\nmeta: input 2x8x8\n[ maxpool 2x2 | @meta > conv 3x3/2 4 ]"))
    assert str(found.equal.accepted) == "multiples of 2 from 2"
    fixed = sizes(made("input 3x8x8\nmeta: input 2x4x4\n[ maxpool 2x2 | @meta ]"))
    assert str(fixed.equal.accepted) == "only 8 to 9"


def test_heads_of_training_count_apart(made: Make) -> None:
    head = "aux<avgpool 5x5 > flatten > fc 4>(weight=0.3)"
    found = sizes(made(f"input 3x8x8\nconv 3x3 4\n{head}\navgpool global > flatten > fc 4"))
    assert str(found.equal.accepted) == "1 and up"
    assert str(found.training.accepted) == "only 5 to 9"
    assert found.training.below is not None
    assert found.training.below.operator == "avgpool 5x5"


def test_where_sizes_break(made: Make) -> None:
    below = sizes(network("alexnet@torchvision")).equal.below
    assert str(below).startswith("62x62: maxpool 3x3/2 at features.12: the 3x3 window of maxpool ")
    assert str(below).endswith("does not fit 256x2x2 (specs/alexnet.arch:55)")
    found = sizes(made(UNET)).equal
    assert (found.below, found.above) != (None, None)
    assert found.above is not None
    assert (found.above.size, found.above.path) == ((5, 5), "concat_2")
    above = sizes(network("vgg16")).equal.above
    assert above is None
    above = sizes(network("lenet5")).equal.above
    assert above is not None
    assert above.clause == "its weights are for 120 features, and 480 come in"


def test_what_cannot_be_proved_is_said(made: Make) -> None:
    body = "input 3x8x8\n[ maxpool 2x2 > flatten + avgpool 2x2 > flatten ]"
    found = sizes(made(body))
    assert (str(found.equal.accepted), found.equal.proved) == ("2 and up", False)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("input 16\nfc 4", "input"),
        ("input 3x9999x9999\nconv 1x1/211 3 > conv 1x1/223 3", "limit"),
        ("input 3x64x64\nupsample 1.1", "limit"),
    ],
)
def test_what_has_no_answer(body: str, code: str, made: Make) -> None:
    with pytest.raises(ArchError) as caught:
        sizes(made(body))
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [code]


# ---- random networks -------------------------------------------------------------------------

EXAMPLES = int(os.environ.get("ARCHDSL_EXAMPLES", "40"))
many = settings(
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)


@pytest.mark.slow
@many
@given(specs())
def test_random_networks(text: str) -> None:
    note(text)
    try:
        made = expanded(declared_in(text))
    except ArchError:
        assume(False)
        raise
    found = sizes(made)
    for line, size in lines(found):
        taken = {n for n in range(1, 130) if rerun(made, size(n)) is not None}
        assert taken == set(line.accepted.up_to(129))
    chance = random.Random(0)
    axes = [line.accepted.up_to(90) for line in found.along]
    for _ in range(50 if all(axes) else 0):
        extents = tuple(map(chance.choice, axes))
        if not found.apart and rerun(made, extents) is None:
            continue
        compare_shapes(made, found, extents)


# ---- the verb --------------------------------------------------------------------------------


def test_the_verb_says_it_in_a_few_lines() -> None:
    result = CliRunner().invoke(verbs, ["sizes", "alexnet@torchvision"])
    assert result.exit_code == 0
    first, *_ = result.stdout.split("\n\n")
    assert first.splitlines()[:4] == [
        "alexnet@torchvision, made for 3x224x224, takes",
        "  H=W  63 and up",
        "  H    63 and up, whatever W is",
        "  W    63 and up, whatever H is",
    ]
    assert "breaks at 62x62: maxpool 3x3/2 at features.12: " in first
    assert "256 x floor((H - 31)/32) x floor((W - 31)/32)   256 x (H/32 - 1)" in result.stdout


def test_the_verb_prints_a_document() -> None:
    result = CliRunner().invoke(verbs, ["sizes", "lenet5", "--json"])
    document = json.loads(result.stdout)
    assert document["equal"]["first"] == [32, 33, 34, 35]
    assert document["equal"]["above"]["path"] == "f6"
    shapes = {each["path"]: each["shape"] for each in document["shapes"]}
    assert shapes["c5"] == "120 x floor((H - 28)/4) x floor((W - 28)/4)"
    schema = CliRunner().invoke(verbs, ["show", "--schema", "sizes"])
    assert set(document) == set(json.loads(schema.stdout)["properties"])


def test_from_python() -> None:
    found = load("resnet34").sizes
    assert (found.equal.accepted.first, 224 in found.equal.accepted) == (1, True)
    assert found.shapes[-3] == "512 x 1 x 1"
