"""The window arithmetic against windows counted one by one."""

from __future__ import annotations

from itertools import count, takewhile

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archdsl.shapes import Shape, convolved, extents, pooled, same_tf, transposed

sizes = st.integers(1, 40)
kernels = st.integers(1, 9)
strides = st.integers(1, 5)
dilations = st.integers(1, 3)
paddings = st.integers(0, 5)


def starts_that_fit(size: int, kernel: int, stride: int, dilation: int) -> int:
    """How many windows have their last tap within the axis."""
    return sum(start + dilation * (kernel - 1) < size for start in range(0, max(size, 0), stride))


@given(sizes, kernels, strides, st.tuples(paddings, paddings), dilations)
def test_convolved_counts_windows(
    size: int, kernel: int, stride: int, pads: tuple[int, int], dilation: int
) -> None:
    expected = starts_that_fit(size + sum(pads), kernel, stride, dilation)
    assert max(0, convolved(size, kernel, stride, pads, dilation)) == expected


@given(sizes, kernels, strides, paddings)
def test_pooled_counts_windows(size: int, kernel: int, stride: int, pad: int) -> None:
    assume(pad <= kernel // 2)
    expected = starts_that_fit(size + 2 * pad, kernel, stride, 1)
    assert max(0, pooled(size, kernel, stride, pad, ceil=False)) == expected


@given(sizes, kernels, strides, paddings)
def test_pooled_with_ceil_counts_windows(size: int, kernel: int, stride: int, pad: int) -> None:
    """A window more while the one before leaves a rest, unless it starts in the right padding."""
    assume(pad <= kernel // 2)
    padded = size + 2 * pad

    def exists(start: int) -> bool:
        return start - stride + kernel < padded and start < size + pad

    expected = len(list(takewhile(exists, count(0, stride))))
    assert max(0, pooled(size, kernel, stride, pad, ceil=True)) == expected


@given(sizes, kernels, strides, dilations)
def test_same_tf_is_the_least_padding_that_keeps_every_stride(
    size: int, kernel: int, stride: int, dilation: int
) -> None:
    before, after = same_tf(size, kernel, stride, dilation)
    wanted = len(range(0, size, stride))
    assert convolved(size, kernel, stride, (before, after), dilation) == wanted
    assert after - before in (0, 1)
    if after:
        assert convolved(size, kernel, stride, (before, after - 1), dilation) < wanted


@given(sizes, kernels, strides, st.tuples(paddings, paddings), dilations, st.integers(0, 4))
def test_transposed_counts_touched_positions(
    size: int, kernel: int, stride: int, pads: tuple[int, int], dilation: int, extra: int
) -> None:
    touched = {i * stride + k * dilation for i in range(size) for k in range(kernel)}
    expected = max(touched) + 1 - sum(pads) + extra
    assert transposed(size, kernel, stride, pads, dilation, extra) == expected


@given(sizes, kernels, strides, paddings, dilations, st.integers(0, 4))
def test_transposed_undoes_convolved(
    size: int, kernel: int, stride: int, pad: int, dilation: int, extra: int
) -> None:
    assume(extra < stride)
    wide = transposed(size, kernel, stride, (pad, pad), dilation, extra)
    assert convolved(wide, kernel, stride, (pad, pad), dilation) == size


@pytest.mark.parametrize(
    ("pad", "ceil", "expected"), [(0, False, 55), (0, True, 56), (1, False, 56), (1, True, 57)]
)
def test_the_four_ways_to_pool_112(pad: int, ceil: bool, expected: int) -> None:
    assert pooled(112, 3, 2, pad, ceil) == expected


def test_ceil_drops_the_window_that_starts_in_the_right_padding() -> None:
    assert pooled(7, 3, 2, 1, ceil=True) == 4
    assert pooled(4, 2, 2, 1, ceil=True) == 3
    assert pooled(3, 2, 2, 1, ceil=True) == 2  # a third would start at 4, past the map


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads"),
    [
        (224, 3, 2, (0, 1)),
        (224, 5, 2, (1, 2)),
        (28, 2, 1, (0, 1)),
        (3, 5, 1, (2, 2)),
        (7, 1, 2, (0, 0)),
    ],
)
def test_same_tf_at_the_sizes_of_the_literature(
    size: int, kernel: int, stride: int, pads: tuple[int, int]
) -> None:
    assert same_tf(size, kernel, stride) == pads


@pytest.mark.parametrize("size", [(10,), (8, 5), (3, 7, 9), (4, 2, 3, 5)])
def test_a_shape_knows_its_parts(size: tuple[int, ...]) -> None:
    shape = Shape(size)
    assert (shape.channels, *shape.spatial) == size
    assert shape.rank == len(shape.spatial)
    assert str(shape) == extents(size)


def test_a_shape_counts_its_elements() -> None:
    assert Shape((3, 7, 9)).elements == 189
