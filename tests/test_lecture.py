"""The numbers of the course that this project grew from, each by a spec or a few lines of one.

Sections are topics of the course; a test says what its texts state. Where these are wrong or
contradict each other, the test holds what is right, and `docs/lecture.md` says so. The numbers
were calculated apart from this compiler, by hand or from the papers' tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from math import isclose

import pytest

from archdsl.graph import Network, Node
from archdsl.measure import Reaches, Report, measure, reaches
from archdsl.ops import Window
from archdsl.pipeline import declared_in, expanded, network
from archdsl.shapes import window_span

BYTES = 4  # of a number in fp32
NAIVE = "[ conv 1x1 64 nobias | conv 3x3 128 nobias | conv 5x5 32 nobias | maxpool 3x3/1 same ]"


@cache
def shipped(name: str) -> Network:
    return network(name)


@cache
def report(name: str) -> Report:
    return measure(shipped(name))


def of(text: str) -> Network:
    """The network of some lines."""
    return expanded(declared_in(f"network test\n{text}"))


def variant(name: str, spec: str, *lines: str) -> Network:
    """A shipped network with some lines changed."""
    body = "\n".join(f"  {line}" for line in lines)
    return expanded(declared_in(f"use {spec}: {name}\nnetwork test from {name}\n{body}\n", "test"))


def made_by(found: Network, operator: str) -> list[Node]:
    """The nodes of an operator, in the order of the text."""
    return [node for node in found.nodes if node.op.name == operator]


def shapes(nodes: Iterable[Node]) -> str:
    return " ".join(str(node.shape) for node in nodes)


def at(found: Network, path: str) -> Node:
    return next(node for node in found.nodes if node.path == path)


def windows(found: Network, node: Node) -> tuple[Window, ...]:
    return node.op.windows(*found.input_shapes(node)) or ()


def params(found: Network) -> list[int]:
    """The trained numbers of the operators that have some."""
    return [row.params for row in measure(found).rows if row.params]


def field(body: str) -> int:
    """The receptive field of some lines, along one axis."""
    return measure(of(f"input 8x64x64\n{body}")).receptive_field[0]


def along(found: Network) -> list[tuple[int, int]]:
    """Receptive field and stride behind each convolution and pool with a window of its own."""
    seen: list[Reaches] = []
    for node in found.nodes:
        seen.append(reaches(found, node, seen))
    wide = [i for i, n in enumerate(found.nodes) if n.op.family in ("conv", "pool") and seen[i]]
    return [(seen[i][0].extent, int(seen[i][0].stride)) for i in wide]


# ---- 1. Shapes, parameters, memory -----------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "f", "p", "s"),
    [(224, 11, 0, 4), (227, 11, 0, 4), (7, 3, 1, 2), (28, 5, 2, 1), (55, 3, 0, 2), (10, 4, 3, 3)],
)
def test_the_output_size_is_rounded_down(size: int, f: int, p: int, s: int) -> None:
    """'w_o = (w_i - f + 2p)/s + 1', of which the floor is left out: 224 with 11x11/4 gives 54."""
    found = of(f"input 1x{size}\nconv {f}/{s} 1 pad={p}").nodes[-1].shape
    counted = sum(1 for start in range(-p, size + p - f + 1) if (start + p) % s == 0)
    assert found.spatial == (counted,)
    assert counted == (size - f + 2 * p) // s + 1
    if (size, f) == (224, 11):
        assert counted == 54


def test_3x3_with_stride_2_on_5x7_gives_3x4() -> None:
    """'5x7 with zero padding becomes 3x4'."""
    for padding in ("same", "same_tf"):
        assert of(f"input 1x5x7\nconv 3x3/2 1 {padding}").nodes[-1].shape == (1, 3, 4)


def test_tf_conv2d_with_a_stride_for_each_axis() -> None:
    """'SAME: (1, 3, 3, 2); VALID: (1, 2, 2, 2)' for [1, 13, 5, 5], [6, 3, 5, 2], [1, 5, 2, 1]."""
    same = of("input 5x13x5\nconv 6x3 2 stride=5x2 same_tf")
    valid = of("input 5x13x5\nconv 6x3 2 stride=5x2 valid")
    assert (same.nodes[-1].shape, valid.nodes[-1].shape) == ((2, 3, 3), (2, 2, 2))
    rows = windows(same, same.nodes[-1])[0]
    assert rows.before == 1  # of three rows of padding: the other two stand below


def test_the_text_says_stride_2_and_its_code_says_1() -> None:
    """'7x7, stride 2' on images of 427x640, and strides=1 in the code: these are two results."""
    assert shapes(of("input 3x427x640\nconv 7x7 2\nconv 7x7/2 2").nodes[1:]) == (
        "2x427x640 2x214x320"
    )


def test_a_dense_layer_on_a_picture_has_ten_million_connections() -> None:
    """'100x100 pixels to 1000 neurons: 10 million connections'."""
    found = measure(of("input 1x100x100\nflatten\nfc 1000"))
    assert (found.macs, found.params) == (10_000_000, 10_001_000)


def test_a_convolution_of_a_picture_costs_15_200_and_225_million() -> None:
    """'(5*5*3+1)*200 = 15,200; 225 million multiplications; 96 million bits, about 11.4 MB'."""
    found = measure(of("input 3x150x100\nconv 5x5 200"))
    assert (found.params, found.macs) == ((5 * 5 * 3 + 1) * 200, 225_000_000)
    assert (found.params, found.elements * 8 * BYTES) == (15_200, 96_000_000)
    assert found.elements * BYTES == 12_000_000  # 12.0 MB: the course's 11.4 are MiB
    assert isclose(found.elements * BYTES / 2**20, 11.44, abs_tol=0.005)
    assert isclose(100 * found.elements * BYTES, 1.2e9)  # 'more than 1 GB' for a batch of 100


def test_a_2x2_pool_leaves_a_quarter() -> None:
    """'2x2, stride 2: the area shrinks 4 times'; strides default to the size, padding to none."""
    before, after = of("input 8x6x10\nmaxpool 2x2").nodes
    assert before.shape.elements == 4 * after.shape.elements
    assert shapes(of("input 8x7x7\nmaxpool 2x2\navgpool global\nflatten").nodes[1:]) == (
        "8x3x3 8x1x1 8"
    )


# ---- 2. The exercise: three convolutions -----------------------------------------------------


def test_the_exercise_has_903_400_parameters() -> None:
    """'Three 3x3 convolutions, stride 2, SAME, 100, 200 and 400 maps, on 200x300 RGB'."""
    found, figures = shipped("strided3"), report("strided3")
    assert shapes(found.nodes[1:]) == "100x100x150 200x50x75 400x25x38"
    assert params(found) == [2_800, 180_200, 720_400]
    assert (figures.params, figures.macs) == (903_400, 1_399_500_000)
    assert BYTES * figures.params == 3_613_600
    bytes_of = [BYTES * node.shape.elements for node in found.nodes]
    assert bytes_of == [720_000, 6_000_000, 3_000_000, 1_520_000]
    assert BYTES * figures.elements == sum(bytes_of[1:])
    assert along(found) == [(3, 2), (7, 4), (15, 8)]


def test_five_of_the_exercises_six_paddings_are_uneven() -> None:
    """'SAME': rows are padded (0, 1) three times, columns (0, 1), (0, 1) and (1, 1)."""
    found = shipped("strided3")
    pads = []
    for node in found.nodes[1:]:
        (shape,) = found.input_shapes(node)
        sizes = zip(windows(found, node), shape.spatial, node.shape.spatial, strict=True)
        for window, size, out in sizes:
            pads.append((window.before, (out - 1) * 2 + 3 - size - window.before))
    assert pads == [(0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (1, 1)]


# ---- 3. The CNN for MNIST --------------------------------------------------------------------

MNIST = [416, 2_080, 51_264, 204_928, 16_512, 1_290]


def test_the_mnist_cnn_is_as_its_table() -> None:
    """The table, with its 2x2 kernel among 5x5 ones: a slip, or not; the sizes fit both."""
    found, figures = shipped("mnist_cnn"), report("mnist_cnn")
    maps = shapes(n for n in found.nodes if n.op.family in ("conv", "pool"))
    assert maps == "16x28x28 16x14x14 32x14x14 32x7x7 64x7x7 64x3x3 128x3x3 128x1x1"
    assert params(found) == MNIST
    assert (figures.params, figures.macs) == (276_490, 5_084_672)
    assert along(found)[-1] == (70, 16)
    assert [node.op.describe() for node in made_by(found, "dropout")] == ["0.25"] * 4


def test_with_5x5_throughout_it_has_287_242_parameters() -> None:
    found, figures = shipped("mnist_cnn@5x5"), report("mnist_cnn@5x5")
    assert params(found) == [12_832 if each == 2_080 else each for each in MNIST]
    assert (figures.params, figures.macs) == (287_242, 7_192_064)
    assert along(found)[-1] == (76, 16)


def test_its_third_pool_leaves_a_row_out() -> None:
    """'7x7 to 3x3': the pool is VALID; SAME would give 4x4."""
    assert of("input 64x7x7\nmaxpool 2x2").nodes[-1].shape.spatial == (3, 3)
    assert of("input 64x7x7\nmaxpool 2x2 same_tf").nodes[-1].shape.spatial == (4, 4)


# ---- 4. LeNet-5 ------------------------------------------------------------------------------

TABLE = """0,1,2 1,2,3 2,3,4 3,4,5 0,4,5 0,1,5 0,1,2,3 1,2,3,4 2,3,4,5 0,3,4,5 0,1,4,5 0,1,2,5
0,1,3,4 1,2,4,5 0,2,3,5 0,1,2,3,4,5"""


def connections(found: Network, node: Node) -> int:
    """The paper's connections: the weights and the bias of each unit, one for each of its uses."""
    if node.op.family == "pool":
        return node.shape.elements * (windows(found, node)[0].kernel ** 2 + 1)
    figures = measure(found).rows[node.index]
    biased = any(tensor.name == "bias" for tensor in found.tensors(node))
    return figures.macs + figures.fixed + biased * node.shape.elements


def test_lenet5_has_60_000_parameters_and_340_908_connections() -> None:
    found = shipped("lenet5")
    assert params(found) == [156, 12, 1_516, 32, 48_120, 10_164]
    assert (report("lenet5").params, report("lenet5").macs) == (60_000, 325_680)
    counted = [
        connections(found, node)
        for node in found.nodes
        if node.op.family in ("conv", "pool", "linear")
    ]
    assert counted == [122_304, 5_880, 151_600, 2_000, 48_120, 10_164, 840]
    assert sum(counted) == 340_908
    assert along(found) == [(5, 1), (6, 2), (14, 2), (16, 4), (32, 4)]


def test_c3_sees_60_of_96_pairs_of_maps() -> None:
    """'Most are connected to three or four maps': all but one."""
    rows = TABLE.split()
    widths = Counter(row.count(",") + 1 for row in rows)
    assert widths == {3: 6, 4: 9, 6: 1}
    assert f'connect="{" ".join(rows)}"' in at(shipped("lenet5"), "c3").op.describe()
    assert sum(width * count for width, count in widths.items()) == 60
    full = measure(variant("lenet5", "lenet", "c3: conv 5x5 16 valid"))
    assert full.params - report("lenet5").params == 2_416 - 1_516


def test_lenet5_squashes_by_tanh() -> None:
    """'Sigmoid' in the text and tanh in the table; the paper has 1.7159*tanh(2x/3)."""
    used = [node.op for node in shipped("lenet5").nodes if node.op.family == "activation"]
    assert {(op.name, op.describe()) for op in used} == {("tanh", "1.7159 0.666667")}


def test_as_usually_rebuilt_it_has_61_706_parameters() -> None:
    assert report("lenet5@modern").params == 61_706
    assert (report("lenet5").weight_layers, report("lenet5@modern").weight_layers) == (4, 5)


# ---- 5. AlexNet ------------------------------------------------------------------------------

ALEXNET = [34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000]
ONE_GPU = [
    *(34_944, 614_656, 885_120, 1_327_488, 884_992, 37_752_832, 16_781_312, 4_097_000),
]  # fmt: skip
UNGROUPED = ("conv2: conv 5x5 256", "conv4: conv 3x3 384", "conv5: conv 3x3 256")


def test_alexnet_is_as_its_table() -> None:
    """'(227-11)/4+1 = 55; (11*11*3+1)*96 = 35K; (55-3)/2+1 = 27; (27-5+2*2)/1+1 = 27'."""
    found, figures = shipped("alexnet"), report("alexnet")
    maps = shapes(n for n in found.nodes if n.op.family in ("conv", "pool"))
    assert maps == ("96x55x55 96x27x27 256x27x27 256x13x13 384x13x13 384x13x13 256x13x13 256x6x6")
    assert params(found) == ALEXNET
    assert ALEXNET[0] == (11 * 11 * 3 + 1) * 96
    assert (figures.params, figures.macs) == (60_965_224, 724_406_816)
    assert figures.weight_layers == 8
    assert along(found) == [
        *((11, 4), (19, 8), (51, 8), (67, 16)),
        *((99, 16), (131, 16), (163, 16), (195, 32)),
    ]  # fmt: skip


def test_alexnet_without_groups_has_62_378_344_parameters() -> None:
    found = variant("alexnet", "alexnet", *UNGROUPED)
    assert params(found) == ONE_GPU
    figures = measure(found)
    assert (figures.params, figures.macs) == (62_378_344, 1_135_256_096)


def test_alexnet_has_650k_units() -> None:
    """'650K': 659,272; the paper's own list has 55*48*96 for the first layer, a slip."""
    layers = [n for n in shipped("alexnet").nodes if n.op.family in ("conv", "linear")]
    units = [node.shape.elements for node in layers]
    assert units == [290_400, 186_624, 64_896, 64_896, 43_264, 4_096, 4_096, 1_000]
    assert sum(units) == 659_272
    assert sum(units) - 55 * 55 * 96 + 55 * 48 * 96 == 622_312


def test_each_gpu_has_48_maps_of_conv1() -> None:
    """'64' is wrong. 'CONV2, 4 and 5 see the maps of one GPU, CONV3 and FC6 to 8 all'."""
    found = shipped("alexnet@two_gpus")
    convs = [node for node in made_by(found, "conv") if node.device == 0]
    assert [node.shape.channels for node in convs] == [48, 128, 192, 192, 128]
    seen = [found.input_shapes(node)[0].channels for node in convs[1:]]
    assert seen == [48, 2 * 128, 192, 192]
    assert report("alexnet@two_gpus").params == report("alexnet").params


def test_alexnet_normalises_before_it_pools() -> None:
    """Two texts have pool, norm; the third and the paper have ReLU, LRN, pool."""
    names = [node.op.name for node in shipped("alexnet").nodes]
    assert names[1:5] == names[5:9] == ["conv", "relu", "lrn", "maxpool"]
    assert names.count("dropout") == 2


def test_conv2_sees_96_maps() -> None:
    """A slide says 27x27x256; the one before it, 27x27x96, is right."""
    found = shipped("alexnet")
    assert str(found.input_shapes(at(found, "conv2"))[0]) == "96x27x27"


@pytest.mark.parametrize(
    ("size", "padding", "out"),
    [(227, "valid", 55), (224, "pad=2", 55), (224, "same_tf", 56), (224, "valid", 54)],
)
def test_55_needs_227_without_padding(size: int, padding: str, out: int) -> None:
    """'224x224, SAME' gives 56, and not 55."""
    found = of(f"input 3x{size}x{size}\nconv 11x11/4 96 {padding}")
    assert found.nodes[-1].shape.spatial == (out, out)


def test_without_its_third_pool_alexnet_would_have_201_838_952_parameters() -> None:
    """A table leaves the third pool out; the first dense layer would see 43,264 inputs."""
    found = variant("alexnet", "alexnet", *UNGROUPED, "drop pool5")
    assert found.input_shapes(at(found, "fc6"))[0] == (43_264,)
    assert measure(found).params == 201_838_952
    full = shipped("alexnet")
    assert full.input_shapes(at(full, "fc6"))[0] == (6 * 6 * 256,) == (9_216,)


# ---- 6. ZFNet --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "count", "macs"),
    [
        ("zfnet", 62_357_608, 1_168_032_896),
        ("zfnet@512", 107_627_624, 2_476_704_896),
    ],
)
def test_zfnet_in_both_widths(name: str, count: int, macs: int) -> None:
    """'More filters in conv3 and conv4' is the paper's ablation, which widens conv5 as well."""
    assert (report(name).params, report(name).macs) == (count, macs)
    sizes = [n.shape[-1] for n in shipped(name).nodes if n.op.family in ("conv", "pool")]
    assert sizes == [110, 55, 26, 13, 13, 13, 13, 6]
    assert along(shipped(name))[-1] == (171, 32)


def test_zfnet_strides_in_its_first_two_convolutions() -> None:
    """'The second and third' would leave 4x4 of the map; the paper has the first and second."""
    convs = made_by(shipped("zfnet"), "conv")
    assert [node.op.describe().split()[0] for node in convs] == ["7x7/2", "5x5/2", *["3x3"] * 3]
    found = variant(
        "zfnet",
        "zfnet",
        "conv1: conv 7x7/4 96 pad=1",
        "conv2: conv 5x5/2 256",
        "conv3: conv 3x3/2 384",
    )
    sizes = [n.shape[-1] for n in found.nodes if n.op.family in ("conv", "pool")][:5]
    assert sizes == [55, 27, 14, 7, 4]


# ---- 7. VGG ----------------------------------------------------------------------------------

# configuration: parameters, the course's millions, MACs, receptive field, weight layers
VGG = {
    "vgg11": (132_863_336, 133, 7_609_090_048, 150, 11),
    "vgg11_lrn": (132_863_336, 133, 7_609_090_048, 150, 11),
    "vgg13": (133_047_848, 133, 11_308_466_176, 156, 13),
    "vgg16_c": (133_638_952, 134, 11_770_888_192, 156, 16),
    "vgg16": (138_357_544, 138, 15_470_264_320, 212, 16),
    "vgg19": (143_667_240, 144, 19_632_062_464, 268, 19),
}


@pytest.mark.parametrize("name", VGG)
def test_vgg_is_as_its_table(name: str) -> None:
    """'133, 133, 133, 134, 138, 144 million'."""
    count, millions, macs, extent, layers = VGG[name]
    found = report(name)
    assert (found.params, round(found.params / 1e6)) == (count, millions)
    assert (found.macs, found.weight_layers) == (macs, layers)
    assert (found.receptive_field, found.stride) == ((extent, extent), (32, 32))


@pytest.mark.parametrize("name", VGG)
def test_vgg_convolves_3x3_and_pools_2x2(name: str) -> None:
    """'Only 3x3' holds for all but C, which has 1x1 as well. A-LRN keeps one LRN."""
    found = shipped(name)
    sizes = {node.op.describe().split()[0] for node in made_by(found, "conv")}
    assert sizes == ({"3x3", "1x1"} if name == "vgg16_c" else {"3x3"})
    assert {node.op.describe() for node in made_by(found, "maxpool")} == {"2x2"}
    widths = [node.shape.channels for node in made_by(found, "maxpool")]
    assert widths == [64, 128, 256, 512, 512]
    assert len(made_by(found, "lrn")) == (name == "vgg11_lrn")


def test_vgg16_has_13_convolutions_and_3_dense_layers() -> None:
    found = shipped("vgg16")
    assert (len(made_by(found, "conv")), len(made_by(found, "fc"))) == (13, 3)
    assert along(found)[:-1] == [
        *((3, 1), (5, 1), (6, 2), (10, 2), (14, 2), (16, 4)),
        *((24, 4), (32, 4), (40, 4), (44, 8), (60, 8), (76, 8), (92, 8), (100, 16)),
        *((132, 16), (164, 16), (196, 16), (212, 32)),
    ]  # fmt: skip


def test_stacked_3x3_see_as_much_as_5x5_and_7x7_for_fewer_weights() -> None:
    """'Two see 5x5, three 7x7; 27C^2 against 49C^2', about half."""
    assert field("conv 3x3 8 x2") == field("conv 5x5 8") == 5
    assert field("conv 3x3 8 x3") == field("conv 7x7 8") == 7
    for c in (8, 64, 512):
        stack = measure(of(f"input {c}x7x7\nconv 3x3 {c} nobias x3")).params
        single = measure(of(f"input {c}x7x7\nconv 7x7 {c} nobias")).params
        assert (stack, single) == (27 * c * c, 49 * c * c)
        assert Fraction(stack, single) == Fraction(27, 49)


def test_vggs_first_dense_layer_holds_most_of_it() -> None:
    """'102M, 74% of all': of VGG-16; of VGG-19 it is 71.5 %."""
    found = shipped("vgg16")
    weight = found.state()["classifier.0.weight"]
    assert weight[0] * weight[1] == 7 * 7 * 512 * 4096 == 102_760_448
    layer = next(row.params for row in report("vgg16").rows if row.path == "classifier.0")
    assert layer == 102_764_544
    assert round(100 * 102_760_448 / report("vgg16").params, 2) == 74.27
    assert round(100 * 102_760_448 / report("vgg19").params, 1) == 71.5


def test_with_1024_maps_it_would_hold_200_million() -> None:
    """'7*7*1024*4096 = 205,520,896, 200M'."""
    assert measure(of("input 1024x7x7\nflatten\nfc 4096 nobias")).params == 205_520_896


# ---- 8. GoogLeNet and inception --------------------------------------------------------------


def inception(ins: int, a: int, b0: int, b: int, c0: int, c: int, p: int) -> tuple[int, int]:
    """Weights and MACs of an inception module on 28x28."""
    found = measure(
        of(f"""input {ins}x28x28
        [ conv 1x1 {a} nobias
        | conv 1x1 {b0} nobias > relu > conv 3x3 {b} nobias
        | conv 1x1 {c0} nobias > relu > conv 5x5 {c} nobias
        | maxpool 3x3/1 same > conv 1x1 {p} nobias ]""")
    )
    return found.params, found.macs


def test_a_naive_inception_has_516_096_weights_and_404_619_264_macs() -> None:
    """'64 1x1, 128 3x3 and 32 5x5 on 28x28x256'; the pool's branch makes the output 480 deep."""
    found = of(f"input 256x28x28\n{NAIVE}")
    assert (measure(found).params, measure(found).macs) == (516_096, 404_619_264)
    assert found.nodes[-1].shape == (480, 28, 28)


@pytest.mark.parametrize(
    ("widths", "weights", "macs"),
    [
        ((256, 64, 96, 128, 16, 32, 32), 176_640, 138_485_760),  # with 3a's reductions: 0.342
        ((256, 64, 64, 128, 64, 32, 64), 190_464, 149_323_776),  # all of 64: 0.369
        ((192, 64, 96, 128, 16, 32, 32), 163_328, 128_049_152),  # the paper's 3a
        ((256, 128, 128, 192, 32, 96, 64), 388_096, 304_267_264),  # the paper's 3b
    ],
)
def test_reductions_make_inception_cheap(
    widths: tuple[int, int, int, int, int, int, int], weights: int, macs: int
) -> None:
    """'Inception V1' of that module: which widths the slide had is not known."""
    assert inception(*widths) == (weights, macs)


def test_bottlenecks_leave_a_third() -> None:
    """'About 1/3': 0.318. The slide's 358M counts its 3x3 twice; its terms add up to 271M."""
    before, after = (
        measure(of(f"input 256x28x28\n{body}")).macs
        for body in (
            "[ conv 1x1 128 | conv 3x3 192 | conv 5x5 96 | maxpool 3x3/1 same ]",
            "[ conv 1x1 128 | conv 1x1 64 > conv 3x3 192 | conv 1x1 64 > conv 5x5 96"
            " | maxpool 3x3/1 same > conv 1x1 64 ]",
        )
    )
    assert (before, after) == (854_196_224, 271_351_808)
    assert round(after / before, 3) == 0.318
    assert after + measure(of("input 64x28x28\nconv 3x3 192")).macs == 358_055_936


def test_googlenet_has_7_million_parameters() -> None:
    """'5 million, 12 times fewer than AlexNet', 'about 6 million': neither; 8.7 times fewer."""
    found = report("googlenet")
    assert (found.params, found.params_with_heads) == (6_998_552, 13_378_280)
    assert round(report("alexnet").params / found.params, 2) == 8.71
    last = next(row.params for row in found.rows if row.path == "fc")
    assert found.params - last == 5_973_552  # 'about 6 million' is without it
    assert found.weight_layers == 22


def test_googlenet_drops_40_percent_and_its_heads_70() -> None:
    """'No dropout needed' is wrong. The heads, of weight 0.3, exist in training only."""
    found = shipped("googlenet")
    drops = [(node.op.describe(), node.training_only) for node in made_by(found, "dropout")]
    assert drops == [("0.7", True), ("0.7", True), ("0.4", False)]
    assert [head.weight for head in found.heads] == [0.3, 0.3]


def test_googlenets_stem_and_end_are_as_the_table() -> None:
    found = shipped("googlenet")
    stem = [n for n in found.nodes[1:20] if n.op.family in ("conv", "pool", "norm")][:7]
    assert [node.op.name for node in stem] == (
        ["conv", "maxpool", "lrn", "conv", "conv", "lrn", "maxpool"]
    )
    assert shapes(stem) == ("64x112x112 64x56x56 64x56x56 64x56x56 192x56x56 192x56x56 192x28x28")
    tail = [n for n in found.nodes if not n.training_only][-5:]
    assert shapes(tail) == "1024x7x7 1024x1x1 1024 1024 1000"


def test_googlenets_last_modules_are_as_the_table() -> None:
    """'5a: 256, 320 (160), 128 (32), 128; 5b: 384, 384 (192), 128 (48), 128'; 4e is as 5a."""
    found = shipped("googlenet")

    def widths(module: str) -> list[int]:
        convs = made_by(found, "conv")
        return [n.shape.channels for n in convs if n.path.startswith(f"inception{module}.")]

    assert widths("5a") == widths("4e") == [256, 160, 320, 32, 128, 128]
    assert widths("5b") == [384, 192, 384, 48, 128, 128]


def test_inceptions_pool_is_3x3() -> None:
    """'1x1 max pooling' is a slip: 3x3/1, padded by 1; its convolutions are padded 2, 1, 0."""
    found, pads = shipped("googlenet"), {}
    inside = [n for n in found.nodes if n.path.startswith("inception5b.")]
    (pool,) = [n for n in inside if n.op.family == "pool"]
    assert pool.op.describe() == "3x3/1 same"
    for node in (n for n in inside if n.op.family == "conv"):
        window = windows(found, node)[0]
        pads[window.kernel] = window.before
    assert pads == {1: 0, 3: 1, 5: 2}


# ---- 9. ResNet -------------------------------------------------------------------------------

# network: parameters, MACs, units of the stages, depth
RESNET = {
    "resnet18@a": (11_515_688, 1_794_805_760, (2, 2, 2, 2), 18),
    "resnet18": (11_689_512, 1_814_073_344, (2, 2, 2, 2), 18),
    "resnet34@a": (21_623_848, 3_644_493_824, (3, 4, 6, 3), 34),
    "resnet34": (21_797_672, 3_663_761_408, (3, 4, 6, 3), 34),
    "resnet50": (25_557_032, 3_857_973_248, (3, 4, 6, 3), 50),
    "resnet101": (44_549_160, 7_570_194_432, (3, 4, 23, 3), 101),
    "resnet152": (60_192_808, 11_282_415_616, (3, 8, 36, 3), 152),
}


@pytest.mark.parametrize("name", RESNET)
def test_resnet_is_as_its_table(name: str) -> None:
    """'112, 56, 28, 14, 7, 1; 1.8, 3.6, 3.8, 7.6 and 11.3 billion FLOPs', which are MACs."""
    count, macs, units, depth = RESNET[name]
    found, figures = shipped(name), report(name)
    assert (figures.params, figures.macs, figures.weight_layers) == (count, macs, depth)
    sizes = [*dict.fromkeys(node.shape[-1] for node in found.nodes if node.shape.rank)]
    assert sizes == [224, 112, 56, 28, 14, 7, 1]
    paths = {node.path for node in found.nodes}
    stages = [sum(f"layer{stage}.{i}.conv1" in paths for i in range(99)) for stage in (1, 2, 3, 4)]
    assert tuple(stages) == units
    assert not made_by(found, "dropout")


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("resnet18", "1.8"),
        ("resnet34@a", "3.6"),  # with option B, 3.66, it would round to 3.7
        ("resnet101", "7.6"),
        ("resnet152", "11.3"),
    ],
)
def test_the_row_of_flops_is_rounded(name: str, billions: str) -> None:
    assert f"{report(name).macs / 1e9:.1f}" == billions


def test_one_number_of_the_row_is_cut_off() -> None:
    """'3.8': ResNet-50 has 3.86 billion, and with the stride on its 3x3 4.09."""
    assert f"{report('resnet50').macs / 1e9:.2f}" == "3.86"
    assert report("resnet50@torchvision").macs == 4_089_184_256
    assert report("resnet101@torchvision").macs == 7_801_405_440
    assert report("resnet152@torchvision").macs == 11_513_626_624


def test_a_bottleneck_costs_70k_where_a_3x3_costs_600k() -> None:
    """'600K'; '16K + 36K + 16K = 70K' for each position: 8.47 times fewer."""
    direct = measure(of("input 256x1x1\nconv 3x3 256 nobias"))
    found = of("input 256x1x1\nconv 1x1 64 nobias > conv 3x3 64 nobias > conv 1x1 256 nobias")
    assert direct.params == direct.macs == 589_824
    assert params(found) == [16_384, 36_864, 16_384]
    assert measure(found).params == measure(found).macs == 69_632
    assert round(589_824 / 69_632, 2) == 8.47


@pytest.mark.parametrize(
    ("name", "last"),
    [("resnet18", 512), ("resnet34", 512), ("resnet50", 2048), ("resnet152", 2048)],
)
def test_the_last_maps_are_512_or_2048(name: str, last: int) -> None:
    """'Global average pool 1024' is a slip of the figure."""
    assert at(shipped(name), "flatten").shape == (last,)


def test_stages_begin_with_a_stride_but_the_first() -> None:
    """'3x3, stride 1': but for the first units of three stages, which halve the map."""
    found = shipped("resnet34")
    starts = [
        node.path
        for node in made_by(found, "conv")
        if node.op.describe().startswith("3x3/2") and node.path.endswith("conv1")
    ]
    assert starts == [f"layer{stage}.0.conv1" for stage in (2, 3, 4)]
    widths = [node.shape.channels for node in made_by(shipped("resnet152"), "add")]
    assert Counter(widths) == {256: 3, 512: 8, 1024: 36, 2048: 3}


# ---- 10. Other statements --------------------------------------------------------------------


@pytest.mark.parametrize(("k", "d"), [(3, 1), (3, 2), (5, 3), (7, 4)])
def test_a_dilated_window_spans_more(k: int, d: int) -> None:
    """'Dilated beside standard convolution': d*(k-1)+1."""
    assert field(f"conv {k}x{k} 8 dilation={d}") == window_span(k, d) == d * (k - 1) + 1
