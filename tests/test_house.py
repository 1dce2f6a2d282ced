"""The rules of the house: who may import whom, and what stands in one room only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from archdsl.ops import JOINTS, OPS
from archdsl.ops.base import Family

PACKAGE = Path(__file__).parent.parent / "archdsl"

# The rooms by layer. A room imports from lower layers, and from those before it in its own.
LAYERS = [
    "records garbage source shapes naming pytext latex schemes formula lengths",
    "diagnostics syntax ops symbols layout lessons allow codes timings",
    "library cache parser trees values graph copying",
    "unused modules expand",
    "field memory measure counts sizes passes asserts outline diff probes zoo lint claims",
    "draw summary plot torchgen documents show format",
    "importing",
    "runtime",
    "compiled pipeline",
    "api cli __main__ __init__",
]
RENDERERS = LAYERS[5].split()
ORDER = {room: i for i, room in enumerate(" ".join(LAYERS).split())}
UPWARD = {("__main__", "cli")}

DOORS = {
    "lark": {"parser"},
    "networkx": {"graph"},
    "click": {"cli"},
    "rich": {"summary"},
    "jinja2": {"torchgen"},
    "graphviz": {"draw"},
    "pygraphviz": {"draw"},
    "matplotlib": {"plot"},
    "pydantic": {"documents"},
    "torch": {"runtime"},
    "safetensors": {"runtime"},
}
# Operators' names that are also words of the language, of Graphviz or of `init` lines, or the
# names of families.
WORDS = {"identity", "none", "pad", "scale", *get_args(Family)}
FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The room that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All parts of a tree but those that only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from running(child)


def imports(path: Path) -> Iterator[tuple[str, ...]]:
    """What a file imports when it runs, as dotted names taken apart."""
    for node in running(tree(path)):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute"
            module = tuple(node.module.split("."))
            yield from ((*module, alias.name) for alias in node.names)


def rooms_used(path: Path) -> set[str]:
    """The other rooms of the package that a file imports."""
    used = {names[1] for names in imports(path) if names[0] == "archdsl" and len(names) > 1}
    return {name for name in used if name in ORDER} - {room(path)}


def called(path: Path) -> Iterator[str]:
    """The functions that a file calls, as they are written."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def docstrings(path: Path) -> set[int]:
    """The nodes of a file that are docstrings."""
    bodies = [getattr(node, "body", None) for node in ast.walk(tree(path))]
    firsts = [body[0] for body in bodies if isinstance(body, list) and body]
    return {id(first.value) for first in firsts if isinstance(first, ast.Expr)}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_every_room_has_its_layer() -> None:
    assert {room(path) for path in FILES} == set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_go_down_only(path: Path) -> None:
    here = room(path)
    upward = {used for used in rooms_used(path) if ORDER[used] > ORDER[here]}
    assert {(here, used) for used in upward} <= UPWARD


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_renderer_imports_another(path: Path) -> None:
    if room(path) in RENDERERS:
        assert not rooms_used(path) & set(RENDERERS)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_outside_libraries_enter_by_their_doors(path: Path) -> None:
    for names in imports(path):
        assert room(path) in DOORS.get(names[0], {room(path)}), names[0]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_ops_knows_operators(path: Path) -> None:
    if room(path) in ("ops", "schemes"):  # PyTorch names its gains after activations
        return
    known = {*OPS, *(joint.name for joint in JOINTS.values())} - WORDS
    skipped = docstrings(path)
    texts = {
        node.value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in skipped
    }
    found = texts & known
    assert found == set()


def test_the_grammar_and_the_templates_know_no_operator() -> None:
    known = {*OPS} - WORDS
    grammar = (PACKAGE / "grammar.lark").read_text(encoding="utf-8")
    rules = "\n".join(line.partition("//")[0] for line in grammar.splitlines())
    assert not {f'"{name}"' for name in known if f'"{name}"' in rules}
    for template in (PACKAGE.parent / "templates").glob("*.j2"):
        text = template.read_text(encoding="utf-8")
        assert not {name for name in known if f"'{name}'" in text or f'"{name}"' in text}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    if room(path) != "cli":
        talk = {"print", "input", "sys.exit", "exit", "quit", "sys.stdout.write", "os._exit"}
        assert not talk & set(called(path))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_after_expansion_nothing_looks_at_the_tree(path: Path) -> None:
    """The documents and texts of the tree itself apart."""
    layer = next(i for i, rooms in enumerate(LAYERS) if room(path) in rooms.split())
    if layer >= LAYERS.index(
        "field memory measure counts sizes passes asserts outline diff probes zoo lint claims"
    ):
        told = {"documents", "show", "format"}
        assert room(path) in told or not {"syntax", "parser"} & rooms_used(path)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_are_short_and_functions_shorter(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 550
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_no_two_layers_share_a_room() -> None:
    rooms = sorted(" ".join(LAYERS).split())
    assert all(a != b for a, b in pairwise(rooms))


def test_importing_the_package_is_cheap() -> None:
    assert rooms_used(PACKAGE / "__init__.py") == set()
