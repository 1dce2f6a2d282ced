"""A network run through an engine: its code for inference on an input, and what comes out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy
import torch
from torch import Tensor

from archdsl.diagnostics import known, mistake
from archdsl.graph import Network, Node
from archdsl.naming import function_name
from archdsl.records import dataclass
from archdsl.runtime.bench import threaded
from archdsl.runtime.bench.engines import ENGINES, Engine, Inference, eager, fused
from archdsl.runtime.bench.timing import in_turn, timed, waiting
from archdsl.runtime.models import ran
from archdsl.runtime.module import imported, with_weights
from archdsl.runtime.prediction import compiled
from archdsl.runtime.trace import shown
from archdsl.runtime.verify import fitted, images
from archdsl.runtime.weights import State, converted, randomise, read

CPU = torch.device("cpu")
RUNS = 5
MOST = 5  # classes told of a sample
Ranked = list[tuple[int, float]]  # classes with their probabilities, the most probable first


@dataclass(frozen=True)
class Outcome:
    """What came out, in float32, and how long it took: to the first result, and again; in seconds.

    `weights` says where those came from.
    """

    weights: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    first: float
    times: tuple[float, ...]


def run(
    network: Network,
    source: str,
    rewritten: str,
    files: Sequence[Path] = (),
    *,
    engine: str,
    weights: Path | None = None,
    batch: int = 1,
    size: int | None = None,
    dtype: str = "float32",
    threads: int | None = None,
) -> Outcome:
    """Run a network on a CPU, on arrays of files or else at random.

    `source` is its code for training, whose weights are a file's or random ones, and `rewritten`
    that for inference. Raises ArchError.
    """
    code = imported(rewritten, function_name(network.name))
    own = {"fused": fused(code)} if hasattr(code, "fused") else {}
    engines: dict[str, Engine] = {"torch": eager, **own, **ENGINES}
    known("engine", "engine", engine, engines)
    drawn = arrays(network, files) if files else images(network, size, CPU, batch, torch.float32)
    about, state = trained(network, source, weights)
    number = getattr(torch, dtype)
    inputs = [x.to(number) for x in drawn]
    model = with_weights(rewritten, network, state, CPU).to(number)
    runs: list[Inference] = []
    outputs: list[Tensor] = []

    def first() -> None:
        runs.append(engines[engine](model, inputs))
        outputs.extend(runs[0]())

    trouble = f"{engine} does not run {network.name} on {', '.join(map(shown, inputs))} in {dtype}"
    wait = waiting(CPU)
    with threaded(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what engines will no longer take one day
        seconds = ran(trouble, partial(timed, first, wait))
        (times,) = in_turn({engine: runs[0]}, RUNS, 0, wait).values()
    return Outcome(about, tuple(inputs), tuple(y.float() for y in outputs), seconds, times)


# ---- what goes in ----------------------------------------------------------------------------


def trained(network: Network, source: str, weights: Path | None) -> tuple[str, State]:
    """Weights of the training module, and what they are."""
    module = compiled(network, source, CPU)
    if weights is None:
        randomise(module)
        return "random", module.state_dict()
    own, given = module.state_dict(), read(weights)
    found, names = fitted(str(weights), own, given)
    if found.verdict == "differs":
        raise mistake("weights", f"{weights} does not fit {network.name}: {found.text}")
    return f"{weights}, {found.text}", converted(names, own, given)


def arrays(network: Network, files: Sequence[Path]) -> list[Tensor]:
    """The arrays of files, one for each input; an array of one sample may lack the first axis."""
    inputs = network.inputs
    if len(files) != len(inputs):
        raise mistake(
            "file", f"{network.name} takes {len(inputs)} inputs, and the files given: {len(files)}"
        )
    return [array(path, node) for path, node in zip(files, inputs, strict=True)]


def array(path: Path, node: Node) -> Tensor:
    """The array of a file as a batch for an input."""
    try:
        found = numpy.load(path, allow_pickle=False)
        whole = torch.from_numpy(numpy.asarray(found)).float()
    except OSError:
        raise
    except Exception:  # whatever bytes of another kind lead to
        help = "it is written by numpy.save()"
        raise mistake("file", f"{path} holds no array of numbers", help=help) from None
    batch = whole[None] if whole.dim() == len(node.shape) else whole
    if batch.dim() != len(node.shape) + 1 or batch.shape[1] != node.shape.channels:
        wanted = f"Nx{node.shape}"
        raise mistake("shape", f"{path} is {shown(whole)}, and the input '{node.path}' {wanted}")
    return batch


# ---- what comes out --------------------------------------------------------------------------


def ranked(output: Tensor) -> list[Ranked]:
    """The most probable classes of each sample, where an output looks like a classifier's.

    Scores are turned into probabilities unless they are some.
    """
    if output.dim() != 2 or output.shape[1] == 1:
        return []
    sums = output.sum(1)
    probable = bool((output >= 0).all()) and torch.allclose(sums, torch.ones_like(sums), atol=0.01)
    values, classes = (output if probable else output.softmax(1)).topk(min(MOST, output.shape[1]))
    return [
        list(zip(*row, strict=True)) for row in zip(classes.tolist(), values.tolist(), strict=True)
    ]


def written(outputs: Sequence[Tensor], form: str) -> bytes:
    """Outputs as a file of NumPy's: .npy for one, .npz for any number of them."""
    file = BytesIO()
    found = [output.numpy() for output in outputs]
    if form == "npz":
        numpy.savez(file, *found)
    elif len(found) == 1:
        numpy.save(file, found[0])
    else:
        help = "name a file that ends in .npz"
        raise mistake("file", f"a .npy file holds one array, and these are {len(found)}", help=help)
    return file.getvalue()
