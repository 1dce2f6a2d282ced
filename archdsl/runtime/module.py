"""Generated source as a live module: imported as if it lay in a file."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Mapping
from hashlib import sha256
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from archdsl.graph import Network
from archdsl.naming import function_name


def build(source: str, name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The network that the factory of a generated source makes."""
    factory = getattr(imported(source, function_name(name)), function_name(name))
    network = factory(**arguments)
    if not isinstance(network, nn.Module):
        raise TypeError(f"{function_name(name)}() of the generated source makes no module")
    return network


def with_weights(
    source: str, network: Network, state: Mapping[str, Tensor], device: torch.device
) -> nn.Module:
    """The module of a source for inference, with the training module's weights.

    All of it is on one device, even where its parts have their own.
    """
    code = imported(source, function_name(network.name))
    placed = {"devices": [device] * network.devices} if network.devices else {}
    made: nn.Module = code.from_trained(state, **placed)
    return made.to(device)


def imported(source: str, name: str) -> ModuleType:
    """The Python module of a source; the same for the same source.

    It is registered, so that its classes can be pickled and scripted, and its lines are known to
    tracebacks and to `inspect.getsource`.
    """
    digest = sha256(source.encode()).hexdigest()[:12]
    full_name = f"archdsl.generated.{name}_{digest}"
    if full_name in sys.modules:
        return sys.modules[full_name]
    filename = f"<{full_name}>"
    module = ModuleType(full_name)
    module.__file__ = filename
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    sys.modules[full_name] = module
    try:
        exec(compile(source, filename, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[full_name]
        raise
    return module
