"""LeNet-5 (LeCun et al., 1998), compiled by archdsl from specs/lenet.arch.

Input (N, 1, 32, 32), output (N, 10). 60,000 parameters, 325.68 K multiply-adds.
"""

import argparse

import torch
from torch import Tensor, nn
from torch.utils.benchmark import Timer


class ChannelScale(nn.Module):
    """A learned factor and offset per channel: (N, C, H, W) -> same."""

    def __init__(self, channels: int, *, axes: int = 2, init: float = 1.0) -> None:
        super().__init__()
        shape = (channels, *(1,) * axes)
        self.weight = nn.Parameter(init * torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + self.bias


class PartialConv2d(nn.Module):
    """Convolution whose output map i sees only the input maps in table[i].

    LeNet-5's C3 (LeCun et al., 1998, table I): (N, C, H, W) -> (N, len(table), ...).
    """

    def __init__(
        self,
        in_channels: int,
        table: tuple[tuple[int, ...], ...],
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        k = kernel_size
        self.in_channels, self.stride, self.padding = in_channels, stride, padding
        self.fan_in = [len(row) for row in table]
        self.sources = [source for row in table for source in row]
        kernel = (k, k) if isinstance(k, int) else k
        self.weight = nn.Parameter(torch.empty(len(self.sources), *kernel))
        self.bias = nn.Parameter(torch.zeros(len(table)))
        bound = (self.weight.numel() / len(table)) ** -0.5
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.split(x, 1, 1)
        links = nn.functional.conv2d(
            torch.cat([seen[source] for source in self.sources], 1),
            self.weight.unsqueeze(1),
            stride=self.stride,
            padding=self.padding,
            groups=len(self.weight),
        )
        maps = [link.sum(1) for link in torch.split(links, self.fan_in, 1)]
        return torch.stack(maps, 1) + self.bias[:, None, None]


class RBF(nn.Module):
    """Squared distances to fixed codes of +-1: (N, in_features) -> (N, classes).

    LeNet-5's output layer (LeCun et al., 1998), with codes drawn from a fixed seed.
    """

    codes: Tensor

    def __init__(self, in_features: int, classes: int) -> None:
        super().__init__()
        seed = torch.Generator().manual_seed(0)
        bits = torch.randint(2, (classes, in_features), generator=seed, device="cpu")
        self.register_buffer("codes", 2.0 * bits - 1.0)

    def forward(self, x: Tensor) -> Tensor:
        return (x.unsqueeze(1) - self.codes).square().sum(2)


class ScaledTanh(nn.Module):
    """a * tanh(b * x), the squashing function of LeNet-5 (LeCun et al., 1998)."""

    def __init__(self, a: float, b: float) -> None:
        super().__init__()
        self.a, self.b = a, b

    def forward(self, x: Tensor) -> Tensor:
        return self.a * torch.tanh(self.b * x)


class LeNet5(nn.Module):
    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.tanh = ScaledTanh(1.7159, 0.6666666666666666)
        self.s2 = nn.Sequential(nn.AvgPool2d(2), ChannelScale(6))
        self.c3 = PartialConv2d(
            6,
            (
                (0, 1, 2),
                (1, 2, 3),
                (2, 3, 4),
                (3, 4, 5),
                (0, 4, 5),
                (0, 1, 5),
                (0, 1, 2, 3),
                (1, 2, 3, 4),
                (2, 3, 4, 5),
                (0, 3, 4, 5),
                (0, 1, 4, 5),
                (0, 1, 2, 5),
                (0, 1, 3, 4),
                (1, 2, 4, 5),
                (0, 2, 3, 5),
                (0, 1, 2, 3, 4, 5),
            ),
            5,
        )
        self.s4 = nn.Sequential(nn.AvgPool2d(2), ChannelScale(16))
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.classifier = RBF(84, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                bound = 2.4 / module.weight[0].numel()
                nn.init.uniform_(module.weight, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 32, 32)
        x = self.tanh(self.c1(x))  # (N, 6, 28, 28)
        x = self.s2(x)  # (N, 6, 14, 14)
        x = self.tanh(self.c3(self.tanh(x)))  # (N, 16, 10, 10)
        x = self.s4(x)  # (N, 16, 5, 5)
        x = torch.flatten(self.tanh(self.c5(self.tanh(x))), 1)  # (N, 120)
        x = self.tanh(self.f6(x))  # (N, 84)
        x = self.classifier(x)  # (N, 10)
        return x


def lenet5(classes: int = 10) -> LeNet5:
    """Build the network with untrained weights."""
    return LeNet5(classes)


def main() -> None:
    """Time the network on random input, on the best device there is."""
    cli = argparse.ArgumentParser(description=main.__doc__)
    cli.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    cli.add_argument("--batch", default=8, type=int)
    cli.add_argument("--dtype", choices=["float32", "bfloat16", "float16"])
    cli.add_argument("--compile", action="store_true")
    args = cli.parse_args()
    device = torch.device(args.device)
    cuda = device.type == "cuda"
    dtype = getattr(torch, args.dtype or ("bfloat16" if cuda else "float32"))
    model = lenet5().eval().to(device).to(memory_format=torch.channels_last)
    x = torch.randn(args.batch, 1, 32, 32, device=device)
    run = torch.compile(model) if args.compile else model
    timer = Timer("run(x)", globals=locals(), num_threads=torch.get_num_threads())
    autocast = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
    with torch.inference_mode(), autocast:
        output = run(x)
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
