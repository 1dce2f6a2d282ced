"""Figures: the same bytes each time, well formed, small enough for a page, and safe to open."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from families import NETWORKS

from archdsl.diagnostics import ArchError
from archdsl.draw import FORMATS, LEVELS, Figure, draw
from archdsl.draw.boxes import Frame, View
from archdsl.draw.columns import columns
from archdsl.draw.engine import render
from archdsl.draw.view import view
from archdsl.expand import expand
from archdsl.graph import Network
from archdsl.library import shipped_networks
from archdsl.modules import Loader
from archdsl.source import Source

ROOT = Path(__file__).parent.parent
SVG = "{http://www.w3.org/2000/svg}"
UNIT = """
let basic(c, stride=1)
  conv 3x3/stride c nobias > bn > relu
  conv 3x3 c nobias > bn
block unit<body> = [ body + (identity or shortcut: (conv 1x1/_ _ nobias > bn)) ] > relu
block double(c) = conv 3x3 c > relu > conv 3x3 c > relu
block incept(a, b0>b, k=3x3) = [ conv 1x1 a | conv 1x1 b0 > relu > conv k b ]
block head = avgpool global > flatten > fc 10
"""
UNET = """
network unet
  input 1x64x64
  enc1: double 8
  maxpool 2x2 > enc2: double 16
  maxpool 2x2 > enc3: double 32
  maxpool 2x2 > double 64
  [ upsample 2 > conv 3x3 32 | @enc3 ] > double 32
  [ upsample 2 > conv 3x3 16 | @enc2 ] > double 16
  [ upsample 2 > conv 3x3 8 | @enc1 ] > double 8
"""
HOSTILE = '"><script>alert(1)</script>\\N \\" &lt; &#60;b&#62; <B>x</B> \x00\x07 {|} -- ; ]'


def network(lines: str) -> Network:
    """The network of some lines, or of a whole declaration."""
    text = lines if "network" in lines else f"network n\n{lines}"
    module = Loader().module(Source("test.arch", f"{UNIT}\n{text}"))
    return expand(list(module.networks.values())[-1])


@cache
def shipped(name: str) -> Network:
    return expand(Loader().file(shipped_networks()[name]).networks[name])


def dot(net: Network, level: str = "block", **wishes: Any) -> str:
    """The DOT text of a figure."""
    return draw(net, Figure(level, **wishes), "dot").decode()


def seen(net: Network, level: str = "block", **wishes: Any) -> View:
    """What a figure shows."""
    return view(net, Figure(level, **wishes))


def said(net: Network, level: str = "block") -> list[tuple[str, str, int]]:
    """Title, detail and repeat of each box."""
    return [(b.title, " ".join(b.detail), b.repeat) for b in seen(net, level).boxes()]


def shapes(net: Network, level: str = "block") -> list[tuple[str, str, str]]:
    """From, to and shape of each edge."""
    return [(e.source.title, e.target.title, e.shape) for e in seen(net, level).edges]


def size(svg: ElementTree.Element) -> tuple[float, float]:
    """Width and height in points."""
    return float(svg.attrib["width"][:-2]), float(svg.attrib["height"][:-2])


def drawn_nodes(svg: ElementTree.Element) -> int:
    """How many boxes there are; captions of frames are no boxes."""
    nodes = (g for g in svg.iter(f"{SVG}g") if g.get("class") == "node")
    return sum((g.findtext(f"{SVG}title") or "").startswith("n") for g in nodes)


# ---- the shipped networks ------------------------------------------------------------------


LAID_OUT = 600  # boxes; Graphviz takes many seconds for more, and minutes for thousands


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_shipped_network_is_drawn(name: str, level: str) -> None:
    text = dot(shipped(name), level)
    assert dot(shipped(name), level) == text
    if level == "op" and len(shipped(name).nodes) > LAID_OUT:
        return
    svg = ElementTree.fromstring(render(text, "svg"))
    tags = {element.tag.removeprefix(SVG) for element in svg.iter()}
    assert tags <= {"svg", "g", "title", "polygon", "path", "ellipse", "text", "polyline"}
    if level == "block":
        assert drawn_nodes(svg) <= 30
        assert max(size(svg)) < 1200


def test_every_operator_is_a_box_at_the_lowest_level() -> None:
    net = shipped("resnet152")
    svg = ElementTree.fromstring(draw(net, Figure("op")))
    assert drawn_nodes(svg) == len(net.nodes) + 1  # and the output


def test_the_bytes_do_not_depend_on_the_process() -> None:
    code = (
        "import archdsl, sys;sys.stdout.buffer.write(archdsl.load('googlenet').draw(level='layer'))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert run.stdout == draw(shipped("googlenet"), Figure("layer")).decode()


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_other_formats(format: str, start: bytes) -> None:
    assert format in FORMATS
    assert draw(network("  input 3x8x8\n  conv 3x3 4"), format=format).startswith(start)


# ---- what a figure says --------------------------------------------------------------------


def test_followers_fold_into_their_layer() -> None:
    net = network("  input 3x32x32\n  conv 7x7/2 8 nobias > bn > relu > dropout 0.2\n  maxpool 2x2")
    assert said(net) == [
        ("input", "3x32x32", 1),
        ("conv 7x7/2 8", "bn relu dropout 0.2", 1),
        ("maxpool 2x2", "", 1),
        ("output", "8x8x8", 1),
    ]


def test_a_follower_that_others_pass_by_stands_alone() -> None:
    net = network("  input 4x8x8\n  conv 3x3 4 > a: identity\n  [ bn > conv 3x3 4 + identity ]")
    assert ("bn", "", 1) in said(net)


def test_repeats_fold_and_blocks_say_what_they_were_given() -> None:
    net = network(
        "  input 8x16x16\n  s1: unit<basic 8x3>\n  s2: unit<basic/2 16x3>\n  incept(4, 2>4)"
    )
    assert said(net)[1:-1] == [
        ("unit basic", "c=8", 3),
        ("unit basic/2", "c=16", 1),
        ("unit basic", "c=16", 2),
        ("incept", "4, 2>4", 1),
    ]
    places = [box.place for box in seen(net, "block").boxes()]
    assert places[1:5] == ["s1.0–2", "s2.0", "s2.1–2", ""]


def test_shapes_stand_where_they_change() -> None:
    net = network(
        "  input 3x8x8\n  conv 3x3 4 > maxpool 2x2 > conv 3x3 4\n  [ conv 1x1 2 | identity ]"
    )
    assert shapes(net) == [
        ("input", "conv 3x3 4", ""),
        ("conv 3x3 4", "maxpool 2x2", "4x8x8"),
        ("maxpool 2x2", "conv 3x3 4", "4x4x4"),
        ("conv 3x3 4", "conv 1x1 2", ""),
        ("conv 1x1 2", "concat", "2x4x4"),
        ("conv 3x3 4", "concat", ""),
        ("concat", "output", ""),
    ]
    assert '" 4x8x8"' in dot(net)


def test_heads_are_dashed() -> None:
    net = network("  input 3x8x8\n  conv 3x3 4\n  side: aux<head>(weight=0.3)\n  conv 1x1 4")
    boxes = {box.title: box for box in seen(net, "block").boxes()}
    assert boxes["head"].dashed
    assert boxes["side"].detail == ["10", "training only, weight 0.3"]
    assert not boxes["conv 1x1 4"].dashed
    dashed = [(e.source.title, e.target.title) for e in seen(net, "block").edges if e.dashed]
    assert dashed == [("conv 3x3 4", "head"), ("head", "side")]
    assert dot(net).count("dashed") == 3


def test_devices_are_frames() -> None:
    net = network("  input 3x8x8\n  [ on 0<conv 3x3 4> | on 1<conv 3x3 4> ]")
    frames = [item for item in seen(net, "block").items if isinstance(item, Frame)]
    assert [frame.title for frame in frames] == ["device 0", "device 1"]


def test_copies_in_a_frame_fold_with_their_edges() -> None:
    net = network("  input 8x16x16\n  unit<basic 8x4> > conv 1x1 3")
    (frame,) = (item for item in seen(net, "layer").items if isinstance(item, Frame))
    assert frame.repeat == 4
    assert shapes(net, "layer") == [
        ("input", "conv 3x3 8", ""),
        ("conv 3x3 8", "conv 3x3 8", ""),
        ("conv 3x3 8", "+", ""),
        ("input", "+", ""),
        ("+", "conv 1x1 3", ""),
        ("conv 1x1 3", "output", ""),
    ]


def test_long_networks_wrap_and_nested_skips_bend() -> None:
    assert len(columns(seen(shipped("resnet34"), "block"))) > 1
    assert "head1" in dot(shipped("resnet34"))
    text = dot(network(UNET))
    assert text.count("rank=same") == 3
    assert "dir=back" in text
    assert "head1" not in text


# ---- safety --------------------------------------------------------------------------------


def spoil_about(net: Network) -> None:
    net.about = HOSTILE


def spoil_name(net: Network) -> None:
    net.name = HOSTILE


def spoil_scopes(net: Network) -> None:
    for item in net.root.items:
        item.name = HOSTILE
    for scope in {node.scope: None for node in net.nodes}:
        scope.definition += HOSTILE
        scope.title, scope.path = HOSTILE, HOSTILE + scope.path


def spoil_nothing_but_quotes(net: Network) -> None:
    net.name, net.about = '"', "\\"


@pytest.mark.parametrize("spoil", [spoil_about, spoil_name, spoil_scopes, spoil_nothing_but_quotes])
@pytest.mark.parametrize("level", LEVELS)
def test_words_of_a_spec_stay_words(level: str, spoil: Callable[[Network], None]) -> None:
    lines = "  input 8x16x16\n  s: unit<basic/2 16x3> > head\n  side: aux<fc 3>"
    plain = draw(network(lines), Figure(level))
    net = network(lines)
    spoil(net)
    svg = draw(net, Figure(level))
    assert not re.search(rb"<script|<B>|\x00", svg)
    tree, before = ElementTree.fromstring(svg), ElementTree.fromstring(plain)
    assert drawn_nodes(tree) == drawn_nodes(before)
    assert {element.tag for element in tree.iter()} == {element.tag for element in before.iter()}


def test_hostile_text_is_shown_as_written() -> None:
    net = network("  input 8x16x16\n  conv 3x3 4")
    net.about = 'a\\N <b> &lt; "q"'
    tree = ElementTree.fromstring(draw(net))
    texts = "".join(element.text or "" for element in tree.iter(f"{SVG}text"))
    assert 'a\\N <b> &lt; "q"' in texts.replace("\xa0", " ")


def test_long_words_end_in_an_ellipsis() -> None:
    net = network("  input 8x16x16\n  conv 3x3 4")
    net.about = "x" * 5000
    assert len(dot(net)) < 5000
    assert "x…" in dot(net)


# ---- mistakes ------------------------------------------------------------------------------


def test_unknown_levels_and_formats_are_told() -> None:
    net = network("  input 8x16x16\n  conv 3x3 4")
    with pytest.raises(ArchError, match="no level 'atom'"):
        draw(net, Figure("atom"))
    with pytest.raises(ArchError, match="no format 'gif'"):
        draw(net, format="gif")


def test_without_any_graphviz_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = dot(network("  input 8x16x16\n  conv 3x3 4"))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ArchError, match="pip install pygraphviz"):
        render(text, "svg")
