"""Mistakes: each file of `tests/errors` is refused with the message that stands beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from archdsl.diagnostics import ArchError, Diagnostic
from archdsl.expand import expand
from archdsl.expand.building import MAX_MISTAKES
from archdsl.lessons import EXAMPLES
from archdsl.library import shipped_networks
from archdsl.modules import RESERVED, Loader
from archdsl.ops import OPS, written
from archdsl.ops.elsewhere import NAMES
from archdsl.parser import parse
from archdsl.pipeline import asserted, declared_in, expanded
from archdsl.source import Source

CASES = sorted(Path(__file__).parent.joinpath("errors").glob("*.arch"))


def refused(path: Path) -> ArchError:
    """The mistakes of a file: of its tree, or of its networks."""
    found: dict[Diagnostic, None] = {}
    try:
        for declared in Loader().file(path).own_networks:
            try:
                asserted(declared)
            except ArchError as error:
                found.update(dict.fromkeys(error.diagnostics))
    except ArchError as error:
        found.update(dict.fromkeys(error.diagnostics))
    return ArchError(*found)


SLOW = {"limit_steps", "limit_nodes"}  # they walk up to the limit


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.slow] if p.stem in SLOW else [], id=p.stem) for p in CASES],
)
def test_case(
    path: Path, expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)  # messages name a file as seen from the current folder
    error = refused(path)
    assert error.diagnostics, "nothing is refused"
    expect(path.with_suffix(".txt"), f"{error}\n")


def test_every_expected_text_has_its_case() -> None:
    folder = Path(__file__).parent
    for name in ("errors", "language"):
        texts = {path.stem for path in folder.joinpath(name).glob("*.txt")}
        assert texts == {path.stem for path in folder.joinpath(name).glob("*.arch")}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clases": 10}, "did you mean 'classes'"),
        ({"classes": "ten"}, "'classes' is the number 10 by default"),
        ({"classes": 3.5}, "a whole number"),
        ({"classes": 0}, "at least 1"),
        ({"act": "rely"}, "did you mean 'relu'"),
        ({"act": 3}, "is the name 'relu' by default"),
        ({"deep": 1}, "is a condition by default"),
        ({"k": "3x3"}, "is the size 3x3 by default"),
    ],
)
def test_settings_are_refused(settings: dict[str, object], message: str) -> None:
    text = """
    network test(classes=10, act=relu, deep=true, k=3x3)
      input 3x8x8
      conv k 8 > act if (deep) > flatten > fc classes
    """
    declared = Loader().module(Source("test.arch", text)).network()
    with pytest.raises(ArchError, match=message):
        expand(declared, settings)


@pytest.mark.parametrize(
    ("line", "fix", "mended"),
    [
        ("conv 9x9 8 valid", "up to 8x8 fits", "conv 8x8 8 valid"),
        ("conv 9x9 8 valid", "('same')", "conv 9x9 8 same"),
        ("maxpool 10x10", "('same')", "maxpool 10x10 same"),
        ("conv 3x3 8 dilation=5 pad=1", "up to 10x10", "conv 3x3 8 dilation=4 pad=1"),
        ("conv 3x3 30 groups=12", "groups=6", "conv 3x3 30 groups=6"),
        ("conv 3x3 32 groups=5", "groups=4", "conv 3x3 32 groups=4"),
        ("gn 5", "groups=4 or 6", "gn 4"),
        ("pixelshuffle 5", "25 channels do", "conv 1x1 25 > pixelshuffle 5"),
        ("fc 10", "write flatten > fc 10", "flatten > fc 10"),
        ("fc 10", "avgpool global > flatten > fc 10", "avgpool global > flatten > fc 10"),
        ("slice 8 32", "ends at 12", "slice 8 12"),
        ("dropout 20", "dropout 0.2", "dropout 0.2"),
        ("convt 2x2/2 8 extra=2", "extra=1", "convt 2x2/2 8 extra=1"),
        ("maxpool 2x2 pad=2", "pad at most 1", "maxpool 2x2 pad=1"),
        (
            "[ conv 3x3/2 16 + identity ]",
            "not identity, but (identity or conv 1x1/_ _)",
            "[ conv 3x3/2 16 + (identity or conv 1x1/_ _) ]",
        ),
        (
            "[ conv 3x3 16 + conv 1x1 8 ]",
            "as conv 1x1 _ does",
            "[ conv 3x3 16 + conv 1x1 _ ]",
        ),
        (
            "[ conv 3x3/2 16 + conv 1x1 8 ]",
            "end one in conv 1x1/_ _",
            "[ conv 3x3/2 16 + conv 1x1 8 > conv 1x1/_ _ ]",
        ),
        (
            "[ conv 3x3/2 16 + conv 1x1/2 16 if (false) ]",
            "'else none' leaves it out",
            "[ conv 3x3/2 16 + conv 1x1/2 16 if (false) else none ]",
        ),
        (
            "[ conv 2x2/2 12 + maxpool 2x2 ]",
            "makes 5x5 of 8x8: write valid",
            "[ conv 2x2/2 12 valid + maxpool 2x2 ]",
        ),
        (
            "[ conv 4x4/2 12 | maxpool 2x2 ]",
            "write pad=1",
            "[ conv 4x4/2 12 pad=1 | maxpool 2x2 ]",
        ),
        (
            "[ dwconv 2x2 + identity ]",
            "write same_tf",
            "[ dwconv 2x2 same_tf + identity ]",
        ),
        (
            "[ (conv 2x2/2 12) x2 + maxpool 4x4 ]",
            "write valid in each even window",
            "[ (conv 2x2/2 12 valid) x2 + maxpool 4x4 ]",
        ),
        ("conv 3x3 8 x 3", "write x3", "conv 3x3 8 x3"),
        (
            "[ identity * avgpool global > conv 1x1 8 ]",
            "conv 1x1 12",
            "[ identity * avgpool global > conv 1x1 12 ]",
        ),
        (
            "[ conv 1x1 8 | maxpool 3x3 ]",
            "maxpool 3x3/1 same",
            "[ conv 1x1 8 | maxpool 3x3/1 same ]",
        ),
        (
            "[ flatten + identity ]",
            "'flatten' behind the join",
            "[ identity + identity ] > flatten",
        ),
        ("forward: relu", "such as 'forward_1'", "forward_1: relu"),
        ("unit#: relu", "relu x3", "unit#: relu x3"),
        ("none", "write identity", "identity"),
        ("conw 3x3 8", "'conv'", "conv 3x3 8"),
        ("conv 3x3 8 nobais", "'nobias'", "conv 3x3 8 nobias"),
        ("conv 3x3 8 strid=2", "'stride'", "conv 3x3 8 stride=2"),
        ("conv 3x3 (sqr(4))", "round_to", "conv 3x3 (round_to(4, 2))"),
    ],
)
def test_what_a_message_advises_works(line: str, fix: str, mended: str) -> None:
    def made(line: str) -> object:
        text = f"network test\n  input 12x8x8\n  {line}\n"
        return expand(Loader().module(Source("test.arch", text)).network())

    with pytest.raises(ArchError) as caught:
        made(line)
    (diagnostic,) = caught.value.diagnostics
    assert fix in diagnostic.help
    assert made(mended)


def test_no_more_mistakes_are_told_than_anybody_reads() -> None:
    text = "network test\n  input 3x8x8\n  [ conw 1 }\n".replace("}", "| conw 1 " * 30 + "]")
    with pytest.raises(ArchError) as caught:
        expand(Loader().module(Source("test.arch", text)).network())
    assert len(caught.value.diagnostics) == MAX_MISTAKES


def test_the_cases_are_many() -> None:
    """Mistakes are told apart by their code and the form of their sentence."""
    texts = (path.with_suffix(".txt").read_text("utf-8") for path in CASES)
    headings = re.findall(r"^error\[.*", "\n".join(texts), re.MULTILINE)
    values = r"'[^']*'|\"[^\"]*\"|\d[\dx,.]*"
    assert len({re.sub(values, "", heading) for heading in headings}) >= 120


@pytest.mark.parametrize(
    ("lesson", "text"), [(lesson, text) for lesson, texts in EXAMPLES.items() for text in texts]
)
def test_every_example_of_a_syntax_mistake_gets_its_lesson(lesson: str, text: str) -> None:
    with pytest.raises(ArchError) as caught:
        parse(Source("lesson", text.replace("!", ">")))
    assert lesson in "".join(each.message for each in caught.value.diagnostics)


def test_names_of_pytorchs_classes_lead_to_their_operators() -> None:
    """Of all operators that the shipped networks have, by the class in their code."""
    seen = set()
    for path in {*shipped_networks().values()}:
        for declared in Loader().file(path).own_networks:
            for node in expanded(declared).nodes:
                made = node.applied.module
                if made is not None and made.callee.startswith("nn."):
                    seen.add((made.callee.removeprefix("nn."), node.op.name))
    assert len(seen) > 20
    for name, operator in seen:
        if name.lower() != operator and (name, operator) != ("Conv2d", "dwconv"):
            assert written(name).split()[:2] == ["write", operator], name


@pytest.mark.parametrize("here", NAMES)
def test_what_is_written_for_names_from_elsewhere_can_be_written(here: str) -> None:
    arguments = {"conv": "3x3 8", "dwconv": "3x3", "convt": "3x3 8", "maxpool": "2x2", "lrn": "5"}
    arguments |= {"avgpool": "2x2", "leaky": "0.1", "permute": "last", "shuffle": "2"}
    arguments |= {"pixelshuffle": "2", "upsample": "2", "pad": "1"}
    unit = f"flatten > {here} 8" if here == "fc" else f"{here} {arguments.get(here, '')}"
    blocks = "block a = relu\nblock b = bn\nnetwork other\n  input 8\n  [ a | b ]\n"
    expanded(declared_in(f"{blocks}network net\n  input 32x32x32\n  {unit}\n", "net"))
    assert not {*NAMES[here].split()} & {*OPS, *RESERVED}


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_setting_that_is_no_finite_number(value: float) -> None:
    declared = declared_in("network net(p=0.5)\n  input 8\n  dropout p\n")
    with pytest.raises(ArchError, match="a probability lies between 0 and 1"):
        expanded(declared, {"p": value})
