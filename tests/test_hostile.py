"""Hostile specs: what an author writes as a text or a name is never more than that."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from random_specs import LABELS, NAMES

from archdsl import documents, pipeline
from archdsl.cli.group import verbs
from archdsl.diagnostics import ArchError, render
from archdsl.draw import LEVELS
from archdsl.layout import MAX_SIZE
from archdsl.modules import MAX_USES, DeclaredNetwork, Loader
from archdsl.naming import MODULE_ATTRIBUTES
from archdsl.source import Source

SPEC = """\
let {let}(c) = conv 1x1 c > relu
block {block}<{body}>({param}, {other}=3)  # {comment}
  {inner}: conv {other} {param}
  {body}
  [ identity + @{inner} > conv 1x1 {param} ]
network {network}({setting}=4) "{about}"   # {comment}
  {input}: input 4x8x8
  {label}: {block}<{let} 4>(4)
  # {comment}
  {many}#: {block}<relu>({param}={setting}) x2
  conv 1x1 4 connect="{connect}"
  [ @{label} + identity + @{input} ]
  output {output} > conv 1x1 4
  {head}: aux<avgpool global > flatten > fc 3>
  init {label}, conv: normal std=0.1
"""
PLAIN = {
    "let": "plain_let",
    "block": "plain_block",
    "body": "plain_body",
    "param": "plain_param",
    "other": "plain_other",
    "inner": "plain_inner",
    "network": "plain_network",
    "setting": "plain_setting",
    "input": "plain_input",
    "label": "plain_label",
    "many": "plain_many",
    "output": "plain_output",
    "head": "plain_head",
    "about": "plain about",
    "comment": "plain comment",
    "connect": "0,1 1 2 3",
}
COLORS = re.compile(r"\x1b\[[\d;]*m")
PLACES = [place for place in PLAIN if place not in ("about", "comment", "connect")]
ATTACKS = [
    '"""',
    "'''",
    '""" + exec("ATTACK") + """',
    "\\",
    "\\\\",
    '\\"\\"\\"',
    "\\N{DIGIT ONE}\\x22\\u0022\\042",
    "{{ 7 * 191 }}{% for x in range(9) %}ATTACK{% endfor %}{# #}",
    "{0} {x!r} %s %(x)s $x ${x}",
    "# type: ignore # noqa # fmt: off",
    "</text><script>ATTACK</script>&lt;&#60;",
    "\\N \\l \\r } ]; ATTACK [label=<",
    "\u202eATTACK\u202d\u2066\u2069\u200f",
    "\x1b[31m\x1b]0;ATTACK\x07\x9b31m",
    "\x00\x08\x7f",
    "x" * 500,
    "import os; os.abort()",
    *(f"a{end}import ATTACK{end}b" for end in "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"),
]
TEXTS = st.one_of(
    st.sampled_from(ATTACKS),
    st.lists(st.sampled_from(ATTACKS), max_size=3).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
WORDS = sorted(
    {*LABELS, *NAMES, *dir(__builtins__), *"exec eval open os sys Module args cli run".split()}
)
IDENTIFIERS = st.one_of(
    st.sampled_from([word for word in WORDS if re.fullmatch(r"[A-Za-z]\w*", word)]),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True),
)


def one_line(text: str, *without: str) -> str:
    """A text that ends where its string or comment does."""
    for sign in ("\n", *without):
        text = text.replace(sign, "'")
    return text


def declared(words: dict[str, str], file: str = "plain.arch") -> DeclaredNetwork:
    """The network of the spec with some of its words exchanged."""
    text = SPEC.format(**{**PLAIN, **words})
    return loader().module(Source(file, text)).own_networks[0]


@cache
def loader() -> Loader:
    """Reads the library once for all cases."""
    return Loader()


@cache
def plain_code() -> ast.Module:
    """The code of the spec with harmless words."""
    return code({})


def code(words: dict[str, str], file: str = "plain.arch") -> ast.Module:
    """The generated code as a tree, without its docstrings."""
    tree = ast.parse(pipeline.compile(declared(words, file)))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body[0] = ast.Pass()
    return tree


def identifiers(tree: ast.Module) -> Iterator[str]:
    """Everything in a tree that an author could have named, texts among it."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "name", "arg", "value"):
            found = getattr(node, field, None)
            if isinstance(found, str):
                yield found


def kinds(tree: ast.Module) -> list[str]:
    """The statements at the top, and those within each class."""
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    return [type(node).__name__ for body in bodies for node in body]


# ---- texts ---------------------------------------------------------------------------------


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(TEXTS, TEXTS, TEXTS)
def test_no_text_of_a_spec_is_code(about: str, comment: str, file: str) -> None:
    words = {"about": one_line(about, '"'), "comment": one_line(comment)}
    tree = code(words, file)
    assert ast.dump(tree) == ast.dump(plain_code())


@pytest.mark.parametrize("text", ATTACKS)
def test_no_attack_goes_further_than_its_line(text: str) -> None:
    source = pipeline.compile(declared({"about": one_line(text, '"'), "comment": text}, text))
    assert all(letter.isprintable() or letter == "\n" for letter in source)
    assert "1337" not in source
    assert source.count("ATTACK") == source.split('"""')[1].count("ATTACK")


@pytest.mark.parametrize(
    "line",
    [
        'conv 3x3 4 connect="{}"',
        'upsample 2 mode="{}"',
        'gelu approximate="{}"',
        'dropout "{}"',
        'conv 3x3 "{}"',
        'conv 3x3 4 pad="{}"',
        'init conv: "{}"',
        'init conv: normal std="{}"',
        'init conv: kaiming_normal "{}"',
        'init conv: normal std=0.1 bias="{}"',
        'relu x("{}")',
        'on "{}"<relu>',
        'aux<relu>(weight="{}")',
        'use "{}": unit',
        'use vgg: "{}"',
        "@{}",
        "{}",
    ],
)
def test_a_text_where_another_value_belongs_is_no_code(line: str) -> None:
    plain = of_line(line, "#")
    for text in (one_line(text, '"') for text in ATTACKS):
        found = of_line(line, text)
        assert found == plain or found == "refused"


def of_line(line: str, text: str) -> str:
    """The code of a network with a text in one of its lines, or that it is refused."""
    said = line.format(text)
    before, body = (said, "relu") if line.startswith("use") else ("", said)
    spec = f"{before}\nnetwork n\n  input 4x8x8\n  conv 3x3 4\n  {body}\n"
    try:
        (network,) = loader().module(Source("plain.arch", spec)).own_networks
        return ast.dump(ast.parse(pipeline.compile(network)))
    except ArchError as error:
        printed(str(error))
        return "refused"


def printed(text: str) -> None:
    """A text can be shown: it steers no terminal."""
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_connections_are_numbers() -> None:
    strange = code({"connect": "0,1\x1c1 \u20282\u3000٣"})
    assert ast.dump(strange) == ast.dump(plain_code())


# ---- names ---------------------------------------------------------------------------------


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(PLACES), IDENTIFIERS, min_size=1, max_size=4))
def test_names_are_only_ever_names(words: dict[str, str]) -> None:
    try:
        tree = code(words)
    except ArchError:
        return
    plain = plain_code()
    assert kinds(tree) == kinds(plain)
    known = {*identifiers(plain), "add_module", "get_submodule", "OrderedDict", "collections"}
    for found in {*identifiers(tree)} - known:
        assert any(derived(found, word) for word in [*words.values(), *PLAIN.values()]), found


def derived(found: str, word: str) -> bool:
    """Whether an identifier, a path or a class's name comes of a word and numbers alone."""
    letters = re.sub(r"[^A-Za-z]", "", word).lower()
    rest = [re.sub(r"[_\d-]|output$|eval", "", part.lower()) for part in found.split(".")]
    return any(part in letters or letters in part for part in rest)


HYPHENS = ["a-b", "a-", "a--b", "lambda-x", "x-1", "a-b-c", "class", "lambda", "a__b", "A"]


@pytest.mark.parametrize("label", HYPHENS)
@pytest.mark.parametrize("place", ["label", "many", "inner", "head"])
def test_labels_that_are_no_identifiers_are_texts(place: str, label: str) -> None:
    tree = code({place: label})
    assert kinds(tree) == kinds(plain_code())
    assert label in "\n".join(identifiers(tree)) or label.replace("-", "_") in "\n".join(
        identifiers(tree)
    )


def test_no_label_takes_the_place_of_what_a_module_has() -> None:
    for label in (
        *sorted(MODULE_ATTRIBUTES)[::9],
        "__class__",
        "__init__",
        "__x",
        "__",
        "__dict__",
    ):
        with pytest.raises(ArchError) as caught:
            pipeline.expanded(declared({"label": label}))
        (diagnostic,) = caught.value.diagnostics
        pipeline.expanded(declared({"label": diagnostic.help.split("'")[1]}))


# ---- what is run, written and shown ----------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("text", ATTACKS)
def test_importing_defines_and_does_nothing_else(text: str, capfd: Any) -> None:
    from archdsl.runtime.module import imported

    words = {"about": one_line(text, '"'), "comment": text, "label": "exec", "many": "a-b"}
    imported(pipeline.compile(declared({})), "plain")  # what it imports is there
    capfd.readouterr()
    before = {*sys.modules}
    module = imported(pipeline.compile(declared(words, text)), "hostile")
    assert {*sys.modules} - before <= {module.__name__}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("text", [one_line(text, '"') for text in ATTACKS])
def test_documents_are_json_and_read_back(text: str) -> None:
    network = pipeline.expanded(declared({"about": text, "comment": text}, text))
    written = documents.json_of(documents.graph_document(network))
    assert json.loads(written)["about"] == text
    assert documents.network_from_json(written).about == text
    json.loads(documents.json_of(documents.tree_document(declared({"about": text}).module.spec)))


@pytest.mark.parametrize("text", [one_line(text, '"') for text in ATTACKS])
def test_summaries_and_figures_show_no_control_characters(text: str) -> None:
    network = pipeline.expanded(declared({"about": text, "comment": text}, text))
    assert all(c.isprintable() or c == "\n" for c in pipeline.summary(network))
    for level in LEVELS:
        dot = pipeline.draw(network, level, "dot").decode()
        assert "<script" not in dot
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", dot)


def test_half_a_character_is_refused() -> None:
    for words in ({"about": "a\ud800b"}, {"comment": "\udcff"}):
        with pytest.raises(ArchError, match="half a character"):
            declared(words)


def test_messages_show_no_control_characters_of_a_file_name() -> None:
    source = Source("a\x1b[31m\nb\u202e\ud800.arch", "network n\n  input 3x8x8\n  conw 3x3 4\n")
    with pytest.raises(ArchError) as caught:
        pipeline.expanded(Loader().module(source).network())
    assert len(str(caught.value).splitlines()) == 6
    printed(str(caught.value))
    printed(COLORS.sub("", render(caught.value.diagnostics, color=True)))


# ---- files and the command line --------------------------------------------------------------


def ran(*arguments: str) -> tuple[int, str]:
    """The exit code of a command and what it has said, which steers no terminal."""
    result = CliRunner().invoke(verbs, arguments, catch_exceptions=False)
    assert all(letter.isprintable() or letter in "\n\t" for letter in result.output)
    return result.exit_code, result.output


@pytest.mark.parametrize("text", [text for text in ATTACKS if "\0" not in text])
def test_the_command_line_says_no_control_characters(text: str, folder: Path) -> None:
    assert ran("check", text)[0] == 1
    assert ran("check", f"small.arch:{text}")[0] == 1
    assert ran("compile", "small.arch", "-o", "-", "--set", f"classes={text}")[0] in (1, 2)
    assert ran("compile", "small.arch", "-o", "-", "--set", f"{text}=3")[0] in (1, 2)
    if "/" in text or len(text) > 100:
        return
    for words in ("conv 3x3 4", "conw 3x3 4"):
        (folder / f"{text}.arch").write_text(f"network n\n  input  3x8x8\n  {words}\n")
        code = ran("compile", f"{text}.arch", "-o", f"{text}.py")[0]
        assert code == ("conw" in words)
    ast.parse((folder / f"{text}.py").read_text("utf-8"))
    ran("fmt", f"{text}.arch")
    ran("show", f"{text}.arch", "--stage", "tree")
    json.loads(ran_json(f"{text}.arch"))


def ran_json(spec: str) -> str:
    return CliRunner().invoke(verbs, ["check", spec, "--json"]).output


def test_a_file_name_that_is_no_text_is_shown(folder: Path) -> None:
    path = folder / "a\udcff.arch"
    path.write_text("network n\n  input 3x8x8\n  conv 3x3 4\n")
    network = pipeline.network(str(path))
    json.loads(documents.json_of(documents.graph_document(network)))
    assert pipeline.compile(pipeline.declared(str(path))).encode()


@pytest.mark.parametrize("name", ["a" * 5000, "a/" * 5000, "a\0b", "", ".", "/dev/zero"])
def test_names_that_no_file_can_have_are_told(name: str) -> None:
    for spec in (name, f"{name}.arch:net"):
        with pytest.raises(ArchError):
            pipeline.network(spec)
    with pytest.raises(ArchError, match="there is no spec"):
        pipeline.declared_in(f'use "{name}": unit\nnetwork n\n  input 3\n  relu\n')


def test_of_a_file_that_is_too_large_little_is_read(folder: Path) -> None:
    with (folder / "huge.arch").open("wb") as file:
        file.truncate(50 * MAX_SIZE)
    with pytest.raises(ArchError, match="larger than 1,000,000 characters"):
        pipeline.network("huge.arch")


def test_files_that_use_each_other_without_end_are_refused(folder: Path) -> None:
    for i in range(MAX_USES + 2):
        text = f'use "f{i + 1}.arch": u\nlet own{i} = u\nlet v{i} = relu\n'
        (folder / f"f{i}.arch").write_text(text)
    with pytest.raises(ArchError, match=f"more than {MAX_USES} deep"):
        pipeline.asked("f0.arch")
