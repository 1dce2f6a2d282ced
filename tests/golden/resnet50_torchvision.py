"""ResNet-50, stride on the 3x3, compiled by archdsl from specs/resnet.arch.

Input (N, 3, 224, 224), output (N, 1000). 25,557,032 parameters, 4.09 G multiply-adds.
"""

import argparse

import torch
from torch import Tensor, nn
from torch.utils.benchmark import Timer


class Bottleneck(nn.Module):
    """Residual bottleneck.

    (N, in_channels, H, W) -> (N, 4 * c, H / stride, W / stride)
    """

    def __init__(self, in_channels: int, c: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, c, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(c, c, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c)
        self.conv3 = nn.Conv2d(c, 4 * c, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * c)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != 4 * c:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, 4 * c, 1, stride, bias=False),
                nn.BatchNorm2d(4 * c),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        x = self.relu(y + self.downsample(x))
        return x


class ResNet50(nn.Module):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layer1 = nn.Sequential(
            Bottleneck(64, 64), Bottleneck(256, 64), Bottleneck(256, 64)
        )
        self.layer2 = nn.Sequential(
            Bottleneck(256, 128, stride=2), *(Bottleneck(512, 128) for _ in range(3))
        )
        self.layer3 = nn.Sequential(
            Bottleneck(512, 256, stride=2), *(Bottleneck(1024, 256) for _ in range(5))
        )
        self.layer4 = nn.Sequential(
            Bottleneck(1024, 512, stride=2),
            Bottleneck(2048, 512),
            Bottleneck(2048, 512),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode="fan_out", nonlinearity="relu"
                )

    def forward(self, x: Tensor) -> Tensor:  # (N, 3, 224, 224)
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # (N, 64, 56, 56)
        x = self.layer1(x)  # (N, 256, 56, 56)
        x = self.layer2(x)  # (N, 512, 28, 28)
        x = self.layer3(x)  # (N, 1024, 14, 14)
        x = self.layer4(x)  # (N, 2048, 7, 7)
        x = self.fc(torch.flatten(self.avgpool(x), 1))  # (N, 1000)
        return x


def resnet50_torchvision(classes: int = 1000) -> ResNet50:
    """Build the network with untrained weights."""
    return ResNet50(classes)


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
    model = resnet50_torchvision().eval().to(device)
    model = model.to(memory_format=torch.channels_last)
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
