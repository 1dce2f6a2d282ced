"""The file as a whole, as the template sees it: text with every decision made."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath
from textwrap import wrap

from archdsl.graph import Network
from archdsl.naming import FILE_NAMES, function_name, identifier
from archdsl.pytext import WIDTH, Wrapped, call, lines, literal, prefixed
from archdsl.records import cached_property, dataclass
from archdsl.shapes import Shape
from archdsl.torchgen.constructor import METHOD, Class
from archdsl.torchgen.forward import Forward
from archdsl.torchgen.initialise import initialisation
from archdsl.torchgen.symbolic import Parameter


@dataclass(frozen=True)
class Method:
    """A method: the lines of its signature and of its body."""

    signature: list[str]
    body: list[str]


@dataclass(frozen=True)
class ClassText:
    """A class as text."""

    name: str
    doc: list[str]
    init: Method
    forward: Method


# What a field of a named tuple and a parameter of `forward` cannot be called.
FIELDS = frozenset(dir(tuple)) | {"Tensor"}
INPUTS = FILE_NAMES | frozenset(
    """x branches args autocast batches cli config count cuda device devices dtype inputs model
    output peak run seconds shapes step timer getrusage RUSAGE_SELF""".split()
)


class Module:
    """What the template prints."""

    template = "module.py.j2"
    purpose = ""

    def __init__(self, classes: list[Class]) -> None:
        self.planned = classes
        self.root = classes[-1]
        self.network: Network = self.root.slots.networks[0]
        self.name = function_name(self.network.name)
        self.class_name = self.root.name
        self.devices = self.network.devices
        self.classes = [self.text(made) for made in classes]

    @cached_property
    def doc(self) -> list[str]:
        """The file's docstring."""
        used = [node.applied for node in self.network.nodes if not node.training_only]
        params, macs = sum(each.params for each in used), sum(each.macs for each in used)
        title = one_line(self.network.about or self.network.name)
        about = f"{title}, compiled by archdsl from {self.origin}{self.purpose}."
        inputs = ", ".join(batch(node.shape) for node in self.network.inputs)
        outputs = ", ".join(
            batch(self.network.nodes[output.node].shape) for output in self.network.outputs
        )
        facts = (
            f"Input {inputs}, output {outputs}. {params:,} parameters, "
            f"{amount(macs)} multiply-adds."
        )
        if self.network.heads:
            every = sum(node.applied.params for node in self.network.nodes)
            facts += f" With the training-only heads {every:,} parameters."
        return [*wrap(about, WIDTH - 4), "", *wrap(facts, WIDTH)]

    @property
    def imports(self) -> tuple[str, ...]:
        """Modules of the standard library that the template uses besides."""
        return ()

    @property
    def origin(self) -> str:
        """The spec's file, without the folders of the machine that compiled it."""
        name = self.network.source.name
        return one_line(name if name.startswith("specs/") else PurePath(name).name)

    @cached_property
    def support(self) -> list[str]:
        """Names of the modules that PyTorch lacks and the file brings along."""
        found = {name for made in self.planned for name in made.support}
        return sorted(found - {"OrderedDict"})

    @property
    def needs_ordered_dict(self) -> bool:
        """Whether a chain has children with names."""
        return any("OrderedDict" in made.support for made in self.planned)

    @cached_property
    def output_fields(self) -> list[str]:
        """The names of what is returned in training, heads from the last to the first."""
        if not self.network.heads and len(self.network.outputs) == 1:
            return []
        heads = [head.name for head in reversed(self.network.heads)]
        return distinct([*(output.name for output in self.network.outputs), *heads], FIELDS)

    @property
    def eval_fields(self) -> list[str]:
        """The names of what is returned in evaluation, if those are several and others."""
        outputs = len(self.network.outputs)
        return self.output_fields[:outputs] if outputs > 1 and self.network.heads else []

    @property
    def returns(self) -> str:
        """The type of what `forward` returns."""
        if not self.output_fields:
            return "Tensor"
        if not self.network.heads:
            return f"{self.class_name}Output"
        plain = f"{self.class_name}EvalOutput" if self.eval_fields else "Tensor"
        return f"{plain} | {self.class_name}Output"

    @property
    def inputs(self) -> list[tuple[str, Shape]]:
        """Name and shape of each input."""
        nodes = self.network.inputs
        names = ["x", *distinct([node.name for node in nodes[1:]], INPUTS)]
        return list(zip(names, (node.shape for node in nodes), strict=True))

    @property
    def factory(self) -> list[str]:
        """The signature of the function that builds the network."""
        parameters = [*map(declaration, self.root.slots.parameters), *self.device_parameter]
        return header(f"def {self.name}", parameters, self.class_name, 0)

    @property
    def builder(self) -> str:
        """What builds the network in `main`, where a variable may have the function's name."""
        local = self.name in INPUTS or self.name in dict(self.inputs)
        return self.class_name if local else self.name

    @property
    def built(self) -> list[str]:
        """The statements that build the network for a trial run."""
        if self.devices:
            return [self.trial_devices, f"    model = {self.builder}(devices=devices).eval()"]
        text = f"    model = {self.builder}().eval().to(device)"
        layout = ".to(memory_format=torch.channels_last)" if self.channels_last else ""
        together = text + layout
        return [together] if len(together) <= WIDTH else [text, f"    model = model{layout}"]

    @property
    def trial_devices(self) -> str:
        """The statement that names the devices of a trial run."""
        enough = f"cuda and torch.cuda.device_count() >= {self.devices}"
        return f"    devices = [] if {enough} else [device] * {self.devices}"

    @property
    def trial_inputs(self) -> list[str]:
        """The statements that make the inputs of a trial run."""
        made = []
        for name, shape in self.inputs:
            values = ["args.batch", *map(str, shape), "device=device"]
            made += lines(prefixed(f"{name} = ", call("torch.randn", values)), 4)
        return made

    @property
    def timer(self) -> list[str]:
        """The statement that makes what times a trial run."""
        arguments = ["globals=locals()", "num_threads=torch.get_num_threads()"]
        timer = call("Timer", [f'"run({self.trial_arguments})"', *arguments], tight=True)
        return lines(prefixed("timer = ", timer), 4)

    @property
    def trial_arguments(self) -> str:
        """The inputs of a trial run."""
        return ", ".join(name for name, _ in self.inputs)

    @property
    def channels_last(self) -> bool:
        """Whether the memory format for images applies."""
        return all(shape.rank == 2 for _, shape in self.inputs)

    @property
    def arguments(self) -> str:
        """The factory's arguments to the class."""
        names = [parameter.name for parameter in self.root.slots.parameters]
        return ", ".join([*names, *(["devices"] if self.devices else [])])

    @property
    def device_parameter(self) -> list[str]:
        return ["devices: Sequence[str | torch.device] = ()"] if self.devices else []

    # ---- classes ----

    def text(self, made: Class) -> ClassText:
        root = made.slots.root
        parameters = [declaration(parameter) for parameter in made.slots.parameters]
        parameters += self.device_parameter if root else []
        body = ["super().__init__()"]
        if root and self.devices:
            body += self.default_devices()
        body += made.init
        if root:
            body += initialisation(self.network)
        inputs, forward = self.forward(made)
        return ClassText(
            made.name,
            docstring(made),
            Method(header("def __init__", ["self", *parameters], "None", 4), body),
            Method(inputs, forward),
        )

    def default_devices(self) -> list[str]:
        count = self.devices
        return [
            "if not devices:",
            f"    enough = torch.cuda.device_count() >= {count}",
            f'    devices = [f"cuda:{{i}}" if enough else "cpu" for i in range({count})]',
            "self.devices = devices",
        ]

    def forward(self, made: Class) -> tuple[list[str], list[str]]:
        if made.slots.root:
            names = [name for name, _ in self.inputs]
            returns = self.returns
        else:
            instance = made.group.instances[0]
            count = len(instance.reads)
            names = ["x", *(f"x{i}" for i in range(2, count + 1))]
            returns = "Tensor"
        body = Forward(made).write(names)
        typed = ["self", *(f"{name}: Tensor" for name in names)]
        signature = header("def forward", typed, returns, 4)
        if made.slots.root:
            comment = "  # " + ", ".join(batch(shape) for _, shape in self.inputs)
            if len(signature[-1]) + len(comment) + 4 <= WIDTH:
                signature[-1] += comment
        return signature, [line[METHOD:] for line in body]


def distinct(names: list[str], taken: Collection[str]) -> list[str]:
    """Names as identifiers that are not taken, each once."""
    found: list[str] = []
    for name in names:
        found.append(identifier(name.lstrip("_"), {*taken, *found, ""}))
    return found


def header(name: str, parameters: list[str], returns: str, indent: int) -> list[str]:
    """The lines of a signature that stands at some indentation."""
    wrapped = Wrapped(f"{name}(", tuple(parameters), f") -> {returns}:", tight=True)
    return [line[indent:] for line in lines(wrapped, indent)]


def declaration(parameter: Parameter) -> str:
    """A parameter of a signature, typed."""
    text = f"{parameter.name}: {annotation(parameter)}"
    if parameter.default is None:
        return text
    return f"{text} = {literal(parameter.default)}"


def annotation(parameter: Parameter) -> str:
    values = [*parameter.values.values()]
    if parameter.default is not None:
        values.append(parameter.default)
    kinds = set(map(type_of, values))
    if kinds == {"int", "float"}:
        return "float"
    return " | ".join(sorted(kinds))


def type_of(value: object) -> str:
    if isinstance(value, tuple):
        if len(set(value)) == 1:
            return "int"
        return f"tuple[{', '.join(type_of(part) for part in value)}]"
    return type(value).__name__


def batch(shape: Shape) -> str:
    """A shape with its batch axis."""
    return f"(N, {', '.join(map(str, shape.laid_out))})"


def amount(count: int) -> str:
    """A count of operations as people say it."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return str(count)


def one_line(text: str) -> str:
    """Text that may stand in a docstring: one line that cannot end it."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.replace("\\", "/").replace('"', "'").split())


def docstring(made: Class) -> list[str]:
    """What a class is, and the shapes in and out; the network's own stand in the file's."""
    scope = made.group.instances[0].scope
    if made.slots.root:
        return []
    words = [scope.definition or scope.name]
    if scope.title not in ("", scope.definition):
        words.append(scope.title)
    name = " ".join(word.replace("_", " ").replace("-", " ") for word in words)
    name = f"{name[0].upper()}{name[1:]}"
    formula = shapes(made)
    text = f"{name}: {formula}."
    return [text] if len(text) <= WIDTH - 10 else [f"{name}.", formula]


def shapes(made: Class) -> str:
    """The shapes that a class takes and makes, in its own terms."""
    slots = made.slots
    uses = slots.everywhere
    entries = [scope.entry for scope in slots.scopes]
    exits = [scope.exit or 0 for scope in slots.scopes]
    kept = list(slots.parameters)
    known = {parameter.name for parameter in kept}

    def channels(nodes: list[int]) -> str:
        expr = slots.channels_of(nodes, uses)
        return expr.text if expr is not None and expr.params <= known else "C"

    first = slots.networks[0].nodes[entries[0]].shape
    last = slots.networks[0].nodes[exits[0]].shape
    axes = ["D", "H", "W"][-first.rank :] if first.rank else []
    same = all(
        slots.networks[u].nodes[a].shape.spatial == slots.networks[u].nodes[b].shape.spatial
        for u, a, b in zip(uses, entries, exits, strict=True)
    )
    if last.rank == 0:
        out = []
    elif same:
        out = axes
    elif (stride := slots.stride_to(exits, entries, uses)) and stride.params <= known:
        out = [f"{axis} / {stride.text}" for axis in axes]
    else:
        out = [f"{axis}'" for axis in axes]
    left = ", ".join(["N", channels(entries), *axes])
    right = ", ".join(["N", channels(exits), *out])
    slots.parameters[:] = kept
    return f"({left}) -> ({right})"
