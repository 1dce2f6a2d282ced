"""Documents: a network's reads back as the same network, and what is no network's is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from families import NETWORKS

from archdsl.diagnostics import ArchError
from archdsl.documents import (
    SCHEMAS,
    graph_document,
    json_of,
    network_from_json,
    report_document,
    schema,
    tree_document,
)
from archdsl.graph import Network, Node, Scope
from archdsl.library import shipped
from archdsl.measure import measure
from archdsl.pipeline import draw, module, network
from archdsl.symbols import Binding, Computed, Given


def node_facts(node: Node) -> tuple[Any, ...]:
    return (
        *(node.index, node.name, node.path, node.op, node.inputs, node.shape),
        *(node.span, node.device, node.training_only, node.schedule),
        *(node.scope.path, node.scope.kind),
        *(node.sources, {name: symbol_facts(sym) for name, sym in node.symbols.items()}),
    )


def symbol_facts(symbol: Any) -> Any:
    if isinstance(symbol, Given):
        return binding_facts(symbol.binding)
    if isinstance(symbol, Computed):
        return (symbol.sign, *map(symbol_facts, symbol.operands))
    return symbol


def binding_facts(binding: Binding) -> tuple[Any, ...]:
    home = binding.home.path if binding.home else None
    return (binding.name, binding.value, binding.default, home, symbol_facts(binding.symbol))


def scope_facts(scope: Scope) -> tuple[Any, ...]:
    params = [binding_facts(binding) for binding in scope.params]
    items = [item.index if isinstance(item, Node) else scope_facts(item) for item in scope.items]
    return (
        *(scope.kind, scope.name, scope.path, scope.numbered, scope.definition, scope.title),
        *(scope.entry, scope.exit, scope.source, scope.end, scope.span, params, items),
        *(scope.chosen, scope.goal, scope.joint, scope.ends, symbol_facts(scope.condition)),
    )


def network_facts(found: Network) -> tuple[Any, ...]:
    return (
        *(
            found.name,
            found.about,
            found.source,
            found.outputs,
            found.heads,
            found.inits,
            found.asserts,
        ),
        [node_facts(node) for node in found.nodes],
        scope_facts(found.root),
        found.state(),
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_a_networks_document_reads_back(name: str) -> None:
    made = network(name)
    text = json_of(graph_document(made))
    read = network_from_json(text)
    same = network_facts(read) == network_facts(made)
    assert same
    assert measure(read) == measure(made)
    same = json_of(graph_document(read)) == text
    assert same


@pytest.mark.parametrize(
    "line",
    [
        "convt 2x2/2 4",
        "convt 2x2/2 4 extra=0",
        "convt 2x2/2 4 extra=1",
        "[ conv 3x3/2 4 + given 1x1/_ _ ]",
        "[ conv 3x3/2 4 + given(1x1/_, 4) ]",
    ],
)
def test_what_is_seldom_written_reads_back(line: str, made: Callable[[str], Network]) -> None:
    spec = f"let given(k, c) = conv k c > bn\nnetwork test\n  input 3x8x8\n  {line}\n"
    text = json_of(graph_document(made(spec)))
    assert json_of(graph_document(network_from_json(text))) == text


@pytest.mark.parametrize("name", ["googlenet", "resnet50", "alexnet@two_gpus", "lenet5"])
@pytest.mark.parametrize("level", ["block", "layer"])
def test_a_network_read_back_draws_the_same(name: str, level: str) -> None:
    made = network(name)
    read = network_from_json(json_of(graph_document(made)))
    same = draw(read, level, "dot") == draw(made, level, "dot")
    assert same


@pytest.mark.parametrize("stem", [path.stem for path in sorted(shipped("specs").glob("*.arch"))])
def test_a_tree_says_what_its_parts_are(stem: str) -> None:
    spec = module(str(shipped("specs") / f"{stem}.arch")).spec
    tree = json.loads(json_of(tree_document(spec)))
    assert tree["type"] == "Spec"
    assert [item["name"] for item in tree["networks"]] == [item.name for item in spec.networks]
    assert {item["type"] for item in tree["definitions"]} <= {"Definition"}


def test_a_report_keeps_its_figures() -> None:
    found = measure(network("googlenet"))
    report = json.loads(json_of(report_document(found)))
    assert report["params"] == found.params
    assert len(report["rows"]) == len(found.rows)
    assert report["rows"][0]["shape"] == [3, 224, 224]


@pytest.mark.parametrize("stage", SCHEMAS)
def test_every_document_has_a_schema(stage: str) -> None:
    published = json.loads(schema(stage))
    assert published["$schema"].startswith("https://json-schema.org/")
    assert "properties" in published


def changed(document: dict[str, Any], path: str, value: Any) -> str:
    *outer, last = path.split(".")
    part: Any = document
    for key in outer:
        part = part[int(key) if key.isdigit() else key]
    part[int(last) if last.isdigit() else last] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("version", 2, "version"),
        ("nodes.1.op.name", "convolution", "no operator 'convolution'"),
        ("nodes.1.op.arguments.size", "3x3", "no such 'size'"),
        ("nodes.1.op.arguments.size", [3], "arguments do not fit"),
        ("nodes.1.op.arguments.stride", [0, 0], "no such 'stride'"),
        ("nodes.1.op.arguments.channels", True, "no such 'channels'"),
        ("nodes.1.op.arguments.surprise", 1, "other arguments"),
        ("nodes.1.shape", [6, 27, 27], "makes 6x28x28, and not 6x27x27"),
        ("nodes.1.inputs", [1], "made behind it"),
        ("nodes.1.inputs", [-1], "inputs"),
        ("nodes.1.inputs", [], "arguments do not fit"),
        ("nodes.1.path", "elsewhere", "another place"),
        ("nodes.1.name", "a; import os", "name"),
        ("nodes.1.span.source", 7, "no source"),
        ("nodes.1.span.end", 10**9, "within its source"),
        ("root.items.1", 2, "walking order"),
        ("root.items.1", 99, "walking order"),
        ("root.exit", 99, "no node 99"),
        ("root.items.2", {}, "items"),
        ("root.items", [0, 1], "there is no node"),
        ("outputs", [], "no output"),
        ("outputs.0.node", 99, "no node 99"),
        ("sources", [], "no source"),
        ("extra", 1, "extra"),
        ("root.params", [99], "a parameter that is not there"),
        ("bindings.0.home", 99, "no scope 99"),
        ("nodes.1.symbols", {"c": {"type": "given", "binding": 99}}, "is not there"),
    ],
)
def test_what_is_no_networks_document_is_refused(path: str, value: Any, message: str) -> None:
    document = json.loads(json_of(graph_document(network("lenet5"))))
    with pytest.raises(ArchError, match="no network's document") as caught:
        network_from_json(changed(document, path, value))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": 1}', b"\xff\xfe"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ArchError, match="no network's document"):
        network_from_json(text)
