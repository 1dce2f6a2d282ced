"""All classes of a file, inner ones first, with constructors and methods worked out."""

from __future__ import annotations

import keyword
import re

from archdsl.graph import Network, Scope
from archdsl.naming import camel, class_name, function_name, run_together, unique
from archdsl.torchgen.bodies import Bodies
from archdsl.torchgen.constructor import Class, Constructor
from archdsl.torchgen.structure import Group, Instance, grouped
from archdsl.torchgen.symbolic import RESERVED, Fixed, Parameter, Slots


def plan(network: Network, probes: tuple[Network, ...]) -> list[Class]:
    """The classes; probes that change more than literals are left out and tried no more."""
    networks = [network, *probes]
    bodies = Bodies()
    while True:
        try:
            return Plan(networks, bodies).classes()
        except Fixed as fixed:
            networks = [n for i, n in enumerate(networks) if i not in fixed.networks]


def functions(network: Network) -> set[int]:
    """The nodes that generated code calls as functions and not as modules."""
    found = {
        item.node.index
        for made in plan(network, ())
        for position in made.functions
        for item in made.group.column(position)
    }
    for scope in network.root.named_scopes():
        if scope.like is not None:  # classes have looked at that one only
            twins = zip(scope.like.nodes(), scope.nodes(), strict=True)
            found |= {node.index for other, node in twins if other.index in found}
    return found


class Plan:
    """Finds the classes of a network and its probes together."""

    def __init__(self, networks: list[Network], bodies: Bodies) -> None:
        self.networks = networks
        self.bodies = bodies
        self.network_of: dict[Scope, Network] = {}
        self.heights: dict[Scope, int] = {}
        self.class_of: dict[Scope, Class] = {}
        self.made: list[Class] = []
        network = networks[0]
        self.given: set[str] = set()  # names that blocks have asked for
        self.names = {function_name(network.name), *RESERVED, *keyword.kwlist, *support(network)}
        self.root_name = self.unique(network_class(network), "Net")

    def classes(self) -> list[Class]:
        for height in self.by_height():
            for uses in height.values():
                instances = list(map(self.instance, uses))
                for group in grouped(instances, self.class_at):
                    self.add(group)
        return self.made

    def instance(self, scope: Scope) -> Instance:
        """A use of a class; a network has decided all there is to decide."""
        root = scope.kind == "network"
        body = self.bodies.dissolved(scope) if root else self.bodies.undecided(scope)
        network = self.network_of[scope]
        return Instance(network, scope, list(body.items), body.end, body.known, body.reads)

    def by_height(self) -> list[dict[str, list[Scope]]]:
        """Scopes by how many classes stand within each other in them, then by what they are."""
        for network in self.networks:
            self.height(network.root, network)
        levels: dict[int, dict[str, list[Scope]]] = {}
        for scope, height in self.heights.items():
            kind = f"{scope.definition or scope.path} {scope.title}"
            key = "" if scope.kind == "network" else kind
            levels.setdefault(height, {}).setdefault(key, []).append(scope)
        return [levels[height] for height in sorted(levels)]

    def height(self, scope: Scope, network: Network) -> int:
        """How many classes stand within each other in a scope of a network."""
        if scope not in self.heights:
            inner = [self.height(use, network) for use in self.bodies.dissolved(scope).uses]
            self.heights[scope] = 1 + max(inner, default=0)
            self.network_of[scope] = network
        return self.heights[scope]

    def add(self, group: Group) -> None:
        first = group.instances[0].scope
        root = first.kind == "network"
        if root and len(group.instances) < len(self.networks):
            alike = {instance.network for instance in group.instances}
            raise Fixed({i for i, n in enumerate(self.networks) if n not in alike})
        slots = Slots(
            [instance.scope for instance in group.instances],
            [instance.network for instance in group.instances],
            root,
            self.names,
        )
        if root:
            settable(slots)
        name = self.root_name if root else self.unique(self.name(first), "Block")
        made = Class(name, group, slots)
        for i, instance in enumerate(group.instances):
            made.scopes[instance.scope] = i
            self.class_of[instance.scope] = made
        Constructor(self.class_of).fill(made)
        text = "\n".join(made.init)
        slots.parameters = [p for p in ordered(slots) if re.search(rf"\b{p.name}\b", text)]
        self.made.append(made)

    def name(self, scope: Scope) -> str:
        return class_name(scope.title or scope.definition or scope.name)

    def unique(self, name: str, kind: str) -> str:
        """A class's name that nothing else in the file has; `kind` is added where it has."""
        wanted = name if name not in self.names or name in self.given else f"{name}{kind}"
        found = unique(wanted, self.names, joint="")
        self.names.add(found)
        self.given.add(name)
        return found

    def class_at(self, scope: Scope) -> Class:
        return self.class_of[scope.original]


def support(network: Network) -> set[str]:
    """The classes that the file brings along."""
    made = (node.applied.module for node in network.nodes if node.inputs)
    return {construct.callee for construct in made if construct is not None}


def settable(slots: Slots) -> None:
    """The network's own parameters, those that a probe has changed."""
    for i, binding in enumerate(slots.scopes[0].params):
        values = {use: scope.params[i].value for use, scope in enumerate(slots.scopes)}
        if len(set(map(repr, values.values()))) > 1:
            slots.parameter(binding.name, values, dict.fromkeys(values), binding.value)


def ordered(slots: Slots) -> list[Parameter]:
    """Parameters in the order of the signature: what comes in, the block's own, the rest."""
    own = [binding.name for binding in slots.scopes[0].params]

    def rank(parameter: Parameter) -> tuple[bool, int, int]:
        place = own.index(parameter.name) if parameter.name in own else len(own)
        first = 0 if parameter.role == "in" else 1
        return parameter.default is not None, first, place

    return sorted(slots.parameters, key=rank)


def network_class(network: Network) -> str:
    """`ResNet50` for resnet50: as the description spells it, where that is the same name."""
    base = network.name.partition("@")[0]
    words = re.findall(r"[A-Za-z0-9]+", network.about)
    wanted = base.replace("_", "").lower()
    for count in range(4, 0, -1):
        spelt = run_together(words[:count])
        plain = spelt.replace("_", "").lower()
        whole = len(plain) > 2 and wanted.startswith(plain) and spelt.isidentifier()
        left = rest(base, len(plain)) if whole else ""
        if whole and not (left[:1].isalpha() and plain[-1].isalpha()):
            return run_together([spelt[0].upper() + spelt[1:], camel(left)])
    return class_name(base)


def rest(name: str, letters: int) -> str:
    """What follows the first letters and digits of a name, underscores not counted."""
    while letters:
        letters -= name[0] != "_"
        name = name[1:]
    return name
