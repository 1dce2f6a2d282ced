"""Blocks that are taken over from one before, with its numbers or others: as if walked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest
from reprlib import repr  # expressions within expressions have no end
from typing import Any

import pytest
import random_blocks

from archdsl import pipeline
from archdsl.diagnostics import ArchError, Diagnostic
from archdsl.expand import expand
from archdsl.expand.moulds import Moulds
from archdsl.expand.recast import recast
from archdsl.expand.reuse import Reuse
from archdsl.expand.walk import Expander
from archdsl.graph import Network, Node, Scope
from archdsl.modules import DeclaredNetwork
from archdsl.probes import changed
from archdsl.symbols import Binding, Computed, Given, Sym

SHIPPED = """alexnet@two_gpus convnext_tiny densenet121 densenet40_k12 efficientnet_b1
efficientnet_v2_s googlenet googlenet@separable googlenet@torchvision inception_resnet_v2
inception_v3@tf inception_v4 mnasnet1_0 mobilenet_v1 mobilenet_v2 preact_resnet164
regnet_x_400mf@torchvision regnet_y_800mf resnet50 resnet50@torchvision resnet20 shufflenet_v1_g3
unet""".split()
# Copies that pass decisions on, count copies of their own, read `in.c`, or meet parameters.
PARTS = """
block inner(c) = [ conv 3x3 c + (identity or conv 1x1/_ _) ] > relu
block outer(c, n=2) = inner c x(n) > [ inner c + (none or identity) ]
let twice<unit> = unit > unit
block nothing = identity
network parts(width=8, depth=2)
  input 8x16x16
  stem: conv 3x3 width
  first: outer width x3
  second: outer(2*width, depth) x3 > nothing x2
  third: twice<outer(in.c)>
  on 1<outer 8 x2>
  [ @stem > outer 8 | outer 8 x2 ]
  lower: [ outer 16 x2 + conv 1x1 16 ]
"""
# The second use of a block differs: in what its label names, or by a line about it.
SINGLED_OUT = """
block unit(p=0.5) = conv: conv 3x3 8 > relu > dropout p
network base
  input 8x16x16
  body: (unit x4)
network edited from base
  after body.1.conv: bn
network scheduled from base
  schedule dropout: 0.1 * i
"""
# Blocks in the text of a `let`, which is spliced in more than once, under one call or several.
LETS = """
block unit(c, stride=1) = conv: conv 3x3/stride c > relu
block gate(on) = relu if (on) else identity
block wide(k) = conv k 8
let stage(c, n=2, stride=1) = unit/stride c > unit c x(n)
let twice(c, first=unit) = stage(c) > stage(c) > first c > stage(2*c) > stage(in.c, 3)
let same = (unit(in.c) x3) > relu > unit(in.c) x2
let around<part>(c) = part > part > unit c > part
let sized(k) = wide k x2
network lets(width=8, classes=10)
  input 8x16x16
  first: stage(width)
  stage(width) > stage(width, 2, 2)
  twice(width) > twice(width, first=stage)
  around<unit width>(width) > around<stage(width, classes)>(16)
  in_group: (same > same)
  on 1<stage(width) x2>
  unit(in.c) x2 > gate true x2 > sized 3x3 > sized 3x3 x2
  conv 1x1 classes
"""
# Uses of blocks, alike but for lines about one of them: in a base, in its variant, and behind what
# a line has put in front.
VARIANTS = """
block unit(c) = conv: conv 3x3 c > relu > dropout
block pair(c) = unit c > unit c
network plain(width=8, classes=10)
  input 8x16x16
  stem: conv 3x3 width
  body: (pair width x4)
  tail: (pair 16 x3)
  unit 16 x2
  avgpool global > flatten > fc classes
network once from plain
  drop body.1.unit.dropout
  after body.2: pair width x2
  tail.2: pair 16 x2
network twice from once
  rebind unit(c) = conv: conv 3x3 c > bn > relu > dropout
  body.3.unit_2.conv: conv 5x5 width
  before tail.1.unit.relu: maxpool 3x3/1 same
  tail.0.unit.dropout: dropout 0.1
"""
# Blocks that come again with other numbers, told by all that an argument can say, and with
# everything in them that a number has no say in, or may have.
NUMBERS = """
block unit(c, k=3x3, stride=1, p=0.5) = conv: conv k/stride c pad=1 > bn > relu > dropout p
block told(c, r=c*2, on=(c > 16)) = [ unit c > unit(r) > conv 1x1 c nobias=on > bn eps=(r / 1000)
  | unit(max(c, 12)) | conv 1x1 (round_to(r/3, 4)) > conv 1x1 (in.c) ]
block sized(k, n) = conv k (n + 3) pad=(k // 2) > maxpool k/(n // 4) > unit(c=n, stride=k // 2)
let carried(size, c) = wide size c
block wide(k, c, stride=2) = conv k/stride c pad=1
block strided(s, c) = carried(3x3/s, c) > relu
block plain(s, c) = lone 5x5/s > conv 1x1 c
let lone(size) = conv size 8 pad=2
block mapped(c) = conv 1x1 c > conv (1 + in.h // 8) c > avgpool out=8x8
block mixed(c) = [ identity | unit c ] > conv 1x1 (in.c + c) > (conv 1x1 c > relu)
block decides(c) = (relu if (c > 10) else tanh) > conv 1x1 c
block joins(c) = conv: conv 3x3 c > [ unit c + (identity or conv 1x1 _) ]
block fits(c) = unit c > conv 1x1 _
block counts(c, n) = (unit c x(n)) > unit c x2
block labelled(c) = conv 1x1 c > [ @stem | unit c ]
block own(c) = first: conv 1x1 c > unit c > [ @first + conv 1x1 c ]
block around<part, tail>(c) = part > unit c > tail
block nested<part>(c) = around<part, relu>(c)
block chosen(op, c) = op > unit c
block turned(c) = permute last > ln > fc (2*c) > permute first
let through(c, d) = around<unit c, (unit d > conv 1x1 (in.c))>(c) > around<told d, relu>(d)
network numbers(width=8, depth=2, rate=0.25)
  input 3x16x16
  stem: conv 3x3 width
  unit width > unit 12 > unit(width + 4, 5x5) > unit(20, 3x3, p=rate) > unit(24, 3x3, 2)
  told 8 > told 12 > told(16, 5) > told 20 > told(24, 48, true)
  avgpool out=16x16
  sized(3, 8) > sized(4, 9) > sized(2, 8) > avgpool out=16x16
  strided(1, 4) > strided(2, 8) > strided(1, 12) > plain(1, 4) > plain(2, 8) > avgpool out=16x16
  mapped 4 > mapped 6 > mixed 4 > mixed width > mixed 6
  decides 4 > decides 16 > decides 20 > counts(8, 1) > counts(9, depth) > counts(10, 2)
  joins 4 > joins 8 > joins 8 > joins 6
  [ fits 4 + conv 1x1 5 ] > [ fits 6 + conv 1x1 7 ]
  conv 3x3 16 > avgpool out=16x16
  labelled 4 > labelled 6 > own 4 > own 6
  around<unit 4, relu>(5) > around<unit 5, relu>(6) > around<unit 6, tanh>(7)
  nested<unit 4>(5) > nested<unit width>(6) > chosen(relu, 4) > chosen(tanh, 5) > chosen(relu, 6)
  through(4, 5) > through(6, 7) > through(width, 2*width) > turned 4 > turned 6
  (unit 4 x2) > around<unit 8 x3, relu>(9) > around<unit 9 x2, relu>(9)
  on 1<unit 31> > on 0<told 14> > aux<told 18 > told 22>
  avgpool global > flatten
  chosen(identity, 8) if (width > 100)
  fc 10
network numbers@wide from numbers(width=12)
  unit_2.conv: conv 3x3 17
  after told_3.unit: relu6
  rebind turned(c) = permute last > fc c > permute first
"""
TEXTS = {
    "parts": PARTS,
    "edited": SINGLED_OUT,
    "scheduled": SINGLED_OUT,
    "lets": LETS,
    "plain": VARIANTS,
    "once": VARIANTS,
    "twice": VARIANTS,
    "numbers": NUMBERS,
    "numbers@wide": NUMBERS,
}


def declared(name: str) -> DeclaredNetwork:
    return pipeline.declared_in(TEXTS[name], name) if name in TEXTS else pipeline.declared(name)


def doubled(network: Network) -> dict[str, int]:
    """A setting that many blocks depend on, where there is one, but not all."""
    found = {binding.name: binding.value for binding in network.params}
    return {name: 2 * found[name] for name in ("classes", "width", "c") if name in found}


def told(network: Network) -> list[object]:
    """All that there is to say of a network, numbers and expressions included."""
    scopes = [fact for scope in within(network.root) for fact in of_scope(scope)]
    return [*scopes, *map(of_node, network.nodes), *map(expression, network.counts)]


def within(scope: Scope) -> Iterator[Scope]:
    yield scope
    for item in scope.items:
        if isinstance(item, Scope):
            yield from within(item)


def of_scope(scope: Scope) -> Iterator[object]:
    yield scope.kind, scope.name, scope.path, scope.definition, scope.title, scope.span
    yield scope.parent and scope.parent.path, [item.name for item in scope.items]
    yield scope.entry, scope.exit, scope.goal, scope.chosen, scope.joint, scope.passes
    yield [by and by.span for by in scope.dropped], len(scope.ends)
    yield [*map(binding, scope.params)], scope.condition and expression(scope.condition)


def of_node(node: Node) -> object:
    made = node.applied.op, node.applied.inputs, node.shape, node.device, node.training_only
    place = node.index, node.path, node.scope.path, node.inputs, node.span, node.use
    return made, place, {name: expression(symbol) for name, symbol in node.symbols.items()}


def binding(found: Binding) -> object:
    home = found.home and (found.home.kind, found.home.path)
    return found.name, found.value, home, found.default, expression(found.symbol)


def expression(symbol: Sym) -> object:
    match symbol:
        case Given(of):
            return "given", binding(of)
        case Computed(sign, operands):
            return sign, *map(expression, operands)
    return symbol


@pytest.mark.parametrize("name", [*SHIPPED, *TEXTS])
def test_copies_are_as_walked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = declared(name)
    copied = expand(spec)
    settings = [{key: value} for key, value in doubled(copied).items()]
    changed = [expand(spec, setting, copied.uses) for setting in settings]
    source = pipeline.compile(spec)
    monkeypatch.setattr(Reuse, "earlier", lambda *_: None)
    monkeypatch.setattr(Moulds, "cast", lambda *_: False)
    assert differences(copied, expand(spec)) == []
    for setting, probe in zip(settings, changed, strict=True):
        assert differences(probe, expand(spec, setting)) == []
    assert source == pipeline.compile(spec)


@pytest.mark.parametrize("name", [*SHIPPED, *TEXTS])
def test_another_number_is_as_walked(name: str) -> None:
    spec = declared(name)
    network = expand(spec)
    for parameter in network.params:
        value = changed(parameter.value)
        if value is not None and (cast := recast(network, parameter, value)) is not None:
            found = differences(cast, expand(spec, {parameter.name: value}))
            assert found == []


@pytest.mark.parametrize("name", ["googlenet", "resnet50", "efficientnet_b1", "densenet121"])
def test_another_number_of_classes_is_cast(name: str) -> None:
    network = pipeline.network(name)
    cast = recast(network, network.params[0], 7) or network
    assert cast.nodes[-1].shape == (7,)
    assert network.nodes[-1].shape == (1000,)
    assert sum(one is other for one, other in zip(network.nodes, cast.nodes, strict=True)) > 100


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("conv 3x3 c > relu if (c > 9)", 16),
        ("conv 3x3 4 x(c // 8)", 16),
        ("conv 3x3/(c // 8) 8", 16),
        ("[ conv 3x3 c + (identity or conv 1x1 _) ]", 16),
        ("carried(3x3/(c // 8))", 16),
        ("conv (1 + in.h // c) 4", 4),
        ("conv 3x3 8 groups=(c // 4)", 24),
        ("conv 1x1 (16 - c)", 16),
    ],
)
def test_more_than_numbers_is_not_cast(line: str, value: int) -> None:
    text = f"""
block wide(k, stride=2) = conv k/stride 8
let carried(k) = wide k
network net(c=8)
  input 8x16x16
  {line}
"""
    network = expand(pipeline.declared_in(text))
    refused = recast(network, network.params[0], value) is None
    assert refused


@pytest.mark.parametrize("seeds", [range(50 * i, 50 * i + 50) for i in range(3)])
def test_random_blocks_are_as_walked(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes of each text, mistakes included: taken over, with other numbers, and walked."""

    def became(spec: DeclaredNetwork, settings: Mapping[str, object]) -> list[object]:
        try:
            return told(expand(spec, settings))
        except ArchError as refused:
            return [*refused.diagnostics]

    walked = others = 0
    casts = counted(monkeypatch)
    for seed in seeds:
        spec = pipeline.declared_in(random_blocks.Writer(seed).text())
        found = became(spec, {})
        with monkeypatch.context() as patched:
            patched.setattr(Reuse, "earlier", lambda *_: None)
            patched.setattr(Moulds, "cast", lambda *_: False)
            same = found == became(spec, {})
            assert same, seed
            if isinstance(found[0], Diagnostic):
                continue
            walked += 1
            network = expand(spec)
            for parameter in network.params:
                other = recast(network, parameter, changed(parameter.value))
                if other is not None:
                    others += 1
                    same = told(other) == became(spec, {parameter.name: changed(parameter.value)})
                    assert same, (seed, parameter.name)
    assert walked > len(seeds) / 2
    assert min(sum(casts), others) > walked


def counted(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each block from now on, whether it is cast."""
    found: list[bool] = []
    cast = Moulds.cast

    def told(self: Moulds, *arguments: Any) -> bool:
        found.append(cast(self, *arguments))
        return found[-1]

    monkeypatch.setattr(Moulds, "cast", told)
    return found


@pytest.mark.parametrize(
    "use",
    """unit(0) unit(-1) unit(8.5) unit(9,g=2) unit(1e6*1e6*2) unit(1e12) pair(9,4) pair(12,2)
    pair(8,0) pair(12,8) added(9) rounded(8,0) rounded(1e9,1e12) halved(4)""".split(),
)
def test_a_mistake_in_a_later_use_is_as_walked(use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"""
block unit(c, k=3x3, g=1) = conv: conv k c groups=g > relu
block pair(c, d) = unit(c, g=d - 2) > unit(c, g=d) > [ unit c | conv 1x1 (8 / d) ]
block added(c) = [ unit c + unit 8 ]
block rounded(c, m) = conv 1x1 (round_to(c, m))
block halved(c) = maxpool (c // 4) > maxpool 2x2/(c / 8)
network net
  input 8x16x16
  unit 8 > unit 12 > pair(4, 4) > pair(8, 4) > added 8 > rounded(8, 8) > halved 8 > halved 16
  {use}
"""

    def told() -> tuple[object, ...]:
        with pytest.raises(ArchError) as refused:
            expand(pipeline.declared_in(text))
        return refused.value.diagnostics

    cast = told()
    monkeypatch.setattr(Moulds, "cast", lambda *_: False)
    assert cast == told()


def test_one_is_not_true() -> None:
    text = """
block biased(on) = conv 3x3 8 bias=on
let given(on) = biased on
let both = given(true) > given(1)
network net
  input 8x8x8
  both
"""
    with pytest.raises(ArchError, match="is a condition, and this is the number 1"):
        expand(pipeline.declared_in(text))


def differences(one: Network, other: Network) -> list[str]:
    """The first facts that differ, in short."""
    pairs = zip_longest(told(one), told(other))
    found = (f"{repr(a)} is not {repr(b)}" for a, b in pairs if a != b)
    return [*islice(found, 3)]


def steps(text: str, monkeypatch: pytest.MonkeyPatch, name: str | None = None) -> int:
    """How many units are walked."""
    count = 0
    walk = Expander.unit

    def counted(self: Expander, *arguments: object) -> object:
        nonlocal count
        count += 1
        return walk(self, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Expander, "unit", counted)
        pipeline.expanded(pipeline.declared_in(text, name))
    return count


def test_a_longer_stack_is_not_walked_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "block unit = conv 3x3 8 > relu > conv 3x3 8\nnetwork net\n  input 8x8x8\n  unit x({})\n"
    short, long = (steps(text.format(count), monkeypatch) for count in (5, 25))
    assert long - short == 20  # the calls themselves


def test_a_line_about_one_use_leaves_the_others_to_be_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = """
block unit(p=0.5) = conv: conv 3x3 8 > relu > dropout p
network base
  input 8x16x16
  body: (unit x9)
"""
    plain = steps(text, monkeypatch, "base")
    edited = f"{text}network edited from base\n  after body.4.conv: bn\n"
    scheduled = f"{text}  schedule dropout: 0.1 * i\n"
    assert steps(edited, monkeypatch, "edited") == plain + 4  # the fifth use with its norm
    assert steps(scheduled, monkeypatch, "base") == plain


def test_a_misspelt_path_is_mended_by_one_within_a_copy() -> None:
    text = f"{SINGLED_OUT}network wrong from base\n  drop bady.3.dropout\n"
    with pytest.raises(ArchError, match=r"did you mean 'body\.3\.dropout'"):
        expand(pipeline.declared_in(text, "wrong"))
