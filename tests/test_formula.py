"""Formulas of extents and sets of extents: against the numbers that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdsl.formula import SAME, Formula, Irregular, composed, constant, text
from archdsl.lengths import Lengths, common, domain, lengths
from archdsl.shapes import convolved, pooled, same_tf, transposed

untimed = settings(deadline=None)
Step = tuple[Callable[[int], int], int]  # an extent to the next one, and its pace


def window(kernel: int, stride: int, pad: int) -> Step:
    return lambda n: convolved(n, kernel, stride, (pad, pad)), stride


def ceiled(kernel: int, stride: int, pad: int) -> Step:
    return lambda n: pooled(n, kernel, stride, min(pad, kernel // 2), True), stride


def tensorflow(kernel: int, stride: int, _: int) -> Step:
    return lambda n: convolved(n, kernel, stride, same_tf(n, kernel, stride)), stride


def back(kernel: int, stride: int, pad: int) -> Step:
    return lambda n: transposed(n, kernel, stride, (pad, pad)), 1


KINDS = st.sampled_from([window, ceiled, tensorflow, back])
STEPS = st.builds(
    lambda kind, *numbers: kind(*numbers),
    KINDS,
    st.integers(1, 7),
    st.integers(1, 4),
    st.integers(0, 3),
)


def through(steps: list[Step], n: int) -> int | None:
    for rule, _ in steps:
        n = rule(n)
        if n < 1:
            return None
    return n


def formula(steps: list[Step]) -> Formula:
    found = SAME
    for rule, pace in steps:

        def fitting(extents: tuple[int, ...], rule: Callable[[int], int] = rule) -> int | None:
            return out if (out := rule(extents[0])) > 0 else None

        found = composed(fitting, [found], pace)
    return found


def read(said: str, n: int) -> int:
    """The value of a text, which Python reads."""
    return int(eval(said, {"floor": floor, "ceil": ceil, "H": n}))


@untimed
@given(st.lists(STEPS, max_size=5))
def test_a_formula_of_a_chain_is_the_chain(steps: list[Step]) -> None:
    found = formula(steps)
    for n in [*range(1, 400), 1000, 4321, 10**6 + 7]:
        assert found(n) == through(steps, n)


@untimed
@given(st.lists(STEPS, max_size=4))
def test_the_text_of_a_formula_is_the_formula(steps: list[Step]) -> None:
    found = formula(steps)
    taken = domain(found)
    said, _ = text(found, [(SAME, "H")], taken.up_to(found.start + 2 * found.period))
    for n in [*range(1, 300), 4321]:
        if n in taken:
            assert read(said, n) == found(n)


@untimed
@given(st.lists(STEPS, max_size=3), st.lists(STEPS, max_size=3))
def test_where_two_chains_agree(left: list[Step], right: list[Step]) -> None:
    both = composed(lambda e: e[0] if e[0] == e[1] else None, [formula(left), formula(right)], 1)
    for n in [*range(1, 400), 4321]:
        a, b = through(left, n), through(right, n)
        assert both(n) == (a if a == b else None)


@untimed
@given(st.lists(STEPS, max_size=3), st.integers(1, 9))
def test_what_is_compared_with_a_constant(steps: list[Step], size: int) -> None:
    """As a product is, in which an axis of 1 is broadcast."""

    def rule(e: tuple[int, ...]) -> int | None:
        return max(e) if e[0] == e[1] or 1 in e else None

    found = composed(rule, [formula(steps), constant(size)], 1)
    for n in range(1, 400):
        value = through(steps, n)
        assert found(n) == (None if value is None else rule((value, size)))


def test_equal_functions_are_equal() -> None:
    halved = formula([window(2, 2, 0)])
    assert formula([window(2, 2, 0), window(2, 2, 0)]) == formula([window(4, 4, 0)])
    assert formula([window(2, 2, 0), back(2, 2, 0)]) != SAME
    assert formula([back(2, 2, 0), window(2, 2, 0)]) == SAME
    assert (halved.period, halved.gain, halved.start) == (2, 1, 2)


def test_a_table_without_end_is_refused() -> None:
    with pytest.raises(Irregular):
        formula([window(1, 211, 0), window(1, 223, 0)])


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "H"),
        ([window(3, 1, 0)], "H - 2"),
        ([window(3, 1, 2)], "H + 2"),
        ([window(2, 2, 0)], "floor(H/2)"),
        ([window(3, 2, 1)], "ceil(H/2)"),
        ([window(7, 2, 3), window(3, 2, 1)], "ceil(H/4)"),
        ([window(11, 4, 0)], "floor((H - 7)/4)"),
        ([back(2, 2, 0)], "2*H"),
        ([window(2, 2, 0), back(2, 2, 0)], "2*floor(H/2)"),
        ([window(2, 2, 0), back(3, 2, 0)], "2*floor(H/2) + 1"),
        ([back(3, 3, 0), window(3, 2, 1)], "ceil(3*H/2)"),
    ],
)
def test_the_simplest_text(steps: list[Step], said: str) -> None:
    found = formula(steps)
    assert text(found, [(SAME, "H")], domain(found).up_to(99))[0] == said


def test_a_text_that_is_right_at_what_is_accepted() -> None:
    found = formula([window(3, 2, 1), window(3, 2, 1), window(3, 2, 1)])
    assert text(found, [(SAME, "H")], range(1, 99))[0] == "ceil(H/8)"
    assert text(found, [(SAME, "H")], range(8, 99, 8))[0] == "H/8"
    assert text(found, [(SAME, "H")], range(9, 17))[0] == "2"


# ---- sets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "period", "said"),
    [
        ([], 1, "none"),
        (range(63, 100), 1, "63 and up"),
        ([3, *range(5, 100)], 1, "3, 5 and up"),
        (range(16, 100, 16), 16, "multiples of 16 from 16"),
        (range(5, 100, 16), 16, "5 and every 16 more"),
        (
            [n for n in range(4, 100) if n % 8 in (1, 4)],
            8,
            "4 and up where the remainder by 8 is 1 or 4",
        ),
        ([n for n in range(1, 100) if n % 4], 4, "1 and up where the remainder by 4 is not 0"),
    ],
)
def test_sets_have_a_text(members: list[int], period: int, said: str) -> None:
    assert str(lengths([n in members for n in range(1, 100)], period)) == said


def test_a_set_without_end_or_with_one() -> None:
    few = Lengths((False, True, True, False, True, False))
    assert str(few) == "only 2 to 3, 5"
    assert (few.first, few.gap, 5 in few, 6 in few, 10**9 in few) == (2, 4, True, False, False)
    even = lengths([False, True], 2)
    assert (even.first, even.gap, 10**9 in even, 0 in even) == (2, 3, True, False)
    assert even == lengths([n % 2 == 0 for n in range(1, 21)], 4)


FLAGS = st.tuples(
    st.lists(st.booleans(), max_size=9), st.lists(st.booleans(), min_size=1, max_size=6)
)


@untimed
@given(FLAGS, FLAGS)
def test_what_sets_have_in_common(
    left: tuple[list[bool], list[bool]], right: tuple[list[bool], list[bool]]
) -> None:
    a, b = (lengths([*early, *late], len(late)) for early, late in (left, right))
    both = common([a, b])
    assert both.up_to(200) == sorted({*a.up_to(200)} & {*b.up_to(200)})
    early, late = left
    assert [n in a for n in range(1, 100)] == [*early, *late * 100][:99]
