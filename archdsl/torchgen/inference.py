"""The file of a network rewritten for inference, as its template sees it."""

from __future__ import annotations

from archdsl.graph import Network
from archdsl.library import shipped
from archdsl.passes.weights import Chain, Rewritten
from archdsl.pytext import Py, Wrapped, call, lines, listing, literal, prefixed
from archdsl.records import cached_property
from archdsl.torchgen.constructor import Class, module_of
from archdsl.torchgen.conversion import Rows, conversion
from archdsl.torchgen.module import Module, declaration, header

CONVERTERS = ("renamed", "folded", "merged")  # each does what those before it do
PACKABLE = ("nn.Conv2d", "FusedConv2d")


class Inference(Module):
    """What the template prints."""

    template = "inference.py.j2"
    purpose = " for inference"

    def __init__(self, classes: list[Class], rewritten: Rewritten) -> None:
        super().__init__(classes)
        found = conversion(classes, rewritten)
        self.rows = {made.name: rows for made, rows in found.items() if rows}
        self.converter = [text(least(rewritten)), text("sources")] if self.rows else []

    @property
    def imports(self) -> tuple[str, ...]:
        """Those that only code for inference uses."""
        return ("ctypes", "itertools", "sys", *(() if self.devices else ("warnings",)))

    @property
    def packer(self) -> list[str]:
        """What lays out the weights of convolutions for a CPU, where there are such on images."""
        made = [module_of(n) for n in self.network.nodes if self.network.tensors(n)]
        found = [name for name in PACKABLE if any(name == construct.callee for construct in made)]
        if not found or self.devices:
            return []
        return [f"PACKABLE = {{{', '.join(found)}}}", text("PackedConv2d"), text("pack")]

    @property
    def built(self) -> list[str]:
        """The factory has set mode and memory format already."""
        if self.devices:
            return [self.trial_devices, f"    model = {self.builder}(devices=devices).to(dtype)"]
        return [f"    model = {self.builder}().to(device, dtype)"]

    @property
    def trial_inputs(self) -> list[str]:
        """Batches come from the host, to a GPU by way of pinned memory."""
        options = ["dtype=dtype", "pin_memory=cuda"]
        made = (
            call("torch.randn", ["args.batch", *map(str, shape), *options])
            for _, shape in self.inputs
        )
        return lines(prefixed("inputs = ", listing(made)), 4)

    @property
    def from_trained(self) -> list[str]:
        """The signature of the function that takes the weights of the training module."""
        parameters = [*map(declaration, self.root.slots.parameters), *self.device_parameter]
        given = "state_dict: Mapping[str, Tensor]"
        return header("def from_trained", [given, *parameters], self.class_name, 0)

    @cached_property
    def made_of(self) -> list[str]:
        """The table of what layers are made of, by class."""
        entries = [prefixed(f"{name}: ", table(rows)) for name, rows in self.rows.items()]
        head = "MADE_OF: dict[type[nn.Module], dict[str, list[str]]] = "
        return lines(prefixed(head, Wrapped("{", tuple(entries), "}")))


def table(rows: Rows) -> Py:
    """A dictionary of lists of texts."""
    items = (
        prefixed(f"{literal(layer)}: ", listing(map(literal, chains)))
        for layer, chains in rows.items()
    )
    return Wrapped("{", tuple(items), "}")


def text(name: str) -> str:
    """A part of the converter."""
    path = shipped("templates") / "conversion" / f"{name}.py"
    return path.read_text(encoding="utf-8").strip()


def least(rewritten: Rewritten) -> str:
    """The simplest of the shipped converters that can do what is asked."""
    kinds = {
        kind(chain, rewritten.network, index)
        for index, made in rewritten.weights.items()
        for chain in made
        if len(made) > 1 or len(chain) > 1
    }
    return max(kinds, default="renamed", key=CONVERTERS.index)


def kind(chain: Chain, network: Network, index: int) -> str:
    """Whether a chain is a layer with batch norms behind it, or more than that."""
    first, *rest = chain
    norms = all(link.affine and link.note.partition("=")[0] in ("", "eps") for link in rest)
    transposed = "Transpose" in module_of(network.nodes[index]).callee
    return "folded" if norms and not first.affine and not transposed else "merged"
