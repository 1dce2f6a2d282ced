"""Random texts that few would write: specs mutated, spliced and stirred, words and bytes.

Most of what is mutated is small, the case files of the language and of its mistakes, so that a
case is cheap and an edit meets something.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from random_specs import specs

from archdsl.library import shipped

TESTS = Path(__file__).parent
WORDS = re.compile(r"\s+|#[^\n]*|\"[^\"\n]*\"|[\w.@-]+|.")
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
STRANGE_WORDS = r"""
0 -1 1e999 0.5 3x3 64x3 x3 x(2) x(1000) 1G 0x0 7x7/2 _ none identity in.c in.h
@conv1 @ true _ or if else and not init drop after before rebind let block network
use from on aux output input ( ) [ ] < > | + * / // % , = == <= - : # a#: b: "text"
" \ { } ' ; min( max é ² kaiming_normal std=1 bias=0 connect="0,1 1" groups=3 stride=2
pad=1x0 flatten global same valid same_tf nobias weight=0.3 round_to( __class__ 9999999999999
""".split()
STRANGE_WORDS += ["\n", "\t", "\0", ""]
STRANGE_CHARACTERS = [
    *"()[]<>|+*=/-,:#x_ \n\t\f\r\"@.'\\{}%3a~$;!&^`?0",
    *"é²٣中\x00\x02\x1b\x0b\x7f\x85\xa0\u0301\u200b\u2028\u202e\u2066\ufeff\ud800\U0001f600",
]


@dataclass(frozen=True)
class Original:
    """A text to mutate, and the folder from which its `use` lines start."""

    text: str
    folder: Path

    @property
    def words(self) -> list[str]:
        """The text cut into words, blanks included."""
        return list(words_of(self.text))


@cache
def words_of(text: str) -> tuple[str, ...]:
    """A text cut into words."""
    return tuple(WORDS.findall(text))


# Each takes a second or two, most of them for many networks or long ones.
LARGE = set("limit_nodes limit_steps limit_expression".split())
LARGE |= set("densenet efficientnet regnet resnet_cifar resnext senet shufflenet_v1".split())


def originals(folder: Path) -> list[Original]:
    """The specs of a folder, the small ones first."""
    paths = [path for path in folder.glob("*.arch") if path.stem not in LARGE]
    texts = sorted(path.read_text("utf-8") for path in paths)
    return [Original(text, folder) for text in sorted(texts, key=len)]


SHIPPED = originals(shipped("specs"))
EXAMPLES = originals(TESTS.parent / "examples")
MISTAKES = originals(TESTS / "errors")
ACCEPTED = [Original(LANGUAGE, TESTS), *originals(TESTS / "language")]
SMALL = [*MISTAKES, *ACCEPTED, *EXAMPLES]

PLACES = st.integers(0, 1 << 16)


def edits(strange: list[str], most: int) -> st.SearchStrategy[list[tuple[str, int, int, str]]]:
    """What to do to a text: how, where, up to where, and with what."""
    kinds = st.sampled_from(["delete", "insert", "replace", "swap", "double"])
    edit = st.tuples(kinds, PLACES, PLACES, st.sampled_from(strange))
    return st.lists(edit, min_size=1, max_size=most)


def edited(parts: list[str], changes: list[tuple[str, int, int, str]], joint: str) -> str:
    """Parts left out, put in, exchanged or doubled; `joint` keeps new ones apart."""
    for kind, at, other, strange in changes:
        i, j = at % max(1, len(parts)), other % max(1, len(parts))
        if kind == "delete":
            del parts[i : i + 1 + other % 3]
        elif kind == "insert" or not parts:
            parts.insert(i, f"{joint}{strange}{joint}")
        elif kind == "replace":
            parts[i] = strange
        elif kind == "swap":
            parts[i], parts[j] = parts[j], parts[i]
        else:
            parts[i:i] = parts[i : i + other % 12]
    return "".join(parts)


def mutated_words(some: list[Original], most: int = 4) -> st.SearchStrategy[Original]:
    """Specs with words changed."""
    return st.builds(
        lambda one, changes: Original(edited(one.words, changes, " "), one.folder),
        st.sampled_from(some),
        edits(STRANGE_WORDS, most),
    )


def exchanged(some: list[Original]) -> st.SearchStrategy[Original]:
    """Specs with words put in the place of others of their sort, which mostly parse still."""

    def exchange(one: Original, changes: list[tuple[int, int]]) -> Original:
        parts = one.words
        for at, other in changes:
            i = at % len(parts)
            alike = plenty()[sort_of(parts[i])]
            parts[i] = alike[other % len(alike)]
        return Original("".join(parts), one.folder)

    changes = st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=5)
    return st.builds(exchange, st.sampled_from(some), changes)


def sort_of(word: str) -> str:
    """Which sort of words may stand where this one does."""
    sorts = {"number": r"[\d.]+[KMG]?", "size": r"\d+(x\d+)+", "name": r"@?[A-Za-z_]\w*"}
    return next((sort for sort, form in sorts.items() if re.fullmatch(form, word)), word)


@cache
def plenty() -> dict[str, list[str]]:
    """The words of all small specs by their sort."""
    found: dict[str, list[str]] = {}
    for one in [*SMALL, *SHIPPED]:
        for word in words_of(one.text):
            found.setdefault(sort_of(word), []).append(word)
    return {sort: sorted(set(words)) for sort, words in found.items()}


def mutated_characters(some: list[Original]) -> st.SearchStrategy[Original]:
    """Specs with characters changed."""
    return st.builds(
        lambda one, changes: Original(edited([*one.text], changes, ""), one.folder),
        st.sampled_from(some),
        edits(STRANGE_CHARACTERS, 6),
    )


def spliced(some: list[Original]) -> st.SearchStrategy[Original]:
    """The first part of one spec and the last part of another, cut between words or lines."""

    def splice(one: Original, other: Original, first: int, last: int, lines: bool) -> Original:
        head, tail = (
            part.text.splitlines(keepends=True) if lines else part.words for part in (one, other)
        )
        kept = [*head[: first % (len(head) + 1)], *tail[last % (len(tail) + 1) :]]
        return Original("".join(kept), one.folder)

    one = st.sampled_from(some)
    return st.builds(splice, one, one, PLACES, PLACES, st.booleans())


STIRRED = st.lists(st.sampled_from([*words_of(LANGUAGE), *STRANGE_WORDS]), max_size=60).map(
    lambda words: Original(" ".join(words), TESTS)
)

# ---- texts that parse, whatever they mean ---------------------------------------------------

NAMES = st.sampled_from("c k u unit wrap act relu conv stride missing a b".split())
NUMBERS = st.sampled_from("0 1 2 3 4 8 0.5 1K -1 7 64".split())
SIZES = st.sampled_from("3x3 1x1 2x2 64x3 1x7 3x3x3 0x3 7x7".split())
EXPRESSIONS = st.recursive(
    st.one_of(NUMBERS, SIZES, NAMES, st.sampled_from(["in.c", "in.h", "_", '"text"', "@a"])),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%<"), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "round_to"]), inner, inner),
    ),
    max_leaves=4,
)
ARGUMENTS = st.lists(
    st.one_of(
        EXPRESSIONS,
        st.builds("{}={}".format, NAMES, EXPRESSIONS),
        st.sampled_from("nobias same valid global ceil 3x3/2 8x2 groups=2 mode=linear".split()),
    ),
    max_size=3,
)
OPERATORS = st.sampled_from(
    """conv conv dwconv maxpool avgpool bn relu fc flatten identity none slice pad upsample se
    pixelshuffle shuffle gn lrn dropout scale convt rbf permute prelu residual""".split()
)
CALLS = st.builds(" ".join, st.builds(lambda name, rest: [name, *rest], OPERATORS, ARGUMENTS))
PLAIN = st.sampled_from(
    "relu,bn,conv 3x3 8,conv 1x1 4,maxpool 2x2,identity,@a,unit 4,unit(4),conv 1x1/_ _".split(",")
)
UNITS = st.recursive(
    st.one_of(PLAIN, CALLS, st.builds("unit({})".format, EXPRESSIONS)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda chain: f"({' > '.join(chain)})"),
        st.builds(
            lambda sign, branches: f"[ {sign.join(branches)} ]",
            st.sampled_from([" | ", " + ", " * "]),
            st.lists(inner, min_size=2, max_size=3),
        ),
        st.builds("({} or {})".format, inner, inner),
        st.builds("({}) x2".format, inner),
        st.builds("wrap<{}>".format, inner),
        st.builds("({}) if ({}) else {}".format, inner, EXPRESSIONS, PLAIN),
        st.builds("aux<{}>".format, inner),
    ),
    max_leaves=6,
)
LABELS = st.sampled_from(["", "", "", "a: ", "b: ", "b#: ", "c-1: ", "output low > "])
LINES = st.builds("{}{}".format, LABELS, st.one_of(PLAIN, UNITS))
SOUP = st.builds(
    lambda unit, wrap, lines: Original(
        f"let unit(c) = conv 1x1 c > {unit}\nblock wrap<u> = u > {wrap}\n"
        "network n\n  input 4x16x16\n" + "".join(f"  {line}\n" for line in lines),
        TESTS,
    ),
    st.one_of(PLAIN, UNITS),
    st.one_of(PLAIN, UNITS),
    st.lists(LINES, min_size=1, max_size=4),
)
# Networks that are right mostly, and what one or two edits make of them.
GOOD = specs().map(lambda text: Original(text, TESTS))
BYTES = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda one, places, more: patched(one.text.encode(), places, more),
        st.sampled_from(SMALL),
        st.lists(PLACES, min_size=1, max_size=3),
        st.binary(min_size=1, max_size=4),
    ),
    st.builds(
        lambda one, code: one.text.encode(code),
        st.sampled_from(SMALL),
        st.sampled_from(["utf-16", "utf-8-sig", "utf-32", "cp037"]),
    ),
)


def patched(data: bytes, places: list[int], more: bytes) -> bytes:
    """Bytes with others written over them."""
    for place in places:
        at = place % (len(data) + 1)
        data = data[:at] + more + data[at + len(more) :]
    return data
