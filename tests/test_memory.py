"""Bytes by hand, of the lecture, and solved for the batch; PyTorch's own in test_memory_torch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archdsl.diagnostics import ArchError
from archdsl.graph import Network
from archdsl.library import shipped_networks
from archdsl.measure import measure
from archdsl.memory import DTYPES, memory
from archdsl.pipeline import network

Make = Callable[[str], Network]


def test_the_lectures_exercise() -> None:
    one, fifty = memory(network("strided3")), memory(network("strided3"), batch=50)
    assert one.consecutive == 9_000_000
    assert one.simple_inference == 12_613_600
    assert (fifty.activations, fifty.inputs) == (526_000_000, 36_000_000)
    assert fifty.parameters == fifty.gradients == 3_613_600
    assert fifty.simple_training == 565_613_600
    assert fifty.simple_training + fifty.gradients == 569_227_200


SMALL = """
input 3x8x8
conv 3x3 4 nobias
bn > relu
[ maxpool 2x2 | avgpool 2x2 ]
flatten
fc 10 nobias"""


def test_a_small_network_by_hand(made: Make) -> None:
    found = memory(made(SMALL), batch=2, optimizer="momentum")
    image, maps, pooled, logits = 2 * 192 * 4, 2 * 256 * 4, 2 * 64 * 4, 2 * 10 * 4
    assert [row.output for row in found.rows] == [
        image, maps, maps, 0, pooled, pooled, 2 * pooled, 0, logits
    ]  # fmt: skip
    # The relu overwrites, the pool has eight-byte indices beside its output.
    alive = [image, image + maps, image + 2 * maps, image + maps]
    alive += [image + maps + 3 * pooled, image + maps + 2 * pooled, image + 4 * pooled]
    alive += [image + 2 * pooled, image + 2 * pooled + logits]
    assert [row.alive for row in found.rows] == alive
    assert found.peak == image + 2 * maps
    assert found.peak_at.path == "bn"
    assert [row.path for row in found.alive] == ["input", "conv", "bn"]
    # The image for the convolution; its maps and 4 means and deviations for bn; relu's output,
    # which both pools read again; indices; the pooled maps for fc, which flatten has not copied.
    assert [row.kept for row in found.rows] == [
        0, image, maps + 2 * 4 * 4, maps, 2 * pooled, 0, 0, 0, 2 * pooled
    ]  # fmt: skip
    assert found.kept_once == 2 * 4 * 4
    weights = (3 * 9 * 4 + 8 + 1280) * 4
    assert (found.parameters, found.gradients, found.state) == (weights, weights, weights)
    assert found.buffers == 8 * 4 + 8
    assert found.inference == weights + found.buffers + found.peak
    assert found.training == 3 * weights + found.buffers + found.kept


def test_types_of_numbers_and_optimizers(made: Make) -> None:
    net = made(SMALL)
    for dtype, size in DTYPES.items():
        found = memory(net, dtype=dtype)
        assert found.activations == size * memory(net, dtype="int8").activations
        assert found.parameters == size * measure(net).params
    by_hand = {"sgd": 0, "momentum": 1, "adam": 2}
    for optimizer, copies in by_hand.items():
        found = memory(net, optimizer=optimizer)
        assert found.state == copies * found.parameters
    # Indices stay eight bytes, statistics stay at least four.
    half, full = memory(net, dtype="fp16"), memory(net)
    assert full.kept - half.kept == (full.kept - 64 * 8 - 32) // 2


def test_what_is_held_by_a_caller_stays(made: Make) -> None:
    text = """
    block wide = conv 1x1 64 > conv 1x1 64 > conv 1x1 8
    network test
      input 1x10x10
      conv 1x1 16
      wide"""
    found = memory(made(text))
    last = found.rows[-1]
    assert found.peak_at.path == "wide.conv_2"
    assert found.peak == (1 + 16 + 2 * 64) * 400
    assert last.alive == (1 + 16 + 64 + 8) * 400  # the block's input, though it is read no more


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "resnet50", "mnist_cnn", "strided3"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_the_largest_batch_fits_and_the_next_does_not(
    name: str, training: bool, dtype: str
) -> None:
    net = network(name)
    for size in (2**30, 16 * 10**9):
        for batch in (1, 3):
            largest = memory(net, batch, dtype).largest_batch(size, training=training)
            assert largest
            assert memory(net, largest, dtype).fits(size, training=training)
            assert not memory(net, largest + 1, dtype).fits(size, training=training)
    assert memory(net).largest_batch(1000, training=training) == 0


def test_nothing_that_grows_has_no_largest_batch(made: Make) -> None:
    found = memory(made("input 4\nidentity"))
    assert found.largest_batch(0, training=True) is None
    assert found.largest_batch(160) == 10


@pytest.mark.parametrize("name", shipped_networks())
def test_rows_sum_to_totals(name: str) -> None:
    found = memory(network(name), batch=2)
    inputs = {node.index for node in network(name).inputs}
    made = [row.output for row in found.rows if row.node not in inputs and row.alive]
    assert found.activations == sum(made)
    assert found.kept == sum(row.kept for row in found.rows)
    assert found.peak == max(row.alive for row in found.rows) == found.peak_at.alive
    assert found.peak == sum(row.output for row in found.alive) + found.peak_at.scratch
    assert found.parameters == 4 * measure(network(name)).params_with_heads


@pytest.mark.parametrize(
    ("arguments", "message", "help"),
    [
        ({"dtype": "fp31"}, "there is no type of numbers 'fp31'", "did you mean 'fp32'?"),
        ({"optimizer": "lion"}, "there is no optimizer 'lion'", "one of sgd, momentum, adam"),
        ({"batch": 0}, "a batch holds a sample at least, not 0", ""),
    ],
)
def test_what_there_is_not(arguments: dict[str, str], message: str, help: str, made: Make) -> None:
    with pytest.raises(ArchError) as caught:
        memory(made("input 4\nfc 4"), **arguments)  # type: ignore[arg-type]
    (told,) = caught.value.diagnostics
    assert (told.code, told.message) == ("value", message)
    assert help in (told.help or "")
