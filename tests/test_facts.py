"""The figures of the papers: parameters, multiply-accumulates, receptive field, depth.

Typed from the project's tables of facts, where each was counted apart from this compiler; what no
table states is None.
"""

from __future__ import annotations

import pytest

from archdsl.library import shipped_networks
from archdsl.measure import measure
from archdsl.pipeline import network

# network: parameters, MACs, receptive field, stride, weight layers
FACTS: dict[str, tuple[int, int | None, int | None, int | None, int | None]] = {
    "lenet5": (60_000, 325_680, 32, 4, 4),
    "lenet5@modern": (61_706, None, 32, 4, 5),
    "mnist_cnn": (276_490, 5_084_672, 70, 16, 6),
    "mnist_cnn@5x5": (287_242, 7_192_064, 76, 16, 6),
    "strided3": (903_400, 1_399_500_000, 15, 8, 3),
    "alexnet": (60_965_224, 724_406_816, 195, 32, 8),
    "alexnet@two_gpus": (60_965_224, 724_406_816, 195, 32, 8),
    "alexnet@torchvision": (61_100_840, 714_188_480, 195, 32, 8),
    "zfnet": (62_357_608, 1_168_032_896, 171, 32, 8),
    "zfnet@512": (107_627_624, 2_476_704_896, 171, 32, 8),
    "vgg11": (132_863_336, 7_609_090_048, 150, 32, 11),
    "vgg11_lrn": (132_863_336, 7_609_090_048, 150, 32, 11),
    "vgg13": (133_047_848, 11_308_466_176, 156, 32, 13),
    "vgg16_c": (133_638_952, 11_770_888_192, 156, 32, 16),
    "vgg16": (138_357_544, 15_470_264_320, 212, 32, 16),
    "vgg19": (143_667_240, 19_632_062_464, 268, 32, 19),
    "vgg11_bn": (132_868_840, 7_609_090_048, 150, 32, 11),
    "vgg13_bn": (133_053_736, 11_308_466_176, 156, 32, 13),
    "vgg16_bn": (138_365_992, 15_470_264_320, 212, 32, 16),
    "vgg19_bn": (143_678_248, 19_632_062_464, 268, 32, 19),
    "googlenet": (6_998_552, 1_582_671_872, 715, 32, 22),
    "googlenet@torchvision": (6_624_904, 1_498_376_192, 379, 32, 22),
    "efficientnet_lite0": (4_652_008, None, None, 32, None),
    "resnet18": (11_689_512, 1_814_073_344, 435, 32, 18),
    "resnet18@a": (11_515_688, 1_794_805_760, 435, 32, 18),
    "resnet34": (21_797_672, 3_663_761_408, 899, 32, 34),
    "resnet34@a": (21_623_848, 3_644_493_824, 899, 32, 34),
    "resnet50": (25_557_032, 3_857_973_248, 483, 32, 50),
    "resnet101": (44_549_160, 7_570_194_432, 1027, 32, 101),
    "resnet152": (60_192_808, 11_282_415_616, 1507, 32, 152),
    "resnet50@torchvision": (25_557_032, 4_089_184_256, 427, 32, 50),
    "resnet101@torchvision": (44_549_160, 7_801_405_440, 971, 32, 101),
    "resnet152@torchvision": (60_192_808, 11_513_626_624, 1451, 32, 152),
}

# With the heads that exist in training only: parameters, and MACs where a table states them.
WITH_HEADS = {
    "googlenet": (13_378_280, None),
    "googlenet@torchvision": (13_004_888, 1_506_748_416),
}

# Shapes of items that the papers or the lecture print.
SHAPES = {
    "lenet5": ["6x28x28", "6x14x14", "16x10x10", "16x5x5", "120x1x1", "84", "10"],
    "strided3": ["100x100x150", "200x50x75", "400x25x38"],
    "mnist_cnn": ["16x28x28", "16x14x14", "32x14x14", "32x7x7", "64x7x7", "64x3x3", "128x1x1"],
    "alexnet": ["96x55x55", "96x27x27", "256x27x27", "256x13x13", "384x13x13", "256x6x6", "4096"],
    "zfnet": ["96x110x110", "96x55x55", "256x26x26", "256x13x13", "384x13x13", "256x6x6"],
    "googlenet": ["64x112x112", "192x56x56", "256x28x28", "480x28x28", "512x14x14", "832x7x7"],
    "resnet50": ["64x112x112", "64x56x56", "256x56x56", "512x28x28", "1024x14x14", "2048x7x7"],
}


@pytest.mark.parametrize("name", FACTS)
def test_the_figures_of_the_papers(name: str) -> None:
    params, *others = FACTS[name]
    report = measure(network(name))
    found = (report.macs, report.receptive_field[0], report.stride[0], report.weight_layers)
    assert report.params == params
    for expected, figure in zip(others, found, strict=True):
        assert expected in (None, figure)
    assert len(set(report.receptive_field)) == len(set(report.stride)) == 1
    heads_params, heads_macs = WITH_HEADS.get(name, (params, report.macs))
    assert report.params_with_heads == heads_params
    assert heads_macs in (None, report.macs_with_heads)


@pytest.mark.parametrize("name", SHAPES)
def test_the_shapes_of_the_papers_in_their_order(name: str) -> None:
    shapes = iter([str(node.shape) for node in network(name).nodes])
    assert all(shape in shapes for shape in SHAPES[name])


def test_every_shipped_network_has_its_facts() -> None:
    assert set(FACTS) == set(shipped_networks())


def test_lenet5_has_fixed_codes_and_the_papers_connections() -> None:
    found = network("lenet5")
    report = measure(found)
    assert report.fixed == 840
    params = [row.params for row in report.rows if row.params]
    assert params == [156, 12, 1_516, 32, 48_120, 10_164]
