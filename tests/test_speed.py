"""What makes it fast, told without a clock: work that grows as networks do, and what is kept."""

from __future__ import annotations

import cProfile
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
from click.testing import CliRunner, Result
from conftest import ROOT, SMALL

from archdsl import cache, pipeline
from archdsl.cli import verbs
from archdsl.torchgen.template import environment

RESIDUAL = """\
block unit = [ (conv 3x3 8 > bn > relu > conv 3x3 8 > bn) + identity ] > relu
network big
  input 8x8x8
  unit x({})
"""
CHAIN = "network big\n  input 8x8x8\n  conv 3x3 8 x({})\n"
LINES = "network big\n  input 8x8x8\n{}"
SHAPES: dict[str, Callable[[int], str]] = {
    "chain": CHAIN.format,
    "residual": lambda n: RESIDUAL.format(n // 7),
    "lines": lambda n: LINES.format("  conv 3x3 8 > relu\n" * (n // 2)),
    "wide": lambda n: LINES.format(f"  [ {' | '.join(['conv 3x3 8'] * n)} ]\n"),
    "dense": lambda n: (
        "block layer = [ identity | conv 3x3 1 ]\n" + LINES.format(f"  layer x({n // 2})\n")
    ),
}


# ---- scale -----------------------------------------------------------------------------------


def calls(text: str) -> int:
    """How many functions are called from the text of a spec to its source, warnings and figures."""
    profile = cProfile.Profile()
    profile.enable()
    declared = pipeline.declared_in(text)
    network = pipeline.asserted(declared)
    pipeline.warnings(declared.module, {declared: network})
    pipeline.report(network)
    pipeline.generated(declared, network, {}, None)
    profile.disable()
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_four_times_the_network_takes_four_times_the_work(shape: str) -> None:
    calls(SHAPES[shape](50))  # what is made once in a process
    small, large = calls(SHAPES[shape](150)), calls(SHAPES[shape](600))
    assert large / small < 4.2


@pytest.mark.slow
@pytest.mark.torch
def test_long_networks_compile_to_what_python_imports() -> None:
    """Ten thousand layers by number, and the 1,202 of the paper's largest ResNet (n=200)."""
    pytest.importorskip("torch")
    chain = pipeline.compile(pipeline.declared_in(CHAIN.format(10_000)))
    residual = pipeline.declared("resnet1202")
    assert pipeline.report(pipeline.expanded(residual)).weight_layers == 1202
    for source in (chain, pipeline.compile(residual)):
        exec(compile(source, "<compiled>", "exec"), {"__name__": "compiled"})


# ---- what is kept between runs ---------------------------------------------------------------

USER = """\
use "parts.arch": part
network user(c=8)
  input 3x8x8
  part > conv 3x3 c > relu
  relu
"""
PART = "block part = conv 3x3 4\n"


@pytest.fixture
def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a spec that uses another."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    (folder / "parts.arch").write_text(PART)
    (folder / "user.arch").write_text(USER)
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(verbs, words)


def compiled(*words: str) -> tuple[str, str]:
    """What `compile` prints: the source, and the warnings."""
    result = run("compile", *words, "-o", "-")
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def made_anew(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Notes each network that is generated from here on."""
    found: list[object] = []
    generated = pipeline.generated

    def noted(*arguments: object) -> str:
        found.append(arguments)
        return generated(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "generated", noted)
    return found


def test_the_second_time_is_the_same_and_makes_nothing(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compiled("user.arch")
    assert "warning[double-activation]" in first[1]
    anew = made_anew(monkeypatch)
    assert compiled("user.arch") == first
    assert not anew
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert compiled("user.arch") == first
    assert len(anew) == 1


def spec(kept: Path) -> list[str]:
    (kept / "user.arch").write_text(USER.replace("part > ", "part > relu > "))
    return ["user.arch"]


def used(kept: Path) -> list[str]:
    (kept / "parts.arch").write_text(PART.replace("4", "5"))
    return ["user.arch"]


def moved(kept: Path) -> list[str]:
    """The file used is a link, and leads elsewhere."""
    (kept / "other.arch").write_text(PART.replace("4", "6"))
    (kept / "parts.arch").unlink()
    (kept / "parts.arch").symlink_to("other.arch")
    return ["user.arch"]


def setting(kept: Path) -> list[str]:
    return ["user.arch", "--set", "c=16"]


def template(kept: Path) -> list[str]:
    (kept / "own.j2").write_text("# {{ module.name }}\n")
    return ["user.arch", "--template", "own.j2"]


@pytest.mark.parametrize("change", [spec, used, moved, setting, template])
def test_what_the_source_depends_on_is_looked_at(
    change: Callable[[Path], list[str]], kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compiled("user.arch")
    words = change(kept)
    second = compiled(*words)
    assert second[0] != first[0]
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert compiled(*words) == second


def test_a_file_that_is_gone_is_missed(kept: Path) -> None:
    compiled("user.arch")
    (kept / "parts.arch").unlink()
    assert run("compile", "user.arch", "-o", "-").exit_code == 1


def test_another_tool_reads_nothing_of_this_one(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled("user.arch")
    anew = made_anew(monkeypatch)
    monkeypatch.setattr(cache, "stamp", lambda: "another")
    compiled("user.arch")
    assert len(anew) == 1


def test_the_stamp_is_that_of_the_sources(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    file = tmp_path / "room/base.py"
    file.write_text("one")
    os.utime(file, ns=(0, 0))
    before = [*cache.sources(str(tmp_path))]
    file.write_text("two")
    os.utime(file, ns=(0, 1))
    assert [path for path, *_ in before] == [str(file)]
    assert [*cache.sources(str(tmp_path))] != before


@pytest.mark.parametrize("damage", [b"", b"\x80", b"cos\nnone\n.", pickle.dumps(())])
def test_damaged_entries_are_none(damage: bytes, kept: Path) -> None:
    first = compiled("user.arch")
    for entry in (kept / "cache/archdsl").iterdir():
        entry.write_bytes(damage)
    assert compiled("user.arch") == first


def test_a_template_is_compiled_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def own(text: str) -> str:
        (kept / "own.j2").write_text(text)
        environment.cache_clear()  # as in another run
        return compiled("user.arch", "--template", "own.j2")[0]

    first, second = own("# {{ module.name }}\n"), own("# {{ module.class_name }}\n")
    assert first != second
    monkeypatch.delattr(jinja2.Environment, "compile")
    assert own("# {{ module.class_name }}\n") == second


def test_two_names_with_one_checksum_are_told_apart(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "place", lambda name: str(kept / "cache/archdsl/one"))
    cache.write("a", 1)
    assert (cache.read("a"), cache.read("b")) == (1, None)


def test_nothing_is_left_beside_the_entries(kept: Path) -> None:
    (kept / "cache").write_text("")  # no folder can be here
    compiled("user.arch")
    (kept / "cache").unlink()
    compiled("user.arch")
    assert all(len(entry.name) == 8 for entry in (kept / "cache/archdsl").iterdir())


WRITER = """
import sys
from archdsl import cache
for _ in range(50):
    cache.write("shared", sys.argv[1] * 1_000_000)
"""


def started(*arguments: str) -> subprocess.Popen[bytes]:
    """A Python that has the package and the cache of the test."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *arguments], env=environment)


@pytest.mark.slow
def test_what_is_read_while_others_write_is_whole(kept: Path) -> None:
    writers = [started("-c", WRITER, letter) for letter in "ab"]
    found = set()
    while any(writer.poll() is None for writer in writers):
        value = cache.read("shared")
        found.add(value and (len(value), *set(value)))
    assert [writer.returncode for writer in writers] == [0, 0]
    assert found - {None} <= {(1_000_000, "a"), (1_000_000, "b")}
    assert cache.read("shared") in ("a" * 1_000_000, "b" * 1_000_000)


@pytest.mark.slow
def test_processes_at_once_compile_the_same(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main = "from archdsl.cli import main; main()"
    for text in (SMALL, SMALL.replace("16", "32")):
        (kept / "small.arch").write_text(text)
        names = [f"{i}.py" for i in range(3)]
        running = [started("-c", main, "compile", "small.arch", "-o", name) for name in names]
        assert [process.wait() for process in running] == [0] * len(names)
        with monkeypatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", os.devnull)
            wanted, _ = compiled("small.arch")
        assert {(kept / name).read_text() for name in names} == {wanted}
