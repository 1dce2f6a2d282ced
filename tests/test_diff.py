"""Two networks side by side: alignments by hand, and sums and symmetries that hold for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import combinations
from typing import Any

import pytest
from conftest import ROOT
from families import REPRESENTATIVES
from hypothesis import HealthCheck, assume, given, settings
from random_specs import specs

from archdsl import pipeline
from archdsl.diagnostics import ArchError
from archdsl.diff import Diff, Figures, Step, align, diff
from archdsl.graph import Network
from archdsl.library import shipped_networks

Make = Callable[[str], Network]
SIGNS = {"equal": "=", "changed": "~", "added": "+", "removed": "-"}
MIRRORED = {"equal": "equal", "changed": "changed", "added": "removed", "removed": "added"}


@cache
def shipped(name: str) -> Network:
    return pipeline.network(name)


def said(steps: Iterable[Step]) -> Iterator[str]:
    """The steps in a line each, those within others behind dots."""
    for step in steps:
        entry = step.side.entry
        copies = f" x{entry.repeat}" if entry.repeat > 1 else ""
        old = step.before.entry.what if step.before and step.after else entry.what
        text = entry.what if old == entry.what else f"{old} > {entry.what}"
        yield f"{SIGNS[step.change]} {text}{copies}"
        yield from (f".{line}" for line in said(step.children))


def told(step: Step) -> list[tuple[str, str, str]]:
    return [(each.name, each.before, each.after) for each in step.differences]


def compared(made: Make, before: str, after: str, head: str = "input 8x16x16") -> Diff:
    return diff(made(f"{head}\n{before}"), made(f"{head}\n{after}"))


# ---- alignments by hand ----------------------------------------------------------------------


def test_alexnet_and_zfnet() -> None:
    """Zeiler and Fergus: 7x7/2, a stride in conv2, no groups, norms behind the pools."""
    found = diff(shipped("alexnet"), shipped("zfnet"))
    assert [line for line in said(found.steps) if line[0] != "="] == [
        "~ input",
        "~ conv 11x11/4 96 valid > conv 7x7/2 96 pad=1",
        "- lrn 5 alpha=0.0005 k=2",
        "~ maxpool 3x3/2 > maxpool 3x3/2 ceil",
        "+ lrn 5 alpha=0.0005 k=2",
        "~ conv 5x5 256 groups=2 > conv 5x5/2 256 valid",
        "- lrn 5 alpha=0.0005 k=2",
        "~ maxpool 3x3/2 > maxpool 3x3/2 ceil",
        "+ lrn 5 alpha=0.0005 k=2",
        "~ conv 3x3 384 groups=2 > conv 3x3 384",
        "~ conv 3x3 256 groups=2 > conv 3x3 256",
    ]
    conv1 = found.steps[1]
    assert told(conv1) == [("size", "11x11", "7x7"), ("stride", "4", "2"), ("pad", "valid", "1")]
    assert conv1.delta.params == 96 * 3 * (7 * 7 - 11 * 11)
    assert conv1.before is not None
    assert conv1.after is not None
    assert (conv1.before.receptive_field, conv1.after.receptive_field) == ((11, 11), (7, 7))
    assert (conv1.before.stride, conv1.after.stride) == ((4, 4), (2, 2))
    assert not found.equal
    assert (found.renamed, found.differences) == (0, ())


def test_vgg16_and_vgg19() -> None:
    """Configuration E has a fourth convolution in each of the last three stages."""
    found = diff(shipped("vgg16"), shipped("vgg19"))
    extra = [line for line in said(found.steps) if line[0] != "="]
    assert extra == [f"+ {text}" for c in (256, 512, 512) for text in (f"conv 3x3 {c}", "relu")]
    assert found.counts() == {"equal": 41, "added": 6}
    assert found.renamed == 6  # the convolutions behind the first new one


def test_naive_and_reduced_inception() -> None:
    """Branches are paired with each other: the new 1x1s stand in the branches that they thin."""
    naive, reduced = (
        pipeline.network(str(ROOT / "examples" / f"{name}_inception.arch"))
        for name in ("naive", "reduced")
    )
    found = diff(naive, reduced)
    assert list(said(found.steps)) == [
        "= input",
        *("= conv 1x1 64 nobias", "= relu"),
        *("+ conv 1x1 96 nobias", "+ relu", "~ conv 3x3 128 nobias", "= relu"),
        *("+ conv 1x1 16 nobias", "+ relu", "~ conv 5x5 32 nobias", "= relu"),
        *("= maxpool 3x3/1 same", "+ conv 1x1 32 nobias", "+ relu"),
        "= concat",
    ]
    assert told(found.steps[5]) == [("input", "256x28x28", "96x28x28")]
    before, after = found.totals
    assert (before.params, before.macs) == (516_096, 404_619_264)
    assert (after.params, after.macs) == (176_640, 138_485_760)


def test_the_stride_of_resnet50_moves_within_blocks() -> None:
    found = diff(shipped("resnet50"), shipped("resnet50@torchvision"))
    changed = [step for step in found.steps if step.change != "equal"]
    assert [step.side.entry.path for step in changed] == ["layer2.0", "layer3.0", "layer4.0"]
    for step in changed:
        inner = [child for child in step.children if child.change != "equal"]
        assert [child.side.entry.name for child in inner] == ["conv1", "conv2"]
        assert [told(child) for child in inner] == [[("stride", "2", "1")], [("stride", "1", "2")]]
        assert (step.delta.params, step.delta.macs) == (0, 77_070_336)


def test_copies_fold_and_what_is_more_stands_alone() -> None:
    found = diff(shipped("resnet101"), shipped("resnet152"))
    lines = [line for line in said(found.steps) if "residual" in line]
    block = "residual<bottleneck_v1>"
    assert lines == [
        *(f"= {block}", f"= {block} x2", f"= {block}", f"= {block} x3", f"+ {block} x4"),
        *(f"= {block}", f"= {block} x22", f"+ {block} x13", f"= {block}", f"= {block} x2"),
    ]
    assert found.counts()["added"] == 17


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("relu", "silu", "~ relu > silu"),
        ("maxpool 2x2", "avgpool 2x2", "~ maxpool 2x2 > avgpool 2x2"),
        ("relu", "bn", "- relu|+ bn"),
        ("conv 3x3 8 > relu", "relu > conv 3x3 8", "+ relu|= conv 3x3 8|- relu"),
        ("conv 3x3 8 > bn > relu", "conv 3x3 8 > relu", "= conv 3x3 8|- bn|= relu"),
        ("conv 3x3 8 > bn", "[ conv 3x3 8 > bn + identity ]", "= conv 3x3 8|= bn|+ add"),
        ("[ relu | tanh ]", "[ relu | silu | tanh ]", "= relu|+ silu|= tanh|= concat"),
        ("a: conv 3x3 4 > b: conv 3x3 4", "b: conv 3x3 4", "= conv 3x3 4|- conv 3x3 4"),
        ("(conv 3x3 8 > relu) x3", "(conv 3x3 8 > relu) x2", "= conv 3x3 8|= relu|" * 2 + "- c"),
    ],
)
def test_small_alignments(before: str, after: str, lines: str, made: Make) -> None:
    shown = "|".join(list(said(compared(made, before, after).steps))[1:])
    assert shown.startswith(lines) if lines.endswith("- c") else shown == lines


BLOCKS = """
block unit<body>(n) = [ body > conv 3x3 n + identity ] > relu
block other<body>(n) = [ body > conv 1x1 n + identity ] > relu
network test
  input 8x16x16
"""


def test_a_block_in_the_middle_of_a_stack(made: Make) -> None:
    stack = "  stage: ({})\n"
    before = BLOCKS + stack.format(" > ".join(["unit<relu>(8)"] * 5))
    after = BLOCKS + stack.format(
        "unit<relu>(8) > unit<relu>(8) > unit<silu>(8) > unit<relu>(8) > unit<relu>(8)"
    )
    found = diff(made(before), made(after))
    assert list(said(found.steps))[1:] == [
        "= unit x2",
        "~ unit",
        *(".~ relu > silu", ".= conv 3x3 8", ".= add", ".= relu"),
        "= unit x2",
    ]


def test_another_block_under_its_label(made: Make) -> None:
    before, after = (made(f"{BLOCKS}  a: {name}<relu>(8)\n") for name in ("unit", "other"))
    found = diff(before, after)
    assert list(said(found.steps))[1] == "~ unit > other"
    assert told(found.steps[1]) == [("block", "unit", "other")]
    before, after = (made(f"{BLOCKS}  {name}<relu>(8)\n") for name in ("unit", "other"))
    assert list(said(diff(before, after).steps))[1:] == ["- unit", "+ other"]


# ---- what is no operator ---------------------------------------------------------------------


def test_wires_that_are_exchanged(made: Make) -> None:
    lines = "a: conv 3x3 8\nb: conv 3x3 8\n[ relu + {} ]"
    found = compared(made, lines.format("@a"), lines.format("identity"))
    (add,) = (step for step in found.steps if step.change != "equal")
    assert told(add) == [("inputs", "relu, a", "relu, b")]


def test_names_of_weights_matter_and_others_do_not(made: Make) -> None:
    assert compared(made, "relu > tanh", "a: relu > b: tanh").equal
    found = compared(made, "a: conv 3x3 8 > relu", "f: (conv 3x3 8 > relu)")
    assert (found.equal, found.renamed, found.counts()) == (False, 1, {"equal": 3})


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("output a > relu", "output b > relu", ("outputs", "a, out", "b, out")),
        (
            "relu > output a > tanh",
            "output a > relu > tanh",
            ("inputs", "relu, tanh", "input, tanh"),
        ),
        (
            *("relu", "relu\ninit conv: constant 0"),
            ("initialisation", "", "conv: constant value=0"),
        ),
        ("aux<fc 4>(weight=1) > relu", "aux<fc 4>(weight=2) > relu", ()),
    ],
)
def test_networks_as_such(before: str, after: str, difference: Any, made: Make) -> None:
    head = "input 8" if "fc" in before else "input 8x16x16"
    found = compared(made, before, after, head)
    assert not found.equal
    assert len(found.differences) == 1
    if difference:
        (each,) = found.differences
        assert (each.name, each.before, each.after) == difference


def test_training_only_and_devices(made: Make) -> None:
    found = compared(made, "on 0<relu>", "on 1<relu>")
    assert told(found.steps[1]) == [("device", "0", "1")]
    assert not found.equal


def test_more_than_can_be_aligned_is_told(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archdsl.diff.align.MAX_CELLS", 5)
    with pytest.raises(ArchError, match="more items that differ"):
        compared(made, "relu > tanh > selu", "elu > silu")


# ---- what holds for all ------------------------------------------------------------------------


def family(name: str) -> str:
    return shipped_networks()[name].stem


PAIRS = [
    (one, other) for one, other in combinations(REPRESENTATIVES, 2) if family(one) == family(other)
]
ACROSS = [
    ("alexnet", "zfnet"),
    ("lenet5", "alexnet"),
    ("vgg16", "resnet18"),
    ("zfnet", "googlenet"),
]


def check_sums(steps: Iterable[Step]) -> Figures:
    """The sum of the steps' deltas, those of blocks held against what stands in them."""
    found = Figures()
    for step in steps:
        if step.children:
            one = check_sums(step.children)
            copies = step.side.entry.repeat
            assert step.delta == sum([one] * copies, Figures())
        found += step.delta
    return found


def mirrored(steps: Iterable[Step]) -> list[Any]:
    """The steps with their sides exchanged; in a gap what was removed still comes first."""
    found = [
        (
            MIRRORED[step.change],
            step.after and step.after.entry.path,
            step.before and step.before.entry.path,
            [(d.name, d.after, d.before) for d in step.differences],
            mirrored(step.children),
        )
        for step in steps
    ]
    pairs = ((None if s[1] is None else s, None if s[2] is None else s) for s in found)
    return [one or other for one, other in align.tidy([*pairs])]  # type: ignore[list-item]


def plain(steps: Iterable[Step]) -> list[Any]:
    return [
        (
            step.change,
            step.before and step.before.entry.path,
            step.after and step.after.entry.path,
            told(step),
            plain(step.children),
        )
        for step in steps
    ]


def check(before: Network, after: Network) -> None:
    """All that holds for any two networks."""
    found, turned = diff(before, after), diff(after, before)
    old, new = found.totals
    assert check_sums(found.steps) == new - old
    assert new.params == found.reports[1].params_with_heads
    assert new.macs == found.reports[1].macs_with_heads
    same = mirrored(found.steps) == plain(turned.steps)
    assert same
    assert found.equal == turned.equal
    for k, network in enumerate((before, after)):
        sides = [(step.before, step.after)[k] for step in found.steps]
        covered = [i for side in sides if side for i in side.entry.indices]
        assert covered == list(range(len(network.nodes)))


@pytest.mark.parametrize(("one", "other"), [*PAIRS, *ACROSS])
def test_sums_and_mirrors(one: str, other: str) -> None:
    check(shipped(one), shipped(other))
    assert not diff(shipped(one), shipped(other)).equal


@pytest.mark.parametrize("name", shipped_networks())
def test_a_network_is_equal_to_itself(name: str) -> None:
    found = diff(shipped(name), pipeline.network(name))
    assert found.equal
    assert {*found.counts()} == {"equal"}
    assert all(step.delta == Figures() for step in found.steps)


@pytest.mark.slow
@settings(deadline=None, max_examples=25, suppress_health_check=[*HealthCheck])
@given(specs(), specs())
def test_random_networks(one: str, other: str) -> None:
    made = []
    for text in (one, other):
        try:
            made.append(pipeline.expanded(pipeline.declared_in(text)))
        except ArchError:
            assume(False)
    before, after = made
    check(before, after)
    for network, text in zip(made, (one, other), strict=True):
        assert diff(network, pipeline.expanded(pipeline.declared_in(text))).equal
