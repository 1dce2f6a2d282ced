"""EfficientNet-Lite0 (Google, 2020), compiled by archdsl from
specs/efficientnet_lite.arch.

Input (N, 3, 224, 224), output (N, 1000). 4,652,008 parameters, 385.19 M multiply-adds.
"""

import argparse

import torch
from torch import Tensor, nn
from torch.utils.benchmark import Timer


class SameConv2d(nn.Conv2d):
    """Conv2d with TensorFlow's SAME padding: H, W -> ceil(H / s), ceil(W / s)."""

    def forward(self, x: Tensor) -> Tensor:
        pads: list[int] = []
        for size, k, s, d in zip(
            x.shape[2:], self.kernel_size, self.stride, self.dilation, strict=True
        ):
            total = max(d * (k - 1) - (size - 1) % s, 0)
            pads = [total // 2, total - total // 2, *pads]  # the last axis comes first
        return super().forward(nn.functional.pad(x, pads))


class StochasticDepth(nn.Module):
    """Drops a branch with probability p per sample in training (Huang et al., 2016)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        ones = x.new_ones(x.shape[0], *(1,) * (x.dim() - 1))
        return x * nn.functional.dropout(ones, self.p)


class InvertedResidual(nn.Module):
    """Inverted residual: (N, in_channels, H, W) -> (N, C, H / stride, W / stride)."""

    def __init__(
        self, in_channels: int, k: int, c: int, e: int, p: float, stride: int = 1
    ) -> None:
        super().__init__()
        self.expand: nn.Module = nn.Identity()
        if e != 1:
            self.expand = nn.Sequential(
                SameConv2d(in_channels, e * in_channels, 1, bias=False),
                nn.BatchNorm2d(e * in_channels, eps=0.001, momentum=0.01),
                nn.ReLU6(inplace=True),
            )
        self.depthwise = nn.Sequential(
            SameConv2d(
                e * in_channels,
                e * in_channels,
                k,
                stride,
                groups=e * in_channels,
                bias=False,
            ),
            nn.BatchNorm2d(e * in_channels, eps=0.001, momentum=0.01),
            nn.ReLU6(inplace=True),
        )
        self.project = nn.Sequential(
            nn.Conv2d(e * in_channels, c, 1, bias=False),
            nn.BatchNorm2d(c, eps=0.001, momentum=0.01),
        )
        self.droppath: nn.Module = nn.Identity()
        if stride == 1 and in_channels == c:
            self.droppath = StochasticDepth(p)
        self.residual = stride == 1 and in_channels == c

    def forward(self, x: Tensor) -> Tensor:
        y = self.expand(x)
        y = self.depthwise(y)
        y = self.project(y)
        y = self.droppath(y)
        x = y + x if self.residual else y
        return x


class EfficientNetLite0(nn.Module):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            SameConv2d(3, 32, 3, 2, bias=False),
            nn.BatchNorm2d(32, eps=0.001, momentum=0.01),
            nn.ReLU6(inplace=True),
        )
        self.stage1 = InvertedResidual(32, 3, 16, 1, 0.2 * 0 / 16)
        self.stage2 = nn.Sequential(
            InvertedResidual(16, 3, 24, 6, 0.2 * 1 / 16, stride=2),
            InvertedResidual(24, 3, 24, 6, 0.2 * 2 / 16),
        )
        self.stage3 = nn.Sequential(
            InvertedResidual(24, 5, 40, 6, 0.2 * 3 / 16, stride=2),
            InvertedResidual(40, 5, 40, 6, 0.2 * 4 / 16),
        )
        self.stage4 = nn.Sequential(
            InvertedResidual(40, 3, 80, 6, 0.2 * 5 / 16, stride=2),
            InvertedResidual(80, 3, 80, 6, 0.2 * 6 / 16),
            InvertedResidual(80, 3, 80, 6, 0.2 * 7 / 16),
        )
        self.stage5 = nn.Sequential(
            InvertedResidual(80, 5, 112, 6, 0.2 * 8 / 16),
            InvertedResidual(112, 5, 112, 6, 0.2 * 9 / 16),
            InvertedResidual(112, 5, 112, 6, 0.2 * 10 / 16),
        )
        self.stage6 = nn.Sequential(
            InvertedResidual(112, 5, 192, 6, 0.2 * 11 / 16, stride=2),
            *(InvertedResidual(192, 5, 192, 6, 0.2 * i / 16) for i in range(12, 15)),
        )
        self.stage7 = InvertedResidual(192, 3, 320, 6, 0.2 * 15 / 16)
        self.head = nn.Sequential(
            SameConv2d(320, 1280, 1, bias=False),
            nn.BatchNorm2d(1280, eps=0.001, momentum=0.01),
            nn.ReLU6(inplace=True),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(1280, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode="fan_out", nonlinearity="relu"
                )

    def forward(self, x: Tensor) -> Tensor:  # (N, 3, 224, 224)
        x = self.stem(x)  # (N, 32, 112, 112)
        x = self.stage1(x)  # (N, 16, 112, 112)
        x = self.stage2(x)  # (N, 24, 56, 56)
        x = self.stage3(x)  # (N, 40, 28, 28)
        x = self.stage4(x)  # (N, 80, 14, 14)
        x = self.stage5(x)  # (N, 112, 14, 14)
        x = self.stage6(x)  # (N, 192, 7, 7)
        x = self.stage7(x)  # (N, 320, 7, 7)
        x = self.head(x)  # (N, 1280, 7, 7)
        x = self.fc(self.dropout(torch.flatten(self.avgpool(x), 1)))  # (N, 1000)
        return x


def efficientnet_lite0(classes: int = 1000) -> EfficientNetLite0:
    """Build the network with untrained weights."""
    return EfficientNetLite0(classes)


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
    model = efficientnet_lite0().eval().to(device).to(memory_format=torch.channels_last)
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
