"""`init_weights`: what the `init` lines of a spec say, as a loop over the modules."""

from __future__ import annotations

from archdsl.graph import Initialisation, Network
from archdsl.pytext import literal
from archdsl.schemes import SCHEMES
from archdsl.torchgen.constructor import Class, module_of

def initialisation(made: Class, network: Network) -> list[str]:
    """The body of `init_weights`, or nothing where PyTorch's defaults hold."""
    names = {node.op.name for node in network.nodes}
    general = [(i, kinds(i, network)) for i in network.inits if set(i.targets) & names]
    special = [(i, paths(i, network)) for i in network.inits if not set(i.targets) <= names]
    general = [(init, found) for init, found in general if found]
    body: list[str] = []
    for init, found in general:
        body.append(f"    if isinstance(module, {' | '.join(found)}):")
        body += ["        " + line for line in filled(init)]
    for init, found in special:
        classes = sorted({module_of(network, n).callee for n in network.nodes if n.path in found})
        body += condition(found, classes)
        body += ["        " + line for line in filled(init)]
    if not body:
        return []
    head = "for name, module in self.named_modules():" if special else "for module in self.modules():"
    return [head, *body]


def condition(found: list[str], classes: list[str]) -> list[str]:
    """Whether a module is one of some paths, with its class for the type checker."""
    names = literal(tuple(found))
    test = f"    if name in {names} and isinstance(module, {' | '.join(classes)}):"
    if len(test) <= 80:
        return [test]
    return [
        f"    if isinstance(module, {' | '.join(classes)}) and name in {{",
        *(f"        {literal(name)}," for name in found),
        "    }:",
    ]


def kinds(init: Initialisation, network: Network) -> list[str]:
    """The PyTorch classes of the operators that a line names."""
    found = [
        module_of(network, node).callee
        for node in network.nodes
        if node.op.name in init.targets and network.tensors(node)
    ]
    return list(dict.fromkeys(found))


def paths(init: Initialisation, network: Network) -> list[str]:
    """The items that a line names by their label, with weights."""
    return [
        node.path
        for node in network.nodes
        if network.tensors(node)
        and any(node.path == t or node.path.startswith(f"{t}.") for t in init.targets)
    ]


def filled(init: Initialisation) -> list[str]:
    """The calls that fill weight and bias."""
    options = dict(init.options)
    bias = options.pop("bias", None)
    found = [scheme_call(init.scheme, options, "module.weight")] if init.scheme else []
    if isinstance(bias, str):
        value = scheme_call(bias, {}, "module.bias")
    elif bias is not None:
        value = "nn.init.zeros_(module.bias)" if bias == 0 else f"nn.init.constant_(module.bias, {bias})"
    else:
        return found
    return [*found, "if module.bias is not None:", f"    {value}"]


def scheme_call(name: str, options: dict[str, float | str], tensor: str) -> str:
    """The call of a scheme with its options."""
    scheme = SCHEMES[name]
    given = {**scheme.options, **options}
    return scheme.call.format(tensor=tensor, fan_in=f"{tensor}[0].numel()", **given)
