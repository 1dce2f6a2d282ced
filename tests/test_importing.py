"""`archdsl import`: foreign modules as specs, proved against the modules themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from click.testing import CliRunner, Result
from conftest import ROOT
from foreign import REFUSED, TAKEN, Own
from torch import nn
from torchvision import models

import archdsl
from archdsl.cli import verbs
from archdsl.diagnostics import ArchError
from archdsl.format import format
from archdsl.importing import imported, network
from archdsl.importing.drafting import drafted
from archdsl.importing.gather import gather
from archdsl.importing.parts import parts
from archdsl.importing.sameness import essence
from archdsl.runtime.record import record
from archdsl.shapes import Shape
from archdsl.source import Source

pytestmark = pytest.mark.torch

GOLDEN = ROOT / "tests" / "golden" / "imported"
ATTENTION = ("maxvit", "swin", "vit")
BUILDERS = [name for name in models.list_models(models) if not name.startswith(ATTENTION)]
# One of each family, the smallest.
FAMILIES = """alexnet convnext_tiny densenet121 efficientnet_b0 googlenet inception_v3 mnasnet0_5
    mobilenet_v2 mobilenet_v3_small regnet_y_400mf resnet18 resnet50 shufflenet_v2_x0_5
    squeezenet1_1 vgg11_bn""".split()
READ = {"resnet50": 16, "vgg16": 13, "densenet121": 25, "googlenet": 38}  # with their lines


def spec(module: nn.Module, name: str, shape: Shape) -> str:
    """A module's spec."""
    training = record(module, name, shape, training=True)
    return imported(training, record(module, name, shape, training=False))


def input_of(name: str) -> Shape:
    """What a builder's network takes."""
    return Shape((3, 299, 299) if name == "inception_v3" else (3, 224, 224))


@contextmanager
def without_values() -> Iterator[None]:
    """A while in which parameters are made on `meta`: the larger networks take seconds to draw."""
    register = nn.Module.register_parameter

    def on_meta(module: nn.Module, name: str, param: nn.Parameter | None) -> None:
        if param is not None:
            param = nn.Parameter(param.to("meta"), param.requires_grad)
        register(module, name, param)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.Module, "register_parameter", on_meta)
        yield


def built(name: str) -> nn.Module:
    """torchvision's network of a name."""
    drawn = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    made: nn.Module = models.get_model(name, weights=None, **drawn)
    return made


@cache
def text_of(name: str) -> str:
    """The spec of torchvision's network of a name."""
    with without_values():
        module = built(name)
    return spec(module, name, input_of(name))


def stirred(module: nn.Module) -> nn.Module:
    """A module whose norms do something, as after training."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.running_mean, 0, 0.1)  # type: ignore[arg-type]
            nn.init.uniform_(part.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    return module


def proved(module: nn.Module, text: str, *shape: int) -> None:
    """The spec's own module takes the weights and answers the same, bit for bit."""
    ours = archdsl.loads(text).module()
    ours.load_state_dict(stirred(module).state_dict(), strict=True)
    x = torch.randn(2, *shape)
    with torch.no_grad():
        assert torch.equal(ours.eval()(x), module.eval()(x))


# ---- torchvision -----------------------------------------------------------------------------


def test_these_are_all_of_torchvisions_cnns() -> None:
    assert len(BUILDERS) == 68
    assert {*FAMILIES, *READ} <= {*BUILDERS}


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILDERS)
def test_every_builder_keeps_its_state(name: str) -> None:
    with without_values():
        module = built(name)
    found = archdsl.loads(text_of(name)).network
    assert found.state() == {key: tuple(value.shape) for key, value in module.state_dict().items()}
    assert len(text_of(name).splitlines()) < 90
    assert format(Source("<text>", text_of(name))) == text_of(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_the_folded_network_of_each_family_is_the_flat_one(name: str) -> None:
    with without_values():
        module = built(name)
    flat = drafted(gather(parts(record(module, name, input_of(name), training=True))), name)
    assert essence(archdsl.loads(text_of(name)).network) == essence(network(flat))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_network_of_each_family_answers_the_same(name: str) -> None:
    size = 80 if name == "inception_v3" else 64
    proved(built(name), text_of(name), 3, size, size)


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_families_read_as_a_person_would_write_them(
    name: str, expect: Callable[[Path, str], None]
) -> None:
    expect(GOLDEN / f"{name}.arch", text_of(name))
    assert len(text_of(name).splitlines()) == READ[name]


def test_the_page_shows_what_is_written() -> None:
    page = (ROOT / "docs" / "importing.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```arch\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert shown == (GOLDEN / "resnet50.arch").read_text(encoding="utf-8")


def test_training_has_the_heads_and_evaluation_has_not() -> None:
    with without_values():
        heads = archdsl.loads(text_of("googlenet")).network.heads
    assert [head.name for head in heads] == ["aux1", "aux2"]


# ---- small modules ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TAKEN, ids=lambda kind: kind.__name__)
def test_a_small_module_answers_the_same(kind: Any) -> None:
    shape = getattr(kind, "shape", (8, 12, 12))
    module = kind()
    text = spec(module, "small", Shape(shape))
    proved(module, text, *shape)
    for part in getattr(kind, "says", ()):
        assert part in text


@pytest.mark.parametrize(("kind", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_cannot_be_said_is_told_with_its_module(kind: Any, told: str) -> None:
    with pytest.raises(ArchError) as error:
        spec(kind(), "small", Shape((8, 12, 12)))
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "import"
    assert told in diagnostic.message


LENT = """\
network lent
  input 8x13x13
  a: conv 3x3/2 8 > skip: relu
  [ b: conv 3x3/2 8 > upsample mode=bilinear to=@skip + identity ]
  c: conv 3x3/2 8 > upsample to=@skip > upsample 2
"""


def test_generated_code_that_borrows_extents_is_taken_again() -> None:
    module = archdsl.loads(LENT).module()
    text = spec(module, "lent", Shape((8, 13, 13)))
    assert essence(archdsl.loads(text).network) == essence(archdsl.loads(LENT).network)
    proved(module, text, 8, 13, 13)
    proved(module, text, 8, 20, 31)


def test_a_module_is_left_as_it_was() -> None:
    module = Own(nn.BatchNorm2d(8)).eval()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    spec(module, "small", Shape((8, 12, 12)))
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert not any(part.training or part._forward_hooks for part in module.modules())


# ---- the verb --------------------------------------------------------------------------------


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(verbs, ["import", *words])
    assert "Traceback" not in result.output
    assert result.exit_code == code, result.output
    return result


NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.conv(x).relu().flatten(1))

class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2)

    def forward(self, x):
        return self.attention(x, x, x)[0]
"""


def test_a_class_of_a_file_is_printed(folder: Path) -> None:
    (folder / "net.py").write_text(NET)
    assert run("net.py:Net", "--input", "1x4x4").stdout == (
        "network Net(classes=10)\n"
        "  input 1x4x4\n"
        "  conv: conv 3x3 4 > relu > flatten\n"
        "  fc:   fc classes\n"
    )


def test_a_file_is_written_whole_or_not_at_all(folder: Path) -> None:
    (folder / "net.py").write_text(NET)
    result = run("net.py:Odd", "--input", "4x4", "-o", "odd.arch", code=1)
    assert "'attention' (MultiheadAttention) has no operator in Arch" in result.stderr
    assert not (folder / "odd.arch").exists()
    run("torchvision:squeezenet1_1", "-o", "net.arch", "--name", "fire")
    assert archdsl.load(folder / "net.arch").name == "fire"


def test_an_input_that_does_not_fit_is_told() -> None:
    told = run("torchvision:inception_v3", code=1).stderr
    assert (
        "error[import]: 'AuxLogits.conv1' (BasicConv2d) does not run on an input of 3x224x224"
        in told
    )
    assert "--input" in told
    run("torchvision:alexnet", "--input", "3x0x4", code=2)
