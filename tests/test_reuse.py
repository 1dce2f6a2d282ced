"""Blocks that are copied because they come to the same as one before: as if they were walked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import pytest

from archdsl import pipeline
from archdsl.diagnostics import ArchError
from archdsl.expand import expand
from archdsl.expand.reuse import Reuse
from archdsl.expand.walk import Expander
from archdsl.graph import Network, Node, Scope
from archdsl.modules import DeclaredNetwork
from archdsl.symbols import Binding, Computed, Given, Sym

SHIPPED = """alexnet@two_gpus convnext_tiny densenet40_k12 efficientnet_b1 efficientnet_v2_s
googlenet googlenet@separable googlenet@torchvision inception_v3@tf inception_v4 mnasnet1_0
mobilenet_v1 mobilenet_v2 preact_resnet164 regnet_x_400mf@torchvision regnet_y_800mf resnet50
resnet50@torchvision resnet20 shufflenet_v1_g3 unet""".split()
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
TEXTS = {
    "parts": PARTS,
    "edited": SINGLED_OUT,
    "scheduled": SINGLED_OUT,
    "lets": LETS,
    "plain": VARIANTS,
    "once": VARIANTS,
    "twice": VARIANTS,
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
    assert differences(copied, expand(spec)) == []
    for setting, probe in zip(settings, changed, strict=True):
        assert differences(probe, expand(spec, setting)) == []
    assert source == pipeline.compile(spec)


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
    return [f"{a!s:.500} is not {b!s:.500}" for a, b in pairs if a != b][:3]


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
