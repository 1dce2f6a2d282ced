"""A module's run on one input as a record: which modules and functions it called on what.

It runs on PyTorch's `meta` device, so that nothing is calculated, whatever its size.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from archdsl.diagnostics import mistake
from archdsl.importing.record import Called, Record, Seen, Visit
from archdsl.ops.functions import Constant, Extents, Weight
from archdsl.ops.reading import Foreign, known
from archdsl.shapes import Shape

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
BATCH = 2  # batch norm in training takes no less


def record(module: nn.Module, name: str, shape: Shape, *, training: bool) -> Record:
    """What the module does with an input of a shape (one sample, channels first)."""
    state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    empty = {key: torch.empty_like(tensor, device="meta") for key, tensor in state.items()}
    recorder = Recorder(module, {id(empty[key]): (key, state[key]) for key in state})
    example = torch.empty(BATCH, *shape, device="meta")
    recorder.number(example)
    with mode(module, training), recorder.hooks(module):
        try:
            with torch.no_grad(), recorder:
                results = torch.func.functional_call(module, empty, (example,))
        except Exception as error:
            raise refused(recorder, shape, error) from error
    outputs = tuple(recorder.known(result) for result in tensors(results))
    shapes = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    kinds = {path: type(part).__name__ for path, part in module.named_modules()}
    return Record(name, tuple(shape), recorder.visits[0], outputs, shapes, kinds)


def refused(recorder: Recorder, shape: Shape, error: Exception) -> Exception:
    """The mistake of a module that does not run, with the part that it stopped in."""
    visit = recorder.visits[-1]
    where = f"'{visit.path}' ({visit.kind})" if visit.path else visit.kind
    first = str(error).strip().partition("\n")[0]
    return mistake(
        "import",
        f"{where} does not run on an input of {shape} without its values: {first}",
        help="give an input that fits with --input; what depends on values cannot be imported",
    )


def weight(name: str, tensor: Tensor) -> Weight:
    """A tensor of the state_dict, with its value where it is one number throughout."""
    value = None
    if not tensor.is_meta and tensor.numel() and tensor.is_floating_point():
        first = tensor.flatten()[0]
        value = shortest(first) if bool((tensor == first).all()) else None
    return Weight(name, tuple(tensor.shape), value)


def shortest(element: Tensor) -> float:
    """The number with the fewest digits that an element is: 1e-6 in 32 bits is not quite that."""
    value = float(element)
    texts = (float(f"{value:.{digits}g}") for digits in range(1, 17))
    return next((n for n in texts if torch.tensor(n, dtype=element.dtype) == element), value)


def tensors(value: Any) -> Iterator[Tensor]:
    """The tensors of a result, whatever it is made of."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from tensors(part)


@contextmanager
def mode(module: nn.Module, training: bool) -> Iterator[None]:
    """A module in training or evaluation, and as it was afterwards."""
    before = {part: part.training for part in module.modules()}
    module.train(training)
    try:
        yield
    finally:
        for part, was in before.items():
            part.training = was


class Sizes(Extents):
    """All of a tensor's shape, in place of `torch.Size`: what is cut from it knows whose it is."""

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        if not isinstance(index, slice):
            return found
        axes = range(len(self))
        return Extents(found, self.of) if axes[index] == axes[2:] else torch.Size(found)


class Recorder(TorchFunctionMode):
    """Writes down what is called; what happens within a module without parts is its own affair."""

    def __init__(self, module: nn.Module, weights: Mapping[int, tuple[str, Tensor]]) -> None:
        super().__init__()
        self.paths = {part: path for path, part in module.named_modules()}
        self.weights = weights
        self.numbers: dict[int, int] = {}
        self.kept: list[Tensor] = []  # a tensor that is gone could lend its id to another
        self.visits: list[Visit] = []
        self.leaf: nn.Module | None = None

    # ---- tensors ----

    def number(self, tensor: Tensor) -> int:
        """A new number; what was changed in place is another tensor from then on."""
        self.kept.append(tensor)
        self.numbers[id(tensor)] = len(self.kept) - 1
        return len(self.kept) - 1

    def known(self, tensor: Tensor) -> int:
        """The number of a tensor; -1 for one that does not come of the input."""
        return self.numbers.get(id(tensor), -1)

    def noted(self, value: Any) -> Any:
        """An argument with its tensors by number and name."""
        if isinstance(value, Tensor):
            if id(value) in self.weights:
                return weight(*self.weights[id(value)])
            return Seen(self.known(value)) if id(value) in self.numbers else Constant()
        if isinstance(value, Extents):
            return value
        if isinstance(value, (list, tuple)):
            return tuple(map(self.noted, value))
        return value

    def note(
        self, foreign: Foreign, args: Any, kwargs: Mapping[str, Any], result: Any, path: str | None
    ) -> None:
        noted = self.noted(args)
        named = {key: self.noted(value) for key, value in kwargs.items()}
        made = [*tensors(result)]
        if not made or not any(self.comes_of_input(value) for value in (noted, *named.values())):
            return
        numbers = tuple(map(self.number, made))
        shapes = tuple(tuple(tensor.shape[1:]) for tensor in made)
        self.visits[-1].items.append(Called(foreign, noted, named, numbers, shapes, path))

    def comes_of_input(self, value: Any) -> bool:
        """Whether one of the tensors in an argument does."""
        if isinstance(value, tuple):
            return any(map(self.comes_of_input, value))
        return isinstance(value, Seen)

    # ---- functions and modules ----

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.leaf is None and self.visits:
            name = getattr(func, "__name__", "").strip("_")
            self.note(Foreign(name), args, kwargs or {}, result, None)
            if isinstance(result, torch.Size) and id(args[0]) in self.numbers:
                result = Sizes(result, Seen(self.known(args[0])))
        return result

    @contextmanager
    def hooks(self, module: nn.Module) -> Iterator[None]:
        """Listens to each module of the tree."""
        handles = []
        for part in module.modules():
            handles.append(part.register_forward_pre_hook(self.enter))
            handles.append(part.register_forward_hook(self.leave, with_kwargs=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def enter(self, module: nn.Module, args: Any) -> None:
        if self.leaf is not None:
            return
        if is_leaf(module):
            self.leaf = module
            return
        visit = Visit(self.paths[module], type(module).__name__)
        if self.visits:
            self.visits[-1].items.append(visit)
        self.visits.append(visit)

    def leave(self, module: nn.Module, args: Any, kwargs: Mapping[str, Any], result: Any) -> None:
        if self.leaf is module:
            self.leaf = None
            self.note(constructed(module), args, kwargs, result, self.paths[module])
        elif self.leaf is None and len(self.visits) > 1:
            self.visits.pop()


def is_leaf(module: nn.Module) -> bool:
    """Whether a module counts as one operator."""
    kind = type(module)
    own = kind.__module__.startswith("torch.nn.") and not isinstance(module, CONTAINERS)
    return own or known(kind.__name__)


def constructed(module: nn.Module) -> Foreign:
    """A module's class and the values of its constructor's arguments, as its attributes say."""
    given, usual = {}, set()
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        if not hasattr(module, name):
            continue
        value = getattr(module, name)
        if isinstance(value, (Tensor, nn.Module)) or (name == "bias" and value is None):
            value = value is not None
        given[name] = tuple(value) if isinstance(value, (list, tuple)) else value
        if value == parameter.default:
            usual.add(name)
    return Foreign(type(module).__name__, tuple(given.items()), frozenset(usual))
