"""VGG-11 (Simonyan and Zisserman, 2015), configuration A, compiled by archdsl from
specs/vgg.arch.

Input (N, 3, 224, 224), output (N, 1000). 132,863,336 parameters, 7.61 G multiply-adds.
"""

import argparse

import torch
from torch import Tensor, nn
from torch.utils.benchmark import Timer


class VGG11(nn.Module):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(128, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(256, 512, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(512, 512, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(512, 512, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(512, 512, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(25088, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode="fan_out", nonlinearity="relu"
                )
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.01)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:  # (N, 3, 224, 224)
        x = torch.flatten(self.avgpool(self.features(x)), 1)  # (N, 25088)
        x = self.classifier(x)  # (N, 1000)
        return x


def vgg11(classes: int = 1000) -> VGG11:
    """Build the network with untrained weights."""
    return VGG11(classes)


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
    model = vgg11().eval().to(device).to(memory_format=torch.channels_last)
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
