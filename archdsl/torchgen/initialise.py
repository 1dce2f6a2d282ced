"""What the `init` lines of a spec say, as a loop over the modules at the constructor's end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from archdsl.graph import Initialisation, Network, Node
from archdsl.pytext import Wrapped, call, literal, prefixed
from archdsl.schemes import SCHEMES
from archdsl.torchgen.constructor import module_of, statement


def initialisation(network: Network) -> list[str]:
    """The loop, or nothing where PyTorch's defaults hold."""
    # Of nodes that are alike, one.
    nodes = {node.applied: node for node in network.nodes}.values()
    names = {node.op.name for node in nodes}
    general = [(i, kinds(i, network, nodes)) for i in network.inits if set(i.targets) & names]
    special = [i for i in network.inits if not set(i.targets) <= names]
    general = [(init, found) for init, found in general if found]
    body: list[str] = []
    for init, found in general:
        body.append(f"    if isinstance(module, {' | '.join(found)}):")
        body += filled(init)
    if body:
        body.insert(0, "for module in self.modules():")
    for init in special:
        body += named(init, network)
    return body


def named(init: Initialisation, network: Network) -> list[str]:
    """What fills the weights and the biases of the items that a line names by their label."""
    options = dict(init.options)
    bias = options.pop("bias", None)
    body = []
    if (scheme := init.scheme) is not None:
        weights = keys(init, network, "weight")
        body += each(weights, lambda *place: scheme_calls(scheme, options, *place))
    if bias is not None:
        body += each(keys(init, network, "bias"), lambda *place: fill_bias(bias, *place))
    return body


def each(names: list[str], fill: Callable[[str, int], list[str]]) -> list[str]:
    """The statements that `fill` gives for each of some parameters, several in a loop."""
    if len(names) == 1:
        return fill(f"self.get_parameter({literal(names[0])})", 0)
    head = prefixed("for name in ", Wrapped("(", tuple(map(literal, names)), "):"))
    return [*statement(head), *fill("self.get_parameter(name)", 1)]


def fill_bias(bias: float | str, tensor: str, nested: int) -> list[str]:
    """The statement that fills a bias."""
    if isinstance(bias, str):
        return scheme_calls(bias, {}, tensor, nested)
    if bias in (0, 1):
        return statement(f"nn.init.{'ones' if bias else 'zeros'}_({tensor})", nested)
    return statement(f"nn.init.constant_({tensor}, {bias})", nested)


def kinds(init: Initialisation, network: Network, nodes: Iterable[Node]) -> list[str]:
    """The PyTorch classes of the operators that a line names."""
    found = [
        base_class(node)
        for node in nodes
        if node.op.name in init.targets and has_rows(network, node)
    ]
    return list(dict.fromkeys(found))


def has_rows(network: Network, node: Node) -> bool:
    """Whether a module's weight has a row for each output, so that schemes know its fan.

    Of transposed convolutions, which have one for each input, they take it as PyTorch does.
    """
    tensors = () if node.bears_label else network.tensors(node)
    rows = tensors[0].shape[:1] if tensors else ()
    return rows == (node.shape.channels,) or "ConvTranspose" in base_class(node)


def base_class(node: Node) -> str:
    """PyTorch's class, also of what only pads differently."""
    return module_of(node).callee.replace("Same", "nn.")


def keys(init: Initialisation, network: Network, name: str) -> list[str]:
    """The state_dict keys of a tensor in the items that a line names by their label."""
    return [
        f"{node.path}.{name}"
        for node in network.nodes
        if any(node.path == t or node.path.startswith(f"{t}.") for t in init.targets)
        and name in {tensor.name for tensor in network.tensors(node)}
        and has_rows(network, node)
        and network.tensors(node)[0].shape[1:]
    ]


def filled(init: Initialisation) -> list[str]:
    """The statements that fill weight and bias, two levels into the method."""
    options = dict(init.options)
    bias = options.pop("bias", None)
    found = scheme_calls(init.scheme, options, "module.weight", 2) if init.scheme else []
    if bias is None:
        return found
    check = statement("if module.bias is not None:", 2)
    return [*found, *check, *fill_bias(bias, "module.bias", 3)]


def scheme_calls(name: str, options: dict[str, float | str], tensor: str, nested: int) -> list[str]:
    """The statements of a scheme with its options."""
    scheme = SCHEMES[name]
    found = []
    for text in scheme.call.format(tensor=tensor, **{**scheme.options, **options}).split("; "):
        function, _, rest = text.partition("(")
        is_call = rest and " = " not in text
        py = call(function, rest[:-1].split(", "), tight=True) if is_call else text
        found += statement(py, nested)
    return found
