"""ResNet-50 (He et al., 2016), compiled by archdsl from specs/resnet.arch for
inference.

Input (N, 3, 224, 224), output (N, 1000). 25,530,472 parameters, 3.86 G multiply-adds.
"""

import argparse
import ctypes
import itertools
import sys
import typing
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn


class FusedConv2d(nn.Conv2d):
    """A convolution that ends in a sum with another tensor, an activation, or both."""

    def __init__(
        self,
        *args: typing.Any,
        activation: str = "",
        **options: typing.Any,
    ) -> None:
        super().__init__(*args, **options)
        self.activation = activation  # a function of nn.functional

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        y = super().forward(x)
        if other is not None:
            y += other
        if self.activation:
            y = getattr(nn.functional, self.activation)(y, inplace=True)
        return y


class BottleneckV1(nn.Module):
    """Residual bottleneck v1.

    (N, in_channels, H, W) -> (N, 4 * c, H / stride, W / stride)
    """

    def __init__(self, in_channels: int, c: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = FusedConv2d(in_channels, c, 1, stride, activation="relu")
        self.conv2 = FusedConv2d(c, c, 3, padding=1, activation="relu")
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != 4 * c:
            self.downsample = nn.Conv2d(in_channels, 4 * c, 1, stride)
        self.conv3 = FusedConv2d(c, 4 * c, 1, activation="relu")

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(x)
        x = self.conv3(self.conv2(y), self.downsample(x))
        return x


class ResNet50(nn.Module):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = FusedConv2d(3, 64, 7, 2, padding=3, activation="relu")
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layer1 = nn.Sequential(
            BottleneckV1(64, 64), BottleneckV1(256, 64), BottleneckV1(256, 64)
        )
        self.layer2 = nn.Sequential(
            BottleneckV1(256, 128, stride=2),
            *(BottleneckV1(512, 128) for _ in range(3)),
        )
        self.layer3 = nn.Sequential(
            BottleneckV1(512, 256, stride=2),
            *(BottleneckV1(1024, 256) for _ in range(5)),
        )
        self.layer4 = nn.Sequential(
            BottleneckV1(1024, 512, stride=2),
            BottleneckV1(2048, 512),
            BottleneckV1(2048, 512),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, classes)

    def forward(self, x: Tensor) -> Tensor:  # (N, 3, 224, 224)
        x = self.maxpool(self.conv1(x))  # (N, 64, 56, 56)
        x = self.layer1(x)  # (N, 256, 56, 56)
        x = self.layer2(x)  # (N, 512, 28, 28)
        x = self.layer3(x)  # (N, 1024, 14, 14)
        x = self.layer4(x)  # (N, 2048, 7, 7)
        x = self.fc(torch.flatten(self.avgpool(x), 1))  # (N, 1000)
        return x


def resnet50(classes: int = 1000) -> ResNet50:
    """Build the network for inference, with untrained weights."""
    model = ResNet50(classes).eval()
    model.requires_grad_(requires_grad=False)
    return model.to(memory_format=torch.channels_last)


def from_trained(state_dict: Mapping[str, Tensor], classes: int = 1000) -> ResNet50:
    """Build the network for inference with the weights of the training module."""
    with torch.device("meta"):  # no weights are drawn
        model = resnet50(classes)
    memory = {
        key: torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype)
        for key, tensor in model.state_dict().items()
    }
    model.load_state_dict(memory, assign=True)
    trained = {key: tensor.detach().cpu() for key, tensor in state_dict.items()}
    convert(model, trained)
    return model


# What parts are made of, by class, where that is not what bears their name in training:
# "conv > bn" is a layer with the batch norm behind it; several in a list, side by side.
MADE_OF: dict[type[nn.Module], dict[str, list[str]]] = {
    BottleneckV1: {
        "conv1": ["conv1 > bn1"],
        "conv2": ["conv2 > bn2"],
        "downsample": ["downsample.0 > downsample.1"],
        "conv3": ["conv3 > bn3"],
    },
    ResNet50: {"conv1": ["conv1 > bn1"]},
}


def convert(model: nn.Module, trained: Mapping[str, Tensor]) -> None:
    """Fill a model with what MADE_OF makes of the weights of the training module."""
    made_of = sources(model)
    for key, tensor in model.state_dict().items():
        bare = key in made_of  # a parameter that is all of its part
        path, _, name = (key, "", "weight") if bare else key.rpartition(".")
        chains = made_of[path]
        if len(chains) == len(chains[0]) == 1:
            source = chains[0][0].partition(" ")[0]
            tensor.copy_(trained[source if bare else f"{source}.{name}".lstrip(".")])
            continue
        if name == "weight":  # the bias comes next
            parts = [folded(chain, trained) for chain in chains]
            rows = tensor.split([len(weight) for weight, _, _ in parts])
            for row, (weight, scale, _) in zip(rows, parts, strict=True):
                torch.mul(weight, scale, out=row)
        else:
            torch.cat([bias for _, _, bias in parts], out=tensor)


def folded(
    chain: list[str],
    trained: Mapping[str, Tensor],
) -> tuple[Tensor, Tensor, Tensor]:
    """Weight, its scale and bias of a layer with the batch norms behind folded in."""
    weight = trained[f"{chain[0]}.weight"]
    scale = weight.new_ones(len(weight), dtype=torch.float64)
    bias = trained.get(f"{chain[0]}.bias", 0 * scale)
    for part in chain[1:]:
        norm, _, eps = part.partition(" eps=")
        mean, variance = trained[f"{norm}.running_mean"], trained[f"{norm}.running_var"]
        deviation = torch.sqrt(variance.double() + float(eps or 1e-5))
        factor = trained[f"{norm}.weight"] / deviation
        scale = scale * factor
        bias = (bias - mean) * factor + trained[f"{norm}.bias"]
    scale = scale.to(torch.get_default_dtype()).view(-1, *[1] * (weight.ndim - 1))
    return weight, scale, bias


def sources(model: nn.Module) -> dict[str, list[list[str]]]:
    """By path what each part is made of: chains of trained layers, side by side."""
    found = {"": [[""]]}
    for path, module in model.named_modules():
        parent, _, name = path.rpartition(".")
        found.setdefault(path, [[f"{found[parent][0][0]}.{name}".lstrip(".")]])
        origin = found[path][0][0]
        for layer, chains in MADE_OF.get(type(module), {}).items():
            parts = [chain.split(" > ") for chain in chains]
            found[f"{path}.{layer}".lstrip(".")] = [
                [f"{origin}.{part}".lstrip(".") for part in chain] for chain in parts
            ]
    return found


PACKABLE = {nn.Conv2d, FusedConv2d}


# What oneDNN calls activations, with their limits.
ACTIVATIONS: dict[str, tuple[str, list[float]]] = {
    "": ("none", []),
    "relu": ("relu", []),
    "relu6": ("hardtanh", [0.0, 6.0]),
    "silu": ("swish", []),
    "hardswish": ("hardswish", []),
}


def calculates_in(dtype: torch.dtype) -> bool:
    """Whether oneDNN does on this processor."""
    if not torch._C._has_mkldnn:
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    if dtype == torch.float16:
        return bool(torch.ops.mkldnn._is_mkldnn_fp16_supported())
    return dtype == torch.float32


class PackedConv2d(nn.Module):
    """A convolution on a CPU, its weight laid out once for a shape of input."""

    def __init__(self, conv: nn.Conv2d, shape: list[int]) -> None:
        super().__init__()
        self.options = [conv.padding, conv.stride, conv.dilation, conv.groups]
        reorder = torch.ops.mkldnn._reorder_convolution_weight
        weight: Tensor = reorder(conv.weight, *self.options, shape)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = conv.bias
        self.activation = ACTIVATIONS[getattr(conv, "activation", "")]

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        conv = torch.ops.mkldnn._convolution_pointwise
        name, limits = self.activation
        x = x.to(self.weight.dtype)  # under autocast some layers answer in float32
        y: Tensor
        if other is None:
            y = conv.default(x, self.weight, self.bias, *self.options, name, limits, "")
        else:
            relu = None if name == "none" else name
            given = (x, other.to(x.dtype), self.weight, self.bias, *self.options)
            y = conv.binary(*given, "add", 1.0, relu, [], None)
        return y


def pack(model: nn.Module) -> None:
    """Let convolutions on a CPU lay out their weights, for the input of a first call.

    Else PyTorch does so in each call. This is what torch.compile does with freezing, by
    operators that are not public; the model takes other shapes, but is not saved and
    keeps its type. Convolutions in a type that oneDNN lacks here stay as they are.
    """

    def wait(parent: nn.Module, name: str, conv: nn.Conv2d) -> None:
        def first(x: Tensor, *others: Tensor) -> Tensor:
            conv.__dict__.pop("forward", None)
            layer: nn.Module = conv
            # On one position the plain product of matrices is faster.
            if x.shape[2:] != (1, 1) and calculates_in(conv.weight.dtype):
                layer = PackedConv2d(conv, list(x.shape))
                parent.add_module(name, layer)
            y: Tensor = layer(x, *others)
            return y

        conv.forward = first  # type: ignore[assignment, method-assign]

    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d) and type(child) in PACKABLE:
                wait(parent, name, child)


def keep_memory() -> None:
    """Let the C library keep the memory of large maps that are done with, on Linux.

    Else maps over 32 MiB go back to the system, which clears their memory in each call.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):  # glibc
            libc.mallopt(-4, 0)  # M_MMAP_MAX: no block has a mapping of its own
            libc.mallopt(-1, -1)  # M_TRIM_THRESHOLD: none goes back


def compiled(model: nn.Module, device: torch.device) -> Callable[..., Tensor]:
    """Compile a model: on a GPU kernels are tried, on a CPU weights are constants."""
    if device.type == "cuda":
        return torch.compile(model, mode="max-autotune")
    from torch._inductor import config

    config.freezing = True
    return torch.compile(model)


def fused(model: nn.Module, *inputs: Tensor) -> Callable[..., Tensor]:
    """Compile what a model does on a CPU, in float32, for inputs of these shapes.

    oneDNN Graph joins layers, and lays out their weights and maps once. TorchScript
    leads to it, which PyTorch no longer develops; other shapes go layer by layer.
    """
    # oneDNN fails at some concatenations of pools, and leaves those of this name alone.
    cat = "graph(%x, %dim):\n  %y = aten::cat(%x, %dim)\n  return (%y)"
    rewrite = torch._C._jit_pass_custom_pattern_based_rewrite_graph
    enabled = torch.jit.onednn_fusion_enabled()  # type: ignore[no-untyped-call]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trace = torch.jit.trace(model, inputs, check_trace=False)  # type: ignore[no-untyped-call]
        script = torch.jit.freeze(trace)
        rewrite(cat, cat.replace("cat", "concat"), script.graph)
        torch.jit.enable_onednn_fusion(enabled=True)
        try:
            for _ in range(3):  # shapes are seen, layers joined, kernels made
                script(*inputs)
        finally:
            torch.jit.enable_onednn_fusion(enabled)
    run: Callable[..., Tensor] = script
    return run


def graphed(model: nn.Module, *inputs: Tensor) -> Callable[..., Tensor]:
    """Capture what a model does on a GPU for inputs of these shapes as one CUDA graph.

    What comes back takes such inputs, and writes over the output of the call before.
    """
    static = [x.clone() for x in inputs]
    device = static[0].device
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream(device))
    # Capture has another stream: what libraries keep for one is memory of the graph.
    other = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.stream(stream):
        for _ in range(3):  # kernels are chosen and libraries set up outside the graph
            model(*static)
        with torch.cuda.graph(graph, stream=other):
            output: Tensor = model(*static)
    captured = graph, model  # whose weights the graph reads, and does not keep alive

    def replay(*given: Tensor) -> Tensor:
        for x, new in zip(static, given, strict=True):
            if new.shape != x.shape:
                message = f"captured for {tuple(x.shape)}, and not {tuple(new.shape)}"
                raise ValueError(message)
            with torch.inference_mode():  # inputs may have been captured in it
                x.copy_(new, non_blocking=True)
        captured[0].replay()
        return output

    return replay


def prefetched(
    batches: Iterable[list[Tensor]], device: torch.device
) -> Iterator[list[Tensor]]:
    """Copy batches from pinned memory to a GPU, each while the one before is in use."""
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    ready: list[Tensor] = []
    for batch in batches:
        with torch.cuda.stream(stream):
            coming = [x.to(device, non_blocking=True) for x in batch]
        if ready:
            yield ready
        reader = torch.cuda.current_stream(device)
        reader.wait_stream(stream)
        for x in coming:
            x.record_stream(reader)  # until then its memory is not given away
        ready = coming
    if ready:
        yield ready


def fastest(device: torch.device) -> torch.dtype:
    """Choose a type that a device has units for: GPUs older than 2020 lack bfloat16."""
    if device.type != "cuda":
        return torch.float32
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float16


def main() -> None:
    """Time the network on random input, on the best device there is."""
    cli = argparse.ArgumentParser(description=main.__doc__)
    cli.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    cli.add_argument("--batch", default=8, type=int)
    cli.add_argument("--dtype", choices=["float32", "bfloat16", "float16"])
    ways = cli.add_mutually_exclusive_group()
    ways.add_argument("--compile", action="store_true")
    ways.add_argument("--pack", action="store_true", help="lay out weights for a CPU")
    ways.add_argument("--fuse", action="store_true", help="join layers for a CPU")
    ways.add_argument("--no-graph", action="store_true", help="no CUDA graph on a GPU")
    args = cli.parse_args()
    device = torch.device(args.device)
    cuda = device.type == "cuda"
    if args.pack and device.type != "cpu":
        cli.error("--pack lays out weights for a CPU")
    if args.fuse and (device.type != "cpu" or args.dtype not in {None, "float32"}):
        cli.error("--fuse joins layers for a CPU, in float32")
    dtype = getattr(torch, args.dtype) if args.dtype else fastest(device)
    model = resnet50().to(device, dtype)
    inputs = [torch.randn(args.batch, 3, 224, 224, dtype=dtype, pin_memory=cuda)]
    from torch.utils.benchmark import Timer  # slow to import, and used here only

    if cuda:
        torch.cuda.set_device(device.index or 0)  # for which timers wait
        torch.backends.cudnn.benchmark = True  # for shapes that stay the same
        batches = prefetched(itertools.repeat(inputs), device)
    else:
        keep_memory()
        batches = itertools.repeat([x.to(device) for x in inputs])
    run: Callable[..., Tensor] = model
    autocast = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
    with torch.inference_mode(), autocast:  # for what has no kernel in such a type
        if args.compile:
            run = compiled(model, device)
        elif args.pack:
            pack(model)
        elif args.fuse:
            run = fused(model, *next(batches))
        elif cuda and not args.no_graph:
            run = graphed(model, *next(batches))
        output = run(*next(batches))
        timer = Timer(
            "run(*next(batches))", globals=locals(), num_threads=torch.get_num_threads()
        )
        seconds = timer.timeit(5).mean
    if cuda:
        peak = torch.cuda.max_memory_allocated(device)
    else:
        from resource import RUSAGE_SELF, getrusage  # on POSIX only; counts in KiB

        peak = getrusage(RUSAGE_SELF).ru_maxrss * 1024
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{count:,} parameters, output {tuple(output.shape)}, {device}, {dtype}")
    print(f"{args.batch / seconds:,.1f} images/s, peak memory {peak / 2**20:,.0f} MiB")


if __name__ == "__main__":
    main()
