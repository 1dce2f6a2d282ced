"""GoogLeNet (Szegedy et al., 2015), compiled by archdsl from specs/googlenet.arch.

Input (N, 3, 224, 224), output (N, 1000). 6,998,552 parameters, 1.58 G multiply-adds.
With the training-only heads 13,378,280 parameters.
"""

import argparse
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.benchmark import Timer


class BasicConv(nn.Module):
    """Basic conv: (N, in_channels, H, W) -> (N, c, H / stride, W / stride)."""

    def __init__(self, in_channels: int, k: int, c: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, c, k, stride, padding=k // 2)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.relu(self.conv(x), inplace=True)


class Inception(nn.Module):
    """Inception: (N, in_channels, H, W) -> (N, a + b + c + p, H, W)."""

    def __init__(
        self, in_channels: int, a: int, b0: int, b: int, c0: int, c: int, p: int
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv(in_channels, 1, a)
        self.branch2 = nn.Sequential(BasicConv(in_channels, 1, b0), BasicConv(b0, 3, b))
        self.branch3 = nn.Sequential(BasicConv(in_channels, 1, c0), BasicConv(c0, 5, c))
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, 1, padding=1), BasicConv(in_channels, 1, p)
        )

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, 1)


class InceptionAux(nn.Module):
    """Inception aux: (N, in_channels, H, W) -> (N, classes)."""

    def __init__(self, in_channels: int, classes: int) -> None:
        super().__init__()
        self.avgpool = nn.AvgPool2d(5, 3)
        self.conv = BasicConv(in_channels, 1, 128)
        self.fc1 = nn.Linear(2048, 1024)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.avgpool(x))
        x = self.dropout(self.relu(self.fc1(torch.flatten(x, 1))))
        x = self.fc2(x)
        return x


class GoogLeNetOutput(NamedTuple):
    """What the network returns in training: the heads come last, the deepest first."""

    logits: Tensor
    aux2: Tensor
    aux1: Tensor


class GoogLeNet(nn.Module):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = BasicConv(3, 7, 64, stride=2)
        self.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.lrn = nn.LocalResponseNorm(5)
        self.conv2 = BasicConv(64, 1, 64)
        self.conv3 = BasicConv(64, 3, 192)
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.aux1 = InceptionAux(512, classes)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.aux2 = InceptionAux(528, classes)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.avgpool = nn.AvgPool2d(7, 1)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.constant_(module.bias, 0.2)

    def forward(self, x: Tensor) -> Tensor | GoogLeNetOutput:  # (N, 3, 224, 224)
        x = self.lrn(self.maxpool(self.conv1(x)))  # (N, 64, 56, 56)
        x = self.conv2(x)
        x = self.maxpool(self.lrn(self.conv3(x)))  # (N, 192, 28, 28)
        x = self.inception3a(x)  # (N, 256, 28, 28)
        x = self.maxpool(self.inception3b(x))  # (N, 480, 14, 14)
        x = self.inception4a(x)  # (N, 512, 14, 14)
        if self.training:
            aux1 = self.aux1(x)
        x = self.inception4b(x)
        x = self.inception4c(x)
        x = self.inception4d(x)  # (N, 528, 14, 14)
        if self.training:
            aux2 = self.aux2(x)
        x = self.maxpool(self.inception4e(x))  # (N, 832, 7, 7)
        x = self.inception5a(x)
        x = self.inception5b(x)  # (N, 1024, 7, 7)
        x = self.fc(self.dropout(torch.flatten(self.avgpool(x), 1)))  # (N, 1000)
        if self.training:
            return GoogLeNetOutput(x, aux2, aux1)
        return x


def googlenet(classes: int = 1000) -> GoogLeNet:
    """Build the network with untrained weights."""
    return GoogLeNet(classes)


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
    model = googlenet().eval().to(device).to(memory_format=torch.channels_last)
    x = torch.randn(args.batch, 3, 224, 224, device=device)
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
