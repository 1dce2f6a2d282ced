"""AlexNet on two GPUs (Krizhevsky et al., 2012), compiled by archdsl from
specs/alexnet.arch.

Input (N, 3, 227, 227), output (N, 1000). 60,965,224 parameters, 724.41 M multiply-adds.
"""

import argparse
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.benchmark import Timer


class Lower(nn.Module):
    """Lower: (N, 3, H, W) -> (N, 128, H', W')."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 48, 11, 4)
        self.relu = nn.ReLU(inplace=True)
        self.lrn = nn.LocalResponseNorm(5, alpha=0.0005, k=2)
        self.maxpool = nn.MaxPool2d(3, 2)
        self.conv2 = nn.Conv2d(48, 128, 5, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.lrn(self.relu(self.conv1(x))))
        x = self.maxpool(self.lrn(self.relu(self.conv2(x))))
        return x


class Upper(nn.Module):
    """Upper: (N, 256, H, W) -> (N, 128, H', W')."""

    def __init__(self) -> None:
        super().__init__()
        self.conv3 = nn.Conv2d(256, 192, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.conv4 = nn.Conv2d(192, 192, 3, padding=1)
        self.conv5 = nn.Conv2d(192, 128, 3, padding=1)
        self.maxpool = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv3(x))
        x = self.relu(self.conv4(x))
        x = self.maxpool(self.relu(self.conv5(x)))
        return x


class DenseHalf(nn.Module):
    """Dense half: (N, in_channels) -> (N, 2048)."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(in_channels, 2048)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.relu(self.fc(x)))
        return x


class AlexNet(nn.Module):
    def __init__(
        self, classes: int = 1000, devices: Sequence[str | torch.device] = ()
    ) -> None:
        super().__init__()
        if not devices:
            enough = torch.cuda.device_count() >= 2
            devices = [f"cuda:{i}" if enough else "cpu" for i in range(2)]
        self.devices = devices
        self.gpu0_lower = Lower().to(devices[0])
        self.gpu1_lower = Lower().to(devices[1])
        self.gpu0_upper = Upper().to(devices[0])
        self.gpu1_upper = Upper().to(devices[1])
        self.gpu0_fc6 = DenseHalf(9216).to(devices[0])
        self.gpu1_fc6 = DenseHalf(9216).to(devices[1])
        self.gpu0_fc7 = DenseHalf(4096).to(devices[0])
        self.gpu1_fc7 = DenseHalf(4096).to(devices[1])
        self.fc8 = nn.Linear(4096, classes).to(devices[0])
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.01)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:  # (N, 3, 227, 227)
        branches = [
            self.gpu0_lower(x.to(self.devices[0])),
            self.gpu1_lower(x.to(self.devices[1])).to(self.devices[0]),
        ]
        x = torch.cat(branches, 1)  # (N, 256, 13, 13)
        branches = [
            self.gpu0_upper(x),
            self.gpu1_upper(x.to(self.devices[1])).to(self.devices[0]),
        ]
        x = torch.flatten(torch.cat(branches, 1), 1)  # (N, 9216)
        branches = [
            self.gpu0_fc6(x),
            self.gpu1_fc6(x.to(self.devices[1])).to(self.devices[0]),
        ]
        x = torch.cat(branches, 1)  # (N, 4096)
        branches = [
            self.gpu0_fc7(x),
            self.gpu1_fc7(x.to(self.devices[1])).to(self.devices[0]),
        ]
        x = self.fc8(torch.cat(branches, 1))  # (N, 1000)
        return x


def alexnet_two_gpus(
    classes: int = 1000, devices: Sequence[str | torch.device] = ()
) -> AlexNet:
    """Build the network with untrained weights."""
    return AlexNet(classes, devices)


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
    devices = [] if cuda and torch.cuda.device_count() >= 2 else [device] * 2
    model = alexnet_two_gpus(devices=devices).eval()
    x = torch.randn(args.batch, 3, 227, 227, device=device)
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
