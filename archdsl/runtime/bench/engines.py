"""What runs a network: PyTorch itself, its compilers, and engines of others.

Each makes of a module in evaluation and its inputs a run that answers with the outputs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from archdsl.diagnostics import mistake
from archdsl.runtime.trace import tensors

Inputs = Sequence[Tensor]
Inference = Callable[[], list[Tensor]]
Engine = Callable[[nn.Module, Inputs], Inference]
KEPT = "TORCHINDUCTOR_CACHE_DIR"  # where torch.compile keeps what it made


def eager(model: Callable[..., object], inputs: Inputs) -> Inference:
    """The module as it is."""

    def run() -> list[Tensor]:
        with torch.inference_mode():
            return list(tensors(model(*inputs)))

    return run


def fused(code: Any) -> Engine:
    """What a file with code for inference has for a CPU: oneDNN joins the layers."""
    return lambda model, inputs: eager(code.fused(model, *inputs), inputs)


def compiled(model: nn.Module, inputs: Inputs) -> Inference:
    """`torch.compile`; on a GPU it tries kernels and takes the fastest."""
    if inputs[0].is_cuda:
        return eager(torch.compile(model, mode="max-autotune"), inputs)
    return eager(torch.compile(model), inputs)


def frozen(model: nn.Module, inputs: Inputs) -> Inference:
    """`torch.compile` with weights as constants, which it folds and lays out anew.

    It asks the setting when it traces; the option only keeps it from taking what was compiled
    without.
    """
    freezing: dict[str, Any] = {"freezing": True}
    run = eager(torch.compile(model, options=freezing), inputs)
    with torch._inductor.config.patch(freezing):
        run()
    return run


@contextmanager
def compiling_anew(device: torch.device) -> Iterator[None]:
    """A while in which `torch.compile` is loaded, and finds nothing that it kept from earlier.

    What it has seen at another batch would make it compile for any batch.
    """
    torch.compiler.reset()
    before = os.environ.get(KEPT)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ[KEPT] = folder
        try:
            torch.compile(torch.relu)(torch.zeros(64, device=device))
            yield
        finally:
            del os.environ[KEPT]
            if before is not None:
                os.environ[KEPT] = before


def torchscript(model: nn.Module, inputs: Inputs) -> Inference:
    """TorchScript, frozen and optimised for inference."""
    with torch.no_grad():
        traced = torch.jit.freeze(torch.jit.trace(model, tuple(inputs)))  # type: ignore[no-untyped-call]
        return eager(torch.jit.optimize_for_inference(traced), inputs)


def onnxruntime(model: nn.Module, inputs: Inputs) -> Inference:
    """ONNX Runtime, by PyTorch's own export."""
    library = needed("onnxruntime", inputs, "onnxruntime", "onnx", "onnxscript")
    options = library.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    program = torch.onnx.export(model, tuple(inputs), dynamo=True, verbose=False)
    assert program is not None
    file = program.model_proto.SerializeToString()
    session = library.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run() -> list[Tensor]:
        given = {name: x.numpy() for name, x in zip(names, inputs, strict=True)}
        return [torch.from_numpy(y) for y in session.run(None, given)]

    return run


def openvino(model: nn.Module, inputs: Inputs) -> Inference:
    """OpenVINO, from the module itself; without the hint it would take bfloat16 where there is."""
    # What reports runs to its makers: it starts processes, in the time of those timed next.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    library = needed("openvino", inputs, "openvino")
    converted = library.convert_model(model, example_input=tuple(inputs))
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    ready = library.Core().compile_model(converted, "CPU", settings)
    arrays = [x.numpy() for x in inputs]
    return lambda: [torch.from_numpy(y) for y in ready(arrays).values()]


def needed(engine: str, inputs: Inputs, *libraries: str) -> Any:
    """The first of the libraries that an engine needs, none of which this package depends on."""
    if any(x.dtype != torch.float32 or x.device.type != "cpu" for x in inputs):
        message = f"the engine '{engine}' is run on a CPU and in float32"
        raise mistake("engine", message, help="leave --device and --dtype away")
    try:
        first, *_ = map(import_module, libraries)
    except ModuleNotFoundError as error:
        raise mistake(
            "engine",
            f"the engine '{engine}' needs {error.name}, which is not installed",
            help="pip install 'archdsl[engines]'",
        ) from None
    return first


ENGINES: dict[str, Engine] = {
    "torchscript": torchscript,
    "onnxruntime": onnxruntime,
    "openvino": openvino,
}
