"""The formatter: what it leaves alone, what it changes, and what it must never lose."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdsl.diagnostics import ArchError
from archdsl.format import format
from archdsl.layout import comments
from archdsl.parser import parse
from archdsl.source import Source, Span

RESNET = """\
# specs/resnet.arch - Deep Residual Learning for Image Recognition (He et al., CVPR 2016), table 1

let basic(c, stride=1)
  conv1: conv 3x3/stride c nobias
  bn1:   bn
  relu
  conv2: conv 3x3 c nobias
  bn2:   bn

let bottleneck(c, stride=1)
  conv1: conv 1x1 c nobias
  bn1:   bn
  relu
  conv2: conv 3x3/stride c nobias
  bn2:   bn
  relu
  conv3: conv 1x1 (4*c) nobias
  bn3:   bn

block residual<unit> = [ unit + (identity or downsample: (conv 1x1/_ _ nobias > bn)) ] > relu

network resnet34(classes=1000) "He et al., 2016"
  input 3x224x224
  conv1: conv 7x7/2 64 nobias
  bn1:   bn
  relu
  maxpool 3x3/2 same
  layer1: residual<basic   64x3>
  layer2: residual<basic/2 128x4>
  layer3: residual<basic/2 256x6>
  layer4: residual<basic/2 512x3>
  avgpool global > flatten
  fc: fc classes
"""

INCEPTION = """\
block inception(a, b0>b, c0>c, pool>p) =
  [ conv 1x1 a  > relu
  | conv 1x1 b0 > relu > conv 3x3 b > relu
  | conv 1x1 c0 > relu > conv 5x5 c > relu
  | pool 3x3/1 same > conv 1x1 p > relu ]
"""

VARIANTS = """\
network resnet34_narrow from resnet34(classes=10)
  input 3x32x32
  conv1: conv 3x3 64 nobias  # replaces the item with that label; dotted paths reach inside
  drop maxpool

network seresnet34 from resnet34
  rebind residual<unit> = [ unit > se 16 + (identity or downsample: (conv 1x1/_ _ nobias > bn)) ] > relu
"""  # noqa: E501

# Everything else that the language has, in places where a space or a line end could matter.
REST = """\
use googlenet: inception, aux
use "other.arch": unit

let act  = relu
let gate = sigmoid

# Introduces the next.
block head<a, b>(c, k=3, act=relu) = f<a>(c, k) x2 > f<b> > (act > dropout 0.5) x(k)

network googlenet@torchvision(classes=1K, eps=1e-3) "a > b # c"
  input 3x224x224  # the first
  meta: input 16   # the second

  # About the stem.
  block1-#0: layer<conv 3x3 64 x(n), relu> x3
  features:  (
    conv1: conv 3x3 64 pad=1 act=silu
    b:     bn eps=1e-3
    [ a > b
    | (identity or none)
      > relu
    ]
      > relu
  )
  mixed: [
    inception(64, 96>128, round_to(c*2, 8)>(4 + 1),
      pool>32)
  + @block1-0.relu > upsample to=@enc-3 -1
  ]
  (conv 1x1 e > bn) if (e != in.c and e > 2 or not (a<b)) else identity
  aux<head<relu, [ a * b ]>>(weight=0.3)
  out: [ (conv 1x1 (2*4)) + on 0<conv 3x3/s 64> + mbconv/2(3x3, 24, 6) x2 ]
  init conv, fc: normal std=0.01 bias=0
  # The end.
"""

MESSY = """\


  # about a\r
let a( c , stride = 1 )=
conv 3x3 / stride c   # same
>relu>[bn>relu+conv 1x1
+ none>bn]



# about b
let b=relu
let d   =gelu \t
use x :y ,z
\tnetwork n \t from m( classes=10 )"said"
labelled  :conv 3x3( 4*c )nobias#here
b:bn# and here

   # of the body
# of the next
block g <u>( b0 > b )
(u>bn
relu)if(b   >  1)else(relu or bn)
"""

SPECS = {"resnet": RESNET, "inception": INCEPTION, "variants": VARIANTS}

TIDY = """\
# about a
let a(c, stride=1) =
  conv 3x3/stride c  # same
  > relu > [ bn > relu + conv 1x1
           + none > bn ]

# about b
let b = relu
let d = gelu

use x: y, z

network n from m(classes=10) "said"
  labelled: conv 3x3(4*c) nobias  #here
  b:        bn                    # and here

  # of the body

# of the next
block g<u>(b0>b)
  (u > bn
    relu) if (b > 1) else (relu or bn)
"""

ASSERTS = """\
network n(top=5M) "held to something"
  input 3x64x64
  assert params < top, macs <= 600M, stride > (2 * 2), fits 3x192x192
  assert weight_layers != 3, receptive_field >= max(3, in.w), elements == 1  # of a map
  assert: f<conv 3x3 64> > relu
"""

# Where a line may end without ending the statement, and where blanks may be added.
BREAKS = re.compile(r"(?<=[(\[,])|(?<=<)(?![ =])|(?= [|+*\])] )|(?=[)\]])|(?= > )")
WIDE = [" ", "  ", "\t", "    "]
BLANKS = re.compile(r"(?<=[,|+*(\[])|(?=[)\],|])| +")


def formatted(text: str) -> str:
    return format(Source("spec", text))


def shape(node: object) -> object:
    """A tree without its places."""
    if isinstance(node, tuple):
        return tuple(map(shape, node))
    if is_dataclass(node) and not isinstance(node, (Span, Source)):
        return type(node), *(shape(getattr(node, field.name)) for field in fields(node))
    return None if isinstance(node, (Span, Source)) else node


def said(text: str) -> list[str]:
    return [span.text.rstrip() for span in comments(Source("spec", text))]


def check(text: str) -> None:
    """What must hold for whatever parses."""
    result = formatted(text)
    assert shape(parse(Source("spec", result))) == shape(parse(Source("spec", text)))
    assert said(result) == said(text)
    assert formatted(result) == result
    assert "\n\n\n" not in result
    assert "\t" not in re.sub(r'#.*|"[^"\n]*"', "", result)


@pytest.mark.parametrize("text", [RESNET, INCEPTION, VARIANTS, REST, TIDY, ASSERTS, "", "# only\n"])
def test_leaves_a_tidy_spec_alone(text: str) -> None:
    assert formatted(text) == text


def test_tidies() -> None:
    assert formatted(MESSY) == TIDY
    check(MESSY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let a\r\n\r\n\r\n\r\nrelu", "let a\n\n  relu\n"),
        ("let a = relu\nblock b = relu", "let a = relu\n\nblock b = relu\n"),
        ("network a from b\nnetwork c from b", "network a from b\nnetwork c from b\n"),
        ("let a = relu\n# c\nlet b = relu", "let a = relu\n# c\nlet b = relu\n"),
        ("let a = relu\nlet b\nrelu", "let a = relu\n\nlet b\n  relu\n"),
        ("let a\nf(96>b,  k = 2) (b)\n x(3)", "let a\n  f(96>b, k=2) (b)\n  x(3)\n"),
        ("let a\nf<b  , c >(4)>d", "let a\n  f<b, c>(4) > d\n"),
        ("let a\nrelu if(c  >0)else none", "let a\n  relu if (c >0) else none\n"),
        (
            "let a\nrelu\n # in\n\n# out\nlet b = relu",
            "let a\n  relu\n  # in\n\n# out\nlet b = relu\n",
        ),
        ("let a\n[bn\n>relu\n|bn]\n>bn", "let a\n  [ bn\n    > relu\n  | bn ]\n    > bn\n"),
        (
            "network a\nassert params<5M ,macs  >=(3 ),\nfits 3x8x8 ,\nc < d\nf<g >h>",
            "network a\n  assert params<5M, macs >=(3),\n    fits 3x8x8,\n    c < d\n  f<g > h>\n",
        ),
        ("network a\nassert :f<b >\nassert a > b", "network a\n  assert: f<b>\n  assert a > b\n"),
        ("let a\nf  2\nlong 2", "let a\n  f 2\n  long 2\n"),
        ("let a\nf    2\nlong 2", "let a\n  f    2\n  long 2\n"),
        (
            "let a\n[relu\n|[relu\n>bn\n+bn\n]\n]",
            "let a\n  [ relu\n  | [ relu\n      > bn\n    + bn\n    ]\n  ]\n",
        ),
        (
            VARIANTS.replace("  # rep", "        # rep").replace("maxpool\n\n", "maxpool\n"),
            VARIANTS,
        ),
    ],
)
def test_rules(text: str, expected: str) -> None:
    assert formatted(text) == expected
    check(text)


@pytest.mark.parametrize(
    "text", ["let a\n  (relu", "let\n", "relu", "let a\n  conv é\x01", "\ufeff"]
)
def test_refuses_what_does_not_parse(text: str) -> None:
    with pytest.raises(ArchError):
        formatted(text)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([RESNET, INCEPTION, VARIANTS, REST, ASSERTS]), st.randoms(use_true_random=False)
)
def test_keeps_meaning_and_comments_however_a_spec_is_spaced(text: str, random: object) -> None:
    choice = random.choice  # type: ignore[attr-defined]
    lines = []
    for line in text.split("\n"):
        code, mark, comment = line.partition("  #" if '"' not in line else "\0")
        if '"' not in code and not code.startswith("#"):
            code = BREAKS.sub(lambda _: choice(["", "", "", "\n", " # broken\n\n", "\n#\n"]), code)
            code = BLANKS.sub(lambda m: choice(WIDE if m.group() else ["", " "]), code)
        lines.append(code + mark + comment + choice(["", "", "  ", "\n", "\n\n\n", "\n  # new"]))
    messy = choice(["\n", "\r\n"]).join(lines)
    assert shape(parse(Source("spec", messy))) == shape(parse(Source("spec", text)))
    check(messy)


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from([RESNET, INCEPTION, VARIANTS, REST, MESSY, ASSERTS]),
    st.lists(
        st.tuples(
            st.integers(0, 2000),
            st.integers(0, 4),
            st.sampled_from([*'()[]<>|+*=/-,:#x_ \n\t\f\r"@.3a²\x0b', "", "or", " if (", "let "]),
        ),
        max_size=3,
    ),
)
def test_mutated_text_is_formatted_or_refused(text: str, edits: list[tuple[int, int, str]]) -> None:
    for place, length, new in edits:
        place %= len(text)
        text = text[:place] + new + text[place + length :]
    try:
        parse(Source("spec", text))
    except ArchError:
        with pytest.raises(ArchError):
            formatted(text)
    else:
        check(text)
