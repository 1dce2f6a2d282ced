"""Whether a compiled network is what was predicted, and what another model is."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from archdsl.claims import Claim, claim
from archdsl.diagnostics import mistake
from archdsl.graph import Network
from archdsl.records import dataclass
from archdsl.runtime.comparison import Comparison, sizes
from archdsl.runtime.keys import keys_claim
from archdsl.runtime.models import model, ran
from archdsl.runtime.prediction import compiled, prediction
from archdsl.runtime.weights import State, converted, in_order, randomise, read


@dataclass(frozen=True)
class Verification:
    """What was found, and the weights of a file under the network's keys, where they fit."""

    claims: tuple[Claim, ...]
    weights: State | None = None


def verify(
    network: Network,
    source: str,
    against: str | None = None,
    weights: Path | None = None,
    size: int | None = None,
    device: str | None = None,
) -> Verification:
    """Hold a network's generated source against its prediction, and against another model.

    The other model is a reference (see `models`) with the weights of a file, or random ones. Both
    see a random image of the spec's own extents, or of `size` along each axis.
    """
    claims = tuple(prediction(network, source))
    given = read(weights) if weights else None
    own = compiled(network, source).state_dict()
    if against is not None:
        inputs = images(network, size, place(device))
        theirs = model(against)
        kept = furnish(theirs, against, given)
        comparison = Comparison(network, source, against, theirs.to(inputs[0]), inputs)
        claims += tuple(comparison.claims())
        ready = comparison.proved and given is not None
        return Verification(claims, converted(comparison.names, own, kept) if ready else None)
    if given is not None:
        found, names = fitted(str(weights), own, given)
        return Verification((*claims, found), converted(names, own, given) if names else None)
    return Verification(claims)


def furnish(theirs: nn.Module, against: str, given: State | None) -> State:
    """Fill another model with weights; answers with them in the type that they came in."""
    if given is None:
        ran(f"'{against}' takes no weights", lambda: randomise(theirs))
    else:
        try:
            theirs.load_state_dict(given)
        except RuntimeError:
            text = keys_claim("", theirs.state_dict(), given, {}).text
            reason = f"the weights (there) do not fit '{against}' (here): {text}"
            raise mistake("weights", reason) from None
    return dict(theirs.state_dict())


def fitted(file: str, own: State, given: State) -> tuple[Claim, dict[str, str]]:
    """How the weights of a file fit a network, and their keys for its own."""
    if sizes(own) == sizes(given):
        text = f"{len(own)} tensors, matched by key"
        return claim(file, "weights", True, text), {key: key for key in own}
    try:
        names = in_order(own, given)
    except ValueError as error:
        return claim(file, "weights", False, str(error)), {}
    text = f"{len(own)} tensors, matched by order and shape; --against would prove it"
    return Claim(file, "weights", "renamed", text), names


def place(device: str | None) -> torch.device:
    """A device by name; the best that there is where none is named."""
    try:
        found = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(0, device=found, dtype=torch.float64)
    except (RuntimeError, AssertionError, TypeError) as error:
        first = str(error).partition("\n")[0]
        raise mistake("unknown", f"there is no device '{device}' here: {first}") from None
    return found


def images(
    network: Network,
    size: int | None,
    device: torch.device,
    batch: int = 1,
    dtype: torch.dtype = torch.float64,
) -> list[Tensor]:
    """A random batch for each input of a network, always the same."""
    generator = torch.Generator().manual_seed(0)
    extents = [
        (n.shape.channels, *[size or extent for extent in n.shape.spatial]) for n in network.inputs
    ]
    drawn = (torch.randn(batch, *each, generator=generator, dtype=dtype) for each in extents)
    return [x.to(device) for x in drawn]
