"""Models that were written elsewhere, by a reference as one types it.

`torchvision:resnet50`, `timm:resnet50`, `net.py:Net`, `package.module:name`. The name is that of a
class or function that makes the model without arguments, or of a model. Building it runs its code.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any, TypeVar

import torch
from torch import nn

from archdsl import diagnostics
from archdsl.diagnostics import ArchError, did_you_mean, mistake

FORMS = "torchvision:NAME, timm:NAME, FILE.py:NAME or PACKAGE.MODULE:NAME"
T = TypeVar("T")


def model(reference: str) -> nn.Module:
    """The model that a reference names, untrained.

    It stands on PyTorch's default device: within `torch.device("meta")` it takes no memory.
    """
    home, colon, name = reference.rpartition(":")
    if not colon or not home or not name:
        raise mistake("model", f"'{reference}' names no model", help=f"it is written {FORMS}")
    make = LIBRARIES[home](name) if home in LIBRARIES else factory(home, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what its library will change one day
        made = ran(f"'{reference}' cannot be built", make)
    if not isinstance(made, nn.Module):
        kind = type(made).__name__
        raise mistake("model", f"'{reference}' is no torch.nn.Module and makes none, but {kind}")
    return made


def ran(trouble: str, make: Callable[[], T]) -> T:
    """What code of others answers; whatever it raises becomes a mistake."""
    try:
        return make()
    except ArchError:
        raise
    except (Exception, SystemExit) as error:
        first = str(error).strip().partition("\n")[0]
        kind = type(error).__name__
        raise mistake("model", f"{trouble}: {kind}: {first}{place(error)}") from error


def place(error: BaseException) -> str:
    """Where in code of others an error was raised, PyTorch's own apart."""
    ours = tuple(str(Path(file).parent) for file in (torch.__file__, diagnostics.__file__))
    frames = [
        frame
        for frame in extract_tb(error.__traceback__)
        if not frame.filename.startswith((*ours, "<"))
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


# ---- libraries of models ---------------------------------------------------------------------


def from_torchvision(name: str) -> Callable[[], Any]:
    """One of torchvision's models, by its name in the library's registry."""
    models = installed("torchvision.models")
    known_model("torchvision", name, models.list_models())

    def make() -> Any:
        try:  # GoogLeNet and Inception take seconds to draw weights from truncated normals
            return models.get_model(name, weights=None, init_weights=False)
        except TypeError:
            return models.get_model(name, weights=None)

    return make


def from_timm(name: str) -> Callable[[], Any]:
    """One of timm's models, by its name in the library's registry; a tag of weights may follow."""
    timm = installed("timm")
    known_model("timm", name.partition(".")[0], timm.list_models())
    return lambda: timm.create_model(name, pretrained=False)


LIBRARIES = {"torchvision": from_torchvision, "timm": from_timm}


def known_model(library: str, name: str, names: list[str]) -> None:
    """Refuse a name that a library does not have."""
    if name not in names:
        help = did_you_mean(name, names) or f"{library} lists its {len(names)} by list_models()"
        raise mistake("unknown", f"{library} has no model '{name}'", help=help)


def installed(library: str) -> ModuleType:
    """A library that is no dependency of this package."""
    name = library.partition(".")[0]
    try:
        return import_module(library)
    except ModuleNotFoundError:
        message = f"{name}'s models need {name}, which is not installed"
        raise mistake("model", message, help=f"pip install {name}") from None


# ---- Python files and modules ----------------------------------------------------------------


def factory(home: str, name: str) -> Callable[[], Any]:
    """What makes the model of a name in a file or module: a class, a function, or the model."""
    path = Path(home)
    trouble = f"importing '{home}' fails"
    module = ran(trouble, lambda: file_module(path) if path.suffix == ".py" else named_module(home))
    found: Any = getattr(module, name, None)
    if found is None:
        own = [word for word, value in vars(module).items() if callable(value)]
        raise mistake("unknown", f"'{home}' has no '{name}'", help=did_you_mean(name, own))
    if isinstance(found, nn.Module):
        return lambda: found
    if not callable(found):
        kind = type(found).__name__
        raise mistake("model", f"'{home}:{name}' is no class, function or model, but {kind}")
    if missing := arguments(found):
        needs = f"'{home}:{name}' needs arguments: {', '.join(missing)}"
        help = f"write a function without any that calls {name}(...), and name that"
        raise mistake("model", needs, help=help)
    return lambda: found()


def arguments(make: Callable[..., Any]) -> list[str]:
    """The arguments that a call must give."""
    try:
        parameters = inspect.signature(make).parameters.values()
    except ValueError:  # of classes in C
        return []
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def file_module(path: Path) -> ModuleType:
    """A Python file as a module; it finds what lies beside it, as a script would."""
    if not path.is_file():
        raise mistake("file", f"there is no file {path}")
    name = f"archdsl_file_{path.stem}"
    spec = spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert isinstance(spec.loader, SourceFileLoader)
    module = module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for it
    with importable(path.resolve().parent):
        # Compiled anew: what Python keeps stays unread where a file of one length is saved twice in
        # a second.
        code = spec.loader.source_to_code(path.read_bytes(), str(path.resolve()))
        exec(code, vars(module))
    return module


def named_module(name: str) -> ModuleType:
    """An importable module; also one that lies in the current folder."""
    with importable(Path.cwd()):
        return import_module(name)


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """A while in which what lies in a folder can be imported."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
