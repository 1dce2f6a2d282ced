"""Figures on request: parts, insets, directions, themes, other formats, and refused networks."""

from __future__ import annotations

import json
import re
import runpy
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from test_draw import HOSTILE, ROOT, SVG, drawn_nodes, network, shipped, size

from archdsl import pipeline
from archdsl.diagnostics import ArchError
from archdsl.draw import DIRECTIONS, LEVELS, THEMES, Figure, draw
from archdsl.draw.boxes import Frame, View
from archdsl.draw.dot import Writer
from archdsl.draw.engine import layout, render
from archdsl.draw.flow import Flow
from archdsl.draw.style import THEMES as STYLED
from archdsl.draw.view import view
from archdsl.graph import Network

FIGURES = sorted(Path(__file__).parent.joinpath("figures").glob("*.arch"))
REFUSED = [  # but what walks to the limit of 100,000 operators
    path
    for path in sorted(Path(__file__).parent.joinpath("errors").glob("*.arch"))
    if path.stem not in ("limit_steps", "limit_nodes")
]
SPECS = [*FIGURES, ROOT / "examples" / "unet.arch"]
LONG = ["mobilenet_v2", "mobilenet_v3_large", "efficientnet_b7", "efficientnet_v2_l"]
FAMILIES = [*map(str, SPECS), "googlenet", "resnet50", "resnet18@a", "alexnet@two_gpus"]
FAMILIES += ["shufflenet_v2_x1_0", "inception_v3", "densenet121", "mobilenet_v2"]


@cache
def spec(name: str) -> Network:
    return pipeline.network(name)


def seen(net: Network, level: str = "block", **wishes: Any) -> View:
    """What a figure shows."""
    return view(net, Figure(level, **wishes))


def titles(shown: View) -> list[str]:
    return [box.title for box in shown.boxes()]


def refused(text: str) -> tuple[Network, ArchError]:
    """What is understood of a text that is refused, and why it is."""
    declared = pipeline.declared_in(text)
    with pytest.raises(ArchError) as caught:
        pipeline.expanded(declared)
    net = pipeline.sketched(declared, {}, caught.value)
    assert net is not None
    return net, caught.value


# ---- every family --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*map(str, SPECS), *LONG], ids=lambda name: Path(name).stem)
def test_a_figure_fits_on_a_page(name: str) -> None:
    svg = ElementTree.fromstring(draw(spec(name)))
    assert drawn_nodes(svg) <= 25
    assert max(size(svg)) < 1200


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("level", ["block", "layer"])
@pytest.mark.parametrize("name", FAMILIES, ids=lambda name: Path(name).stem)
def test_branches_stand_in_the_order_of_the_text(name: str, level: str, direction: str) -> None:
    figure = Figure(level, direction=direction)
    shown = view(spec(name), figure)
    writer = Writer(shown, figure)
    objects = json.loads(layout(writer.text()))["objects"]
    places = {
        thing["name"]: tuple(map(float, thing["pos"].split(",")))
        for thing in objects
        if "pos" in thing
    }
    assert set(map(writer.key, shown.boxes())) <= set(places)
    for starts in Flow(shown).forks if writer.bend is None else []:
        for one, other in pairwise(starts):
            (x, y), (right, below) = places[writer.key(one)], places[writer.key(other)]
            assert x < right if direction == "down" else y > below


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES, ids=lambda name: Path(name).stem)
def test_every_level_direction_and_theme_is_drawn(name: str) -> None:
    for level in LEVELS:
        for direction, theme in zip((*DIRECTIONS, "down"), THEMES, strict=True):
            figure = Figure(level, direction=direction, theme=theme, inset=True)
            svg = draw(spec(name), figure)
            assert draw(spec(name), figure) == svg
            shown = view(spec(name), figure)
            boxes = len(shown.boxes()) + sum(len(inset.boxes()) for inset in shown.insets)
            assert drawn_nodes(ElementTree.fromstring(svg)) == boxes


def test_branches_of_a_view_are_all_there() -> None:
    """The test of their order looks at something: an inception module has four branches."""
    assert [len(starts) for starts in Flow(seen(shipped("googlenet"), "layer")).forks] == [4] * 9


# ---- what is open --------------------------------------------------------------------------


def test_depth_opens_blocks() -> None:
    net = network("  input 8x16x16\n  s: unit<se 2>\n  incept(4, 2>4)")
    assert titles(seen(net)) == ["input", "unit", "incept", "output"]
    assert titles(seen(net, depth=0)) == titles(seen(net))
    one = titles(seen(net, depth=1))
    inside = ["conv 1x1 4", "conv 1x1 2", "conv 3x3 4", "concat"]
    assert one == ["input", "se", "+", *inside, "output"]
    assert "avgpool global" in titles(seen(net, depth=2))
    assert titles(seen(net, "layer", depth=0)) == titles(seen(net))
    assert titles(seen(net, "layer")) == titles(seen(net, depth=9))


def test_expand_opens_one_block() -> None:
    net = shipped("googlenet")
    opened = seen(net, expand=("inception4a",))
    (frame,) = (item for item in opened.items if isinstance(item, Frame))
    assert frame.title == "inception"
    assert len(frame.items) == 6 + 1 + 1  # convolutions, pool and joint of a module
    assert len(titles(opened)) == len(titles(seen(net))) + 7


@pytest.mark.parametrize(
    ("label", "frames"), [("layer1", 2), ("layer3.0", 1), ("layer3.4", 1), ("residual", 8)]
)
def test_labels_to_expand(label: str, frames: int) -> None:
    """A stack's label means its blocks, a copy's the box of all copies, a name all uses."""
    shown = seen(shipped("resnet50"), expand=(label,))
    assert sum(isinstance(item, Frame) for item in shown.items) == frames


@pytest.mark.parametrize(("level", "depth"), [("layer", None), ("op", None), ("block", 1)])
def test_what_is_open_already_may_be_asked_for(level: str, depth: int | None) -> None:
    net = shipped("googlenet")
    plain = titles(seen(net, level, depth=depth))
    assert titles(seen(net, level, depth=depth, expand=("inception4a",))) == plain
    groups = network("  input 3x8x8\n  stem: (conv 3x3 4 > bn)\n  incept(4, 2>4)")
    assert titles(seen(groups, expand=("stem",))) == titles(seen(groups))


def test_unknown_labels_are_told() -> None:
    with pytest.raises(ArchError, match="did you mean 'inception4a'"):
        seen(shipped("googlenet"), expand=("inception4A",))
    with pytest.raises(ArchError, match=r"did you mean 'layer3\.1'"):
        seen(shipped("resnet50"), part="layer31")


# ---- parts and insets ----------------------------------------------------------------------


def test_a_block_alone() -> None:
    shown = seen(shipped("resnet50"), "layer", part="residual")
    assert shown.title == "residual bottleneck_v1 c=64"
    # 4,096 + 36,864 + 16,384 + 16,384 weights and the norms' 2 x (64 + 64 + 256 + 256)
    assert shown.about == "layer1.0 of resnet50 · 75.0 K parameters"
    assert titles(shown) == [
        "input",
        *["conv 1x1 64", "conv 3x3 64", "conv 1x1 256", "conv 1x1 256", "+", "output"],
    ]
    inputs = [box for box in shown.boxes() if box.kind == "input"]
    assert [box.detail for box in inputs] == [["64x56x56"]]
    assert seen(shipped("resnet50"), "layer", part="bottleneck_v1").title == shown.title


def test_a_part_shows_every_tensor_that_comes_in() -> None:
    net = network("  input 4x8x8\n  a: conv 3x3 4\n  conv 3x3 4\n  g: ([ conv 1x1 4 + @a ] > relu)")
    shown = seen(net, "layer", part="g")
    assert titles(shown) == ["input", "input", "conv 1x1 4", "+", "output"]
    assert [(e.source.title, e.target.title) for e in shown.edges] == [
        ("input", "conv 1x1 4"),
        ("conv 1x1 4", "+"),
        ("input", "+"),
        ("+", "output"),
    ]


def test_an_inset_says_what_differs_by_name() -> None:
    (inset,) = seen(shipped("resnet50"), inset=True).insets
    assert (inset.title, inset.about) == ("residual bottleneck_v1(c)", "12 of 16 uses")
    assert titles(inset)[1:-1] == ["conv 1x1 c", "conv 3x3 c", "conv 1x1 (4*c)", "+"]
    first, *_ = seen(shipped("googlenet"), inset=True).insets
    assert first.title == "inception(a, b0, b, c0, c, p)"
    assert titles(first)[1:-2] == [
        "conv 1x1 a",
        *("conv 1x1 b0", "conv 3x3 b"),
        *("conv 1x1 c0", "conv 5x5 c"),
        *("maxpool 3x3/1", "conv 1x1 p"),
    ]


def test_there_is_an_inset_for_each_kind_of_block() -> None:
    shown = seen(shipped("inception_v3"), inset=True)
    kinds = [inset.title.removeprefix("inception_") for inset in shown.insets]
    assert kinds == ["c(c)", "a(p)", "e", "b", "aux", "d"]
    assert seen(shipped("vgg16"), inset=True).insets == ()


def test_an_inset_is_apart_from_the_network() -> None:
    text = draw(shipped("resnet50"), Figure(inset=True), "dot").decode()
    plain = draw(shipped("resnet50"), format="dot").decode()
    assert "cluster_inset0" in text
    assert "cluster_inset0" not in plain


# ---- costs ---------------------------------------------------------------------------------


def test_boxes_say_what_they_cost() -> None:
    boxes = seen(shipped("resnet50"), show=("params", "macs")).boxes()
    said = {box.place or box.title: box.costs for box in boxes}
    assert said["conv 7x7/2 64"] == ["9.5 K params", "118.0 M MACs"]  # and 128 of the norm's
    assert said["layer1.0–2"] == ["215.8 K params", "667.9 M MACs"]  # 3 copies
    assert said["maxpool 3x3/2"] == said["input"] == said["output"] == []


def test_colours_say_where_the_cost_is() -> None:
    """74 % of VGG-16's parameters are in its first fully connected layer."""
    shown = seen(shipped("vgg16"), color="params")
    assert shown.scale[-1] == "to 74.3% of params"
    heats = {box.title: box.heat for box in shown.boxes() if box.heat}
    assert heats == {"fc 4096": 4}
    for theme in THEMES:
        svg = draw(shipped("vgg16"), Figure(color="params", theme=theme)).decode().lower()
        assert svg.count(f'fill="{STYLED[theme].heat[4].lower()}"') == 2  # and the legend's


@pytest.mark.parametrize("format", ["svg", "dot", "mmd", "tex"])
def test_costs_are_in_every_format(format: str) -> None:
    figure = Figure("layer", show=("params",), color="macs")
    text = draw(shipped("resnet18"), figure, format).decode().replace("&#160;", " ")
    assert "37.0 K params" in text  # 9 x 64 x 64 of layer1's convolutions, and the norms' 128
    assert "of MACs" in text or format == "mmd"


def test_a_part_counts_its_own_only() -> None:
    shown = seen(shipped("resnet50"), "layer", part="layer3.1", show=("activations",))
    assert shown.boxes()[0].costs == []
    assert sum(bool(box.costs) for box in shown.boxes()) == 4


# ---- looks ---------------------------------------------------------------------------------


def test_a_theme_changes_colours_and_nothing_else() -> None:
    light, dark, print_ = (draw(shipped("resnet34"), Figure(theme=theme)) for theme in THEMES)
    colors = re.compile(rb"#[0-9a-fA-F]{6}|\bblack\b|\bwhite\b")
    assert len({colors.sub(b"", svg) for svg in (light, dark, print_)}) == 1
    assert STYLED["dark"].paper.lower().encode() in dark.lower()
    grey = {color for color in colors.findall(print_) if color[1:3] == color[3:5] == color[5:7]}
    assert grey | {b"black", b"white"} >= set(colors.findall(print_))


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_on_every_box(theme: str) -> None:
    """Contrast by WCAG 2.1: 4.5 for text on what it stands on."""

    def light(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(one: str, other: str) -> float:
        dark, bright = sorted((light(one), light(other)))
        return (bright + 0.05) / (dark + 0.05)

    look = STYLED[theme]
    fills = [style.fill for style in (*look.styles.values(), look.plain, look.unsure)]
    fills += look.heat
    assert min(contrast(look.ink, fill) for fill in (*fills, look.paper, look.frame)) > 7
    assert min(contrast(look.dim, fill) for fill in (*fills, look.paper)) > 4.5
    assert contrast(look.mistake.line, look.mistake.fill) > 4.5


def test_wishes_that_do_not_exist_are_told() -> None:
    with pytest.raises(ArchError, match="no direction 'up'"):
        Figure(direction="up")
    with pytest.raises(ArchError, match=r"no theme 'drak'[^$]*did you mean 'dark'"):
        Figure(theme="drak")


# ---- Mermaid and TikZ ----------------------------------------------------------------------


def spoilt(level: str, format: str) -> tuple[str, str]:
    """A network's text, and that of one whose names are hostile."""
    lines = "  input 8x16x16\n  s: unit<basic/2 16x3> > head\n  side: aux<fc 3>"
    net = network(lines)
    plain = draw(net, Figure(level), format).decode()
    net.name = net.about = (
        HOSTILE + "`$HOME^^M\\end{tikzpicture} %x ~_&#35; click n1 call alert()\n  end"
    )
    for scope in {node.scope: None for node in net.nodes}:
        scope.definition += net.name
        scope.title, scope.path = net.name, net.name + scope.path
    return plain, draw(net, Figure(level), format).decode()


@pytest.mark.parametrize("level", LEVELS)
def test_mermaid_keeps_words_in_quotes(level: str) -> None:
    plain, hostile = spoilt(level, "mmd")
    strings = re.compile(r'"(?:[^"\\\n]|\\.)*"')
    assert strings.sub('""', hostile) == strings.sub('""', plain)
    body = hostile.partition("flowchart")[2]
    inside = "".join(strings.findall(body)).replace("<br>", "").replace('"', "")
    assert not set(inside) & set("<>[]{}|`\\\"'&%$~^")


@pytest.mark.parametrize("level", LEVELS)
def test_tikz_knows_no_commands_of_a_spec(level: str) -> None:
    plain, hostile = spoilt(level, "tex")
    command = re.compile(r"\\[A-Za-z]+")
    marks = {
        "\\text" + word for word in ("backslash", "asciicircum", "asciitilde", "less", "greater")
    }
    marks |= {"\\textbar", "\\textquotedbl", "\\textasciigrave", "\\textquotesingle", "\\dots"}
    assert set(command.findall(hostile)) <= set(command.findall(plain)) | marks
    assert hostile.count("\\end{tikzpicture}") == 1
    for text in (plain, hostile):
        unescaped = re.sub(r"\\[{}$&#_%\\]", "", text.partition("\n")[2])
        assert unescaped.count("{") == unescaped.count("}")
        assert "%" not in unescaped
        assert all(ord(sign) >= 32 or sign == "\n" for sign in text)


def test_mermaid_says_what_the_figure_says() -> None:
    lines = "  input 3x8x8\n  unit<basic 8x2>\n  [ conv 3x3 4 | identity ]\n"
    net = network(f"{lines}  side: aux<avgpool global > flatten > fc 3>")
    text = draw(net, Figure("layer"), "mmd").decode()
    shown = seen(net, "layer")
    assert len(re.findall(r"^ *n\d+\(", text, re.MULTILINE)) == len(shown.boxes())
    assert len(re.findall(r"n\d+ -\.?-*>", text)) == len(shown.edges)
    assert text.count("subgraph") == text.count("\n  end") == 2
    assert "residual" not in text
    assert '-.->|"12x8x8"|' in text


def test_tikz_draws_each_box_and_tensor_once() -> None:
    net = shipped("resnet18")
    shown = seen(net, "layer")
    text = draw(net, Figure("layer"), "tex").decode()
    outputs = sum(box.kind == "output" for box in shown.boxes())
    assert text.count("\\node[box") == len(shown.boxes()) - outputs
    assert text.count("\\filldraw[frame") == 7
    assert "{\\small\\bfseries conv 7x7/2 64}\\\\{\\footnotesize bn $\\cdot$ relu}" in text


# ---- networks that are refused -------------------------------------------------------------

TWO = """
network two
  input 3x32x32
  conv1: conv 3x3 8 > relu
  [ conv 3x3/2 16 + identity ]
  cnv 3x3 16
  conv 99x99 4 valid
  fc: fc 10
"""


def test_a_refused_network_is_drawn_with_its_mistakes() -> None:
    net, error = refused(TWO)
    assert net.mistakes == error.diagnostics
    boxes = {box.title: box for box in seen(net).boxes()}
    assert list(boxes) == [
        "input",
        "conv 3x3 8",
        "conv 3x3/2 16",
        "+",
        "? cnv 3x3 16",
        "conv 99x99 4",
        "fc 10",
        "output",
    ]
    faults = {title: box.fault for title, box in boxes.items() if box.fault}
    assert list(faults) == ["+", "? cnv 3x3 16"]
    assert "16x16x16 + 8x32x32" in faults["+"]
    unsure = [title for title, box in boxes.items() if box.unsure]
    assert unsure == ["? cnv 3x3 16", "conv 99x99 4", "fc 10"]
    assert not boxes["output"].detail
    shapes = {edge.source.title: edge.shape for edge in seen(net).edges if edge.shape}
    assert shapes == {"conv 3x3 8": "8x32x32", "conv 3x3/2 16": "16x16x16"}


@pytest.mark.parametrize("theme", THEMES)
def test_a_mistake_is_red(theme: str) -> None:
    net, _ = refused(TWO)
    svg = draw(net, Figure(theme=theme)).decode()
    line = STYLED[theme].mistake.line.lower()
    red, green, blue = (int(line[i : i + 2], 16) for i in (1, 3, 5))
    assert red > 1.4 * max(green, blue)
    assert svg.lower().count(f'stroke="{line}"') == 3  # two boxes, and the legend's
    good = draw(network("  input 3x8x8\n  conv 3x3 4"), Figure(theme=theme)).decode()
    assert line not in good.lower()


def test_a_mistake_within_a_block_opens_it() -> None:
    text = """
block broken(c) = conv 3x3 c > [ conv 3x3 c | conv 3x3/2 c ] > relu
network n
  input 3x32x32
  broken 8 x3
  conv 1x1 4
"""
    net, _ = refused(text)
    shown = seen(net)
    frame = next(item for item in shown.items if isinstance(item, Frame))
    assert frame.title == "broken"
    assert [bool(box.fault) for box in frame.boxes()].count(True) == 1


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_whatever_is_refused_can_be_drawn_or_is_told(path: Path, level: str) -> None:
    """Every mistake there is leaves a picture, or nothing to draw, and never a traceback."""
    try:
        declared = pipeline.asked(str(path))[1]
    except ArchError:
        return
    for network_ in declared:
        try:
            pipeline.expanded(network_)
        except ArchError as error:
            net = pipeline.sketched(network_, {}, error)
            if net is not None:
                text = draw(net, Figure(level), "dot").decode()
                assert render(text, "svg").startswith(b"<?xml")


# ---- the gallery ---------------------------------------------------------------------------


@pytest.mark.slow
def test_the_gallery_is_what_the_tool_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    gallery = runpy.run_path(str(ROOT / "docs" / "gallery.py"))
    assert gallery["pages"](tmp_path) == (ROOT / "docs" / "gallery.md").read_text("utf-8")
    words = re.compile(r"<text[^>]*>([^<]*)</text>")  # fonts, and places with them, differ
    drawn = {path.name: words.findall(path.read_text("utf-8")) for path in tmp_path.glob("*.svg")}
    kept = (ROOT / "docs" / "images").glob("*.svg")
    assert {path.name: words.findall(path.read_text("utf-8")) for path in kept} == drawn
    assert len(drawn) >= 13
    assert all(
        element.tag == f"{SVG}svg"
        for element in map(ElementTree.fromstring, map(Path.read_bytes, tmp_path.glob("*.svg")))
    )
