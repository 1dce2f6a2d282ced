"""Whatever a spec says, it is compiled or refused: never a traceback, never a hang."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdsl.diagnostics import ArchError
from archdsl.expand import expand
from archdsl.library import shipped
from archdsl.modules import DeclaredNetwork, Loader
from archdsl.source import Source

PIECES = re.compile(r"\s+|#[^\n]*|\"[^\"\n]*\"|[\w.@-]+|.")
SPECS = {path.stem: path.read_text("utf-8") for path in shipped("specs").glob("*.arch")}
LANGUAGE = """
block wrap<a, b>(c, stride=1, act=relu, k>l)
  [ a | b | [ conv k c + (identity or none or conv 1x1/_ _) ] ] > maxpool l/stride > act
let unit(c) = (conv 3x3/(c - 3) c groups=2) x(c // 2) if (c > 2 and not (c == 5)) else tail: bn
network all(n=4, k=3x3) "about"
  input 4x16x16
  meta: input 8
  step#0: wrap<conv k 8x2, unit n>(n, 2, silu, 1>2)
  [ @step0 * avgpool global > conv 1x1 16 ]
  aux<avgpool global > flatten > fc 3>(weight=0.3) > output low
  on 1<upsample 2> > (flatten > fc (round_to(in.c*1.5, 8)))
  [ identity | @meta > fc 4 if (true) else identity ]
  init conv, fc: kaiming_normal fan_out bias=0
network more from all(k=1x1)
  before step0: relu > bn
  drop fc
  rebind unit(c) = conv 1x1 c
"""
STRANGE = r"""
0 -1 1e999 0.5 3x3 64x3 x3 x(2) x(1000) 1G 0x0 7x7/2 _ none identity in.c in.h
@conv1 @ true _ or if else and not init drop after before rebind let block network
use from on aux output input ( ) [ ] < > | + * / // % , = == <= - : # a#: b: "text"
" \ { } ' ; min( max é ²
""".split()
STRANGE += ["\n", "\t", "\0", ""]


@cache
def pieces(name: str) -> tuple[str, ...]:
    """A spec cut into words."""
    text = LANGUAGE if name == "all" else SPECS[name]
    return tuple(PIECES.findall(text))


@cache
def loader() -> Loader:
    """Reads the library once for all cases."""
    return Loader()


Edit = tuple[str, int, int, str]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["delete", "insert", "replace", "swap", "double"]),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
        st.sampled_from(STRANGE),
    ),
    min_size=1,
    max_size=4,
)


def mutated(words: list[str], edits: list[Edit]) -> str:
    """A text with words left out, put in, exchanged or doubled."""
    for kind, at, other, strange in edits:
        i, j = at % max(1, len(words)), other % max(1, len(words))
        if kind == "delete":
            del words[i : i + 1 + other % 3]
        elif kind == "insert":
            words.insert(i, f" {strange} ")
        elif kind == "replace" and words:
            words[i] = strange
        elif kind == "swap" and words:
            words[i], words[j] = words[j], words[i]
        else:
            words[i:i] = words[i : i + other % 12]
    return "".join(words)


def survives(text: str) -> None:
    """Compiles a text as far as it goes; each mistake in it can be told."""
    start = monotonic()
    with suppress(ArchError):
        for declared in loader().module(Source("mutated.arch", text)).own_networks[:3]:
            assert compiled(declared)
    assert monotonic() - start < 30


def compiled(declared: DeclaredNetwork) -> bool:
    """Whether a network comes out, or mistakes that can be told."""
    try:
        return bool(expand(declared).nodes)
    except ArchError as error:
        return bool(str(error))


@pytest.mark.parametrize("name", [*SPECS, "all"])
def test_the_unchanged_specs_compile(name: str) -> None:
    module = loader().module(Source("whole.arch", "".join(pieces(name))))
    assert all(expand(declared).nodes for declared in module.own_networks)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([*SPECS, "all"]), EDITS)
def test_mutated_specs(name: str, edits: list[Edit]) -> None:
    survives(mutated([*pieces(name)], edits))


@pytest.mark.slow
@settings(deadline=None, max_examples=4000)
@given(st.sampled_from([*SPECS, "all"]), EDITS)
def test_many_mutated_specs(name: str, edits: list[Edit]) -> None:
    survives(mutated([*pieces(name)], edits))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from([*pieces("all"), *STRANGE]), max_size=60))
def test_words_in_any_order(words: list[str]) -> None:
    survives(" ".join(words))


DEEP = [
    "(" * 59 + "relu" + ")" * 59,
    "a: (" * 59 + "relu" + ")" * 59,
    "[ relu + " * 59 + "relu" + " ]" * 59,
    "[ relu + (identity or " * 29 + "relu" + ") ]" * 29,
    "f<" * 59 + "relu" + ">" * 59,
    "a if (1 < 2) else " * 3000 + "relu",
    "conv 1x1 (" + "-" * 5000 + "1)",
    "conv 1x1 (" + "min(1, " * 50 + "1" + ")" * 50,
    "relu > " * 20_000 + "relu",
    "[ " + "relu | " * 5000 + "relu ]",
    "conv 1x1 1000000000000 groups=7",
    "conv 1000000000000x1 1 pad=1000000000000",
    "upsample 1000000000000 x1000",
    "pixelshuffle 1000000 > fc 1",
    "conv 3x3 64x1000000000000",
    "relu x1000000000000",
    "(relu x100000) x100000",
    "(identity x100000) x100000",
    "f<f<f<f<identity x100> x100> x100> x100>",
    "conv 1x1 " + "9" * 100_000,
    "dropout 0." + "0" * 100_000 + "1",
    'conv 1x1 2 connect="' + "0,1,2 " * 50_000 + '"',
    "x" * 500_000,
    "_" * 1000,
    "@" + "a" * 1000,
]


@pytest.mark.slow
@pytest.mark.parametrize("body", DEEP, ids=lambda body: body[:24].strip())
def test_what_is_deep_or_large_ends(body: str) -> None:
    survives(f"let f<u> = u > u\nnetwork n\n  input 3x8x8\n  {body}\n")


@pytest.mark.slow
def test_doubling_lets_end() -> None:
    lets = "".join(f"let l{i + 1} = l{i} > l{i}\n" for i in range(60))
    for first in ("relu", "identity", "[ identity + (conv 3x3 9 or identity) ]"):
        survives(f"let l0 = {first}\n{lets}network n\n  input 3x8x8\n  l60\n")


def test_a_file_that_is_too_large() -> None:
    with pytest.raises(ArchError, match="larger than"):
        loader().module(Source("large.arch", "# " + "x" * 1_000_001))
