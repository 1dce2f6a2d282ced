"""`archdsl verify`: on small networks with known faults, and on torchvision's and timm's models."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from click.testing import CliRunner, Result
from torch import nn

import archdsl
from archdsl import pipeline
from archdsl.claims import Claim
from archdsl.cli import verbs
from archdsl.documents.claims import VerificationDocument
from archdsl.graph import Network
from archdsl.pipeline import declared_in, expanded
from archdsl.runtime.prediction import prediction

pytestmark = pytest.mark.torch
Run = Callable[..., Result]

# The branches begin alike, so that only their order tells the two apart.
SPEC = """\
network net(classes=10)
  input 3x16x16
  stem: conv 3x3 8 nobias
  norm: bn
  relu
  [ left: conv 1x1 8 > relu
  | right: conv 1x1 8 > relu > wide: conv 3x3 8 > relu ]
  one: conv 3x3 16 > relu
  two: conv 3x3 16 > relu
  maxpool 2x2 > flatten
  fc: fc classes
"""
MODEL = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.right = nn.Conv2d(8, 8, 1)
        self.wide = nn.Conv2d(8, 8, 3, padding=1)
        self.left = nn.Conv2d(8, 8, 1)
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.one = nn.Conv2d(16, 16, 3, padding=1)
        self.two = nn.Conv2d(16, 16, 3, padding=1)

    def forward(self, x):
        x = self.norm(self.stem(x)).relu()
        x = torch.cat([self.left(x).relu(), self.wide(self.right(x).relu()).relu()], 1)
        x = self.two(self.one(x).relu()).relu()
        return self.fc(nn.functional.max_pool2d(x, 2).flatten(1))
"""
NAMES = ("stem", "norm", "left", "right", "wide", "one", "two", "fc")


def renamed(text: str) -> str:
    """A model's text with other names for its layers."""
    for name in NAMES:
        text = text.replace(f"self.{name}", f"self.a_{name}")
    return text


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `verify` in a folder with the spec; models are written beside it."""
    monkeypatch.chdir(tmp_path)
    Path("net.arch").write_text(SPEC)

    def invoke(line: str, model: str = "") -> Result:
        Path("net.py").write_text(model)
        result = CliRunner().invoke(verbs, ["verify", *line.split()])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return invoke


def verdicts(result: Result) -> dict[str, tuple[str, str]]:
    """Verdicts and texts about the other side, by name."""
    claims = VerificationDocument.model_validate_json(result.stdout).claims
    return {each.name: (each.verdict, each.text) for each in claims if each.against}


def compared(run: Run, model: str, more: str = "") -> dict[str, tuple[str, str]]:
    """What a comparison of the spec with a model finds."""
    return verdicts(run(f"net.arch --against net.py:Net --json {more}", model))


# ---- the prediction --------------------------------------------------------------------------


def test_a_network_is_what_was_predicted(run: Run) -> None:
    result = run("googlenet@torchvision")
    assert result.exit_code == 0
    heading, *lines = result.stdout.splitlines()
    assert heading == "googlenet@torchvision, against its prediction"
    found = dict(line.strip().split("  agrees  ") for line in lines)
    found = {name.strip(): text for name, text in found.items()}
    assert found["parameters"] == "13,004,888"  # with heads, as torchvision counts
    assert found["MACs in inference"] == "1,498,376,192"
    assert found["outputs in training"] == "1000, 1000, 1000"


def told(predicted: str, compiled: str) -> dict[str, str]:
    """What differs between the prediction of one text and the code of another."""
    declared = declared_in(compiled)
    network: Network = expanded(declared_in(predicted))
    claims: list[Claim] = list(prediction(network, pipeline.compile(declared)))
    return {each.name: each.text for each in claims if each.verdict == "differs"}


def test_a_wrong_prediction_is_told() -> None:
    assert told(SPEC, SPEC) == {}
    assert told(SPEC, SPEC.replace("conv 3x3 8 nobias", "conv 5x5 8 nobias")) == {
        "state_dict": "'stem.weight' 8x3x3x3 predicted, 'stem.weight' 8x3x5x5 found",
        "parameters": "15,850 predicted, 16,234 found",
        "MACs in inference": "1,425,408 predicted, 1,523,712 found",
    }


def test_a_missing_layer_and_output_are_told() -> None:
    found = told(SPEC + "  relu\n  more: fc 5\n", SPEC)
    assert found["state_dict"] == "'more.weight' 5x10 predicted, nothing found"
    assert found["outputs in inference"] == "'0' 5 predicted, '0' 10 found"


# ---- another model ---------------------------------------------------------------------------


def test_the_same_keys_and_function(run: Run) -> None:
    found = compared(run, MODEL)
    assert {verdict for verdict, _ in found.values()} == {"agrees"}
    assert found["keys"][1] == "18, registered in another order"
    assert found["outputs in inference"][1] == "1x10, bit for bit"


@pytest.mark.parametrize("swapped", [False, True])
def test_other_keys_are_mapped_whatever_the_order(run: Run, swapped: bool) -> None:
    text = renamed(MODEL)
    if swapped:
        text = text.replace("self.a_left", "self.B").replace("self.a_stem", "self.A")
    found = compared(run, text)
    assert found["keys"][0] == "renamed"
    assert found["keys"][1].startswith("18 of 18: 'stem.weight' is '")
    assert found["weights"] == ("agrees", "18 tensors, matched by what each layer sees")
    assert found["outputs in inference"] == ("agrees", "1x10, bit for bit")
    assert run("net.arch --against net.py:Net", text).exit_code == 0


def test_a_linear_layer_may_be_a_convolution(run: Run) -> None:
    text = renamed(MODEL).replace("nn.Linear(1024, 10)", "nn.Conv2d(16, 10, 8)")
    found = compared(run, text.replace("2).flatten(1))", "2)).flatten(1)"))
    assert found["MACs in inference"][0] == "agrees"
    assert found["layers in inference"] == ("agrees", "8 see and make the same")


def test_activations_within_norms_are_no_difference(run: Run) -> None:
    norm = "class Norm(nn.BatchNorm2d):\n    def __init__(self, n):\n        super().__init__(n)\n"
    norm += "        self.act = nn.ReLU()\n    def forward(self, x):\n"
    norm += "        return self.act(super().forward(x))\n"
    text = renamed(MODEL).replace("class Net", f"{norm}\n\nclass Net")
    text = text.replace("nn.BatchNorm2d(8)", "Norm(8)").replace(
        "self.a_stem(x)).relu()", "self.a_stem(x))"
    )
    assert compared(run, text)["layers in inference"] == ("agrees", "8 see and make the same")


def test_several_outputs_in_a_dict(run: Run) -> None:
    text = MODEL.replace("return self.fc(", "return dict(out=self.fc(") + ")"
    text = text.rstrip().removesuffix(")") + ")\n"
    assert compared(run, text)["outputs in inference"][0] == "agrees"


FAULTS = {
    "norm": (("BatchNorm2d(8)", "BatchNorm2d(8, eps=1e-6)"), "'norm' makes something else than"),
    "padding": (
        (
            "self.two = nn.Conv2d(16, 16, 3, padding=1)",
            "self.two = nn.Conv2d(16, 16, 3, padding=1, padding_mode='reflect')",
        ),
        "'two' makes something else than",
    ),
    "order": (("self.two(self.one(x)", "self.one(self.two(x)"), "'one' sees something else than"),
    "activation": (("self.right(x).relu()", "self.right(x)"), "'wide' sees something else than"),
    "pool": (("max_pool2d", "avg_pool2d"), "'fc' sees something else than"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("own_names", [True, False])
def test_the_first_layer_that_differs_is_named(run: Run, fault: str, own_names: bool) -> None:
    change, told = FAULTS[fault]
    assert change[0] in MODEL
    model = MODEL.replace(*change)
    found = compared(run, model if own_names else renamed(model))
    if fault == "order" and not own_names:  # then nothing is wrong
        assert found["outputs in inference"] == ("agrees", "1x10, bit for bit")
        return
    verdict, text = found["layers in inference"]
    assert (verdict, text[: len(told)]) == ("differs", told)
    name = told.split("'")[1]
    assert f"'{name if own_names else f'a_{name}'}'" in text.removeprefix(told)
    assert found["outputs in inference"][0] == "differs"
    assert run("net.arch --against net.py:Net", model).exit_code == 1


def test_what_comes_behind_the_last_layer_shows_in_the_outputs(run: Run) -> None:
    model = MODEL.replace("return self.fc(", "return 2 * self.fc(")
    found = compared(run, model)
    assert found["layers in inference"][0] == "agrees"
    assert found["outputs in inference"] == ("differs", "1x10, off by 0.5 of the largest value")


def test_a_layer_without_a_partner_is_named_with_what_stands_there(run: Run) -> None:
    model = MODEL.replace(
        "wide = nn.Conv2d(8, 8, 3, padding=1)", "wide = nn.Conv2d(8, 8, 5, padding=2)"
    )
    for text in (model, renamed(model)):
        found = compared(run, text)
        assert found["parameters"] == ("differs", "15,850 here, 16,874 there")
        there = "wide" if text is model else "a_wide"
        assert found["weights"] == (
            "differs",
            "no layer with the tensors of 'wide' (weight 8x8x3x3, bias 8) sees the same input; of "
            f"the same input the other has '{there}' (weight 8x8x5x5, bias 8)",
        )
        assert "outputs in inference" not in found
    assert compared(run, model)["keys"] == (
        "differs",
        "wide.weight (8x8x3x3, 8x8x5x5) of another shape",
    )


def test_layers_that_only_training_runs(run: Run) -> None:
    side = "block side(classes) = avgpool global > flatten > fc: fc classes\n"
    spec = side + SPEC.replace("  one:", "  aux1: aux<side classes>(weight=0.3)\n  one:")
    Path("net.arch").write_text(spec)
    model = MODEL.replace("self.fc = ", "self.extra = nn.Linear(16, 10)\n        self.fc = ")
    model = model.replace("x = self.two", "y = self.extra(x.mean((2, 3)))\n        x = self.two")
    model = (
        model.replace("return self.fc(", "out = self.fc(")
        + "        return (out, y) if self.training else out\n"
    )
    found = compared(run, renamed(model).replace("self.extra", "self.a_extra"))
    assert found["outputs in training"] == ("agrees", "1x10, 1x10, bit for bit")
    found = compared(run, renamed(model).replace("self.extra(x", "self.extra(2 * x"))
    assert found["layers in inference"][0] == "agrees"
    assert found["layers in training"][0] == "differs"
    found = compared(run, MODEL)
    assert found["keys"][1].endswith("only here")


# ---- weights of files ------------------------------------------------------------------------


def model_of(text: str) -> nn.Module:
    """The model of a text, with weights drawn at random."""
    names: dict[str, type[nn.Module]] = {}
    exec(text, names)
    torch.manual_seed(3)
    return names["Net"]()


@pytest.mark.parametrize("kind", ["plain.pt", "wrapped.pth", "plain.safetensors"])
def test_weights_are_converted(run: Run, kind: str) -> None:
    text = renamed(MODEL)
    theirs = model_of(text).eval()
    state = theirs.state_dict()
    if kind.endswith(".safetensors"):
        safetensors.torch.save_file(state, kind)
    else:
        torch.save({"epoch": 3, "model": state} if kind.startswith("wrapped") else state, kind)
    line = f"net.arch --against net.py:Net --weights {kind} --save ours.safetensors"
    result = run(line, text)
    assert result.exit_code == 0
    assert result.stderr == "wrote ours.safetensors: 18 tensors\n"
    ours = archdsl.load("net.arch").module()
    ours.load_state_dict(safetensors.torch.load_file("ours.safetensors"))
    x = torch.randn(2, 3, 16, 16)
    assert torch.equal(ours.eval()(x), theirs(x))


def test_weights_of_a_difference_are_not_saved(run: Run) -> None:
    text = MODEL.replace("BatchNorm2d(8)", "BatchNorm2d(8, eps=1e-2)")
    torch.save(model_of(text).state_dict(), "theirs.pt")
    result = run("net.arch --against net.py:Net --weights theirs.pt --save a.safetensors", text)
    assert result.exit_code == 1
    assert "a.safetensors is not written" in result.stderr
    assert not Path("a.safetensors").exists()


def test_weights_alone_are_matched_by_key_or_order(run: Run) -> None:
    state = pipeline.network("net.arch").state()
    torch.save({key: torch.randn(shape) for key, shape in state.items()}, "own.pt")
    result = run("net.arch --weights own.pt --save out.safetensors")
    assert (result.exit_code, "18 tensors, matched by key" in result.stdout) == (0, True)
    assert safetensors.torch.load_file("out.safetensors").keys() == state.keys()
    torch.save({f"_{key}": torch.zeros(shape) for key, shape in state.items()}, "other.pt")
    assert "_norm.num_batches_tracked' [] float32" in run("net.arch --weights other.pt").stdout
    tensors = {
        f"_{key}": tensor for key, tensor in archdsl.load("net.arch").module().state_dict().items()
    }
    torch.save(tensors, "other.pt")
    result = run("net.arch --weights other.pt")
    assert (result.exit_code, "renamed  18 tensors, matched by order" in result.stdout) == (0, True)


def test_a_file_that_does_not_fit(run: Run) -> None:
    torch.save({"stem.weight": torch.zeros(8, 3, 3, 3)}, "few.pt")
    result = run("net.arch --weights few.pt")
    assert result.exit_code == 1
    assert "weights  " in result.stdout.replace("weights               ", "weights  ")
    assert "entry 1 disagrees: 'norm.weight' [8] float32 in the module, nothing" in result.stdout
    result = run("net.arch --against net.py:Net --weights few.pt", MODEL)
    assert result.exit_code == 1
    assert "the weights (there) do not fit 'net.py:Net' (here): fc.weight, fc.bias" in result.stderr


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.pt", b"nothing", "a.pt holds no weights that can be read"),
        ("a.safetensors", b"nothing", "a.safetensors is no file of safetensors"),
        ("a.pth", [1, 2], "a.pth holds no state_dict, but list"),
        ("b.pth", {"a": 1}, "b.pth holds no state_dict, but dict"),
        ("c.pth", nn.Linear(1, 1), "c.pth holds no weights that can be read (UnpicklingError)"),
    ],
)
def test_files_that_are_no_weights(run: Run, name: str, data: object, told: str) -> None:
    if isinstance(data, bytes):
        Path(name).write_bytes(data)
    else:
        torch.save(data, name)
    result = run(f"net.arch --weights {name}")
    assert (result.exit_code, f"error[weights]: {told}" in result.stderr) == (1, True)


# ---- usage -----------------------------------------------------------------------------------


def test_wrong_usage(run: Run) -> None:
    for line in ("net.arch --save a.safetensors", "net.arch --weights no.pt", "net.arch --size 0"):
        assert run(line).exit_code == 2
    Path("w.pt").touch()
    result = run("net.arch --weights w.pt --save a.pt")
    assert (result.exit_code, "'--save'" in result.stderr) == (2, True)


def test_without_torch(run: Run) -> None:
    code = "import sys; sys.modules['torch'] = None; from archdsl.cli import main; main()"
    words = [sys.executable, "-c", code, "verify", "net.arch"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error[torch]: verifying a network needs PyTorch" in done.stderr
    assert "pip install 'archdsl[torch]'" in done.stderr


def test_a_size_or_device_that_there_is_not(run: Run) -> None:
    result = run("net.arch --against net.py:Net --size 8", MODEL)
    assert "error[shape]: net takes no 3x8x8" in result.stderr
    result = run("net.arch --against net.py:Net --device nosuch", MODEL)
    assert "error[unknown]: there is no device 'nosuch' here" in result.stderr


def test_a_model_that_does_not_run_on_the_image(run: Run) -> None:
    result = run("net.arch --against net.py:Net", MODEL.replace("(3, 8", "(1, 8"))
    assert result.exit_code == 1
    assert "error[model]: 'net.py:Net' does not run on 1x3x16x16: RuntimeError" in result.stderr
    assert "net.py, line 18" in result.stderr


def test_settings_and_the_document(run: Run) -> None:
    result = run(
        "net.arch --set classes=7 --json --against net.py:Net", MODEL.replace(" 10)", " 7)")
    )
    document = json.loads(result.stdout)
    assert (document["network"], document["agrees"]) == ("net", True)
    assert {each["against"] for each in document["claims"]} == {"", "net.py:Net"}


# ---- libraries -------------------------------------------------------------------------------

# At 64x64. timm's DenseNet has torchvision's keys, its others their own.
TWINS = {
    "resnet18": ("timm:resnet18", 64, "agrees"),
    "googlenet@torchvision": ("torchvision:googlenet", 64, "agrees"),
    "shufflenet_v2_x1_0": ("torchvision:shufflenet_v2_x1_0", 64, "agrees"),
    "densenet121": ("timm:densenet121", 64, "agrees"),
    "mobilenet_v2": ("timm:mobilenetv2_100", 64, "renamed"),
    "squeezenet1_0": ("torchvision:squeezenet1_0", 64, "agrees"),
}


@pytest.mark.slow
@pytest.mark.parametrize("spec", TWINS)
def test_networks_of_libraries(run: Run, spec: str) -> None:
    reference, size, keys = TWINS[spec]
    found = verdicts(run(f"{spec} --against {reference} --size {size} --json"))
    assert {name for name, (verdict, _) in found.items() if verdict == "differs"} == set()
    assert found["keys"][0] == keys
    assert found["outputs in inference"][1] == "1x1000, bit for bit"
