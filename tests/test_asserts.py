"""`assert` lines: what they measure, who holds a network to them, and with which values."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import archdsl
from archdsl.asserts import MEASURES
from archdsl.cli import verbs
from archdsl.documents import graph_document, json_of, network_from_json
from archdsl.pipeline import asserted, declared_in

# LeNet-5's figures, as its paper and the project's tables of facts have them; C1 to S4 look at
# 16x16 pixels at a stride of 4, and C5 at all 32x32.
LENET5 = {
    "params": 60_000,
    "params_with_heads": 60_000,
    "fixed": 840,
    "buffers": 0,
    "macs": 325_680,
    "macs_with_heads": 325_680,
    "receptive_field": 32,
    "stride": 4,
    "weight_layers": 4,
}
HOLDS = {"==": (0,), "!=": (-1, 1), "<": (1,), "<=": (0, 1), ">": (-1,), ">=": (-1, 0)}
BUDGET = """\
network budget(classes=10, width=8)
  input 3x32x32
  assert params < 300 + 10*classes, fits 3x8x8
  conv 3x3 width > relu > avgpool global > flatten
  fc classes

network free from budget(classes=1000)
"""


def refused(text: str, **settings: int) -> str:
    """What is said of a network that is not as it says, and nothing of one that is."""
    try:
        asserted(declared_in(text), settings)
    except archdsl.ArchError as error:
        return str(error)
    return ""


def holding(condition: str) -> str:
    """LeNet-5 with a condition."""
    return f"use lenet: lenet5\nnetwork again from lenet5\n  assert {condition}\n"


@pytest.mark.parametrize("sign", HOLDS)
@pytest.mark.parametrize("measure", LENET5)
def test_a_bound_holds_up_to_its_figure(measure: str, sign: str) -> None:
    for more in (-1, 0, 1):
        told = refused(holding(f"{measure} {sign} {LENET5[measure]} + {more}"))
        assert (told == "") == (more in HOLDS[sign])
        assert told.count("error[assert]") == bool(told)


def test_every_figure_of_the_report_is_a_measure() -> None:
    assert {*MEASURES} == {*LENET5, "elements"}


def test_a_bound_holds_along_every_axis() -> None:
    text = "network n\n  input 3x32x32\n  assert receptive_field {}\n  conv 5x3 8\n"
    for condition in ("< 6", "> 2", "!= 4"):
        assert refused(text.format(condition)) == ""
    for condition in ("< 5", "> 3", "== 5", "!= 3"):
        assert "receptive_field is 5x3" in refused(text.format(condition))


def test_fits_tries_the_first_input_and_keeps_the_others() -> None:
    text = (
        "network n\n  input 3x32x32\n  meta: input 4\n  assert fits {}\n"
        "  conv 3x3/2 8 valid > avgpool 7x7 valid > avgpool global > flatten\n"
        "  [ identity | @meta ]\n"
    )
    assert refused(text.format("3x15x15")) == ""
    assert "the 7x7 window of avgpool does not fit" in refused(text.format("3x14x14"))


def test_a_bound_follows_the_values_given_and_so_does_the_network() -> None:
    assert refused(BUDGET.partition("\n\n")[0]) == ""
    assert refused(BUDGET.partition("\n\n")[0], classes=70) == ""
    told = refused(BUDGET.partition("\n\n")[0], classes=100, width=64)
    assert "params is 8,292, and 1,300 is the bound" in told
    assert "help: this is with classes=100, width=64" in told


def test_a_variant_does_not_inherit() -> None:
    asserted(declared_in(BUDGET, "free"))


def test_a_document_keeps_them() -> None:
    made = archdsl.loads(BUDGET, network="budget").network
    assert len(made.asserts) == 2
    assert network_from_json(json_of(graph_document(made))).asserts == made.asserts


# ---- the verbs -------------------------------------------------------------------------------


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A spec that is no longer as it says."""
    monkeypatch.chdir(tmp_path)
    Path("budget.arch").write_text(BUDGET.replace("300", "100"))
    return "budget.arch:budget"


def run(line: str) -> Result:
    return CliRunner().invoke(verbs, line.split())


def test_check_and_compile_refuse(spec: str) -> None:
    for line in (f"check {spec}", f"compile {spec} -o budget.py"):
        result = run(line)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "error[assert]: params is 314, and 200 is the bound" in result.stderr
        assert "assert params < 100 + 10*classes, fits" in result.stderr
        assert "         ^^^^^^^^^^^^^^^^^^^^^^^^^\n" in result.stderr
    assert not Path("budget.py").exists()


def test_check_says_so_of_the_others(spec: str) -> None:
    result = run("check budget.arch")
    assert result.stdout == "free: fine: 3x32x32 -> 1000, 9,224 parameters\n"
    assert result.exit_code == 1


@pytest.mark.parametrize("line", ["summary", "show", "show --stage report", "draw -o n.svg"])
def test_what_shows_a_network_shows_this_one(line: str, spec: str) -> None:
    assert run(f"{line} {spec}").exit_code == 0


def test_an_object_shows_and_has_no_source(spec: str) -> None:
    network = archdsl.load(spec)
    assert (network.params, "314" in network.summary()) == (314, True)
    with pytest.raises(archdsl.ArchError, match="200 is the bound"):
        network.source  # noqa: B018
