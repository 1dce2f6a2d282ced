"""The widest mobile network within a budget, found without building one.

A phone gives us 2 M parameters and 100 M multiply-adds. The network below has its width as a
parameter, and archdsl counts a width in milliseconds, so we try many and build only the best:

    python examples/width_search.py
"""

import archdsl

MAX_PARAMS = 2_000_000
MAX_MACS = 100_000_000

SPEC = """
let rounded(k, c, stride=1) = conv_bn(k, round_to(c, 8), stride, act=relu6)

network mobile(width=1.0, classes=100) "A small mobile network"
  input 3x128x128
  stem:   rounded(3x3/2, 32*width)
  stage1: mbconv(3x3, round_to(16*width, 8), 1)
  stage2: mbconv/2(3x3, round_to(24*width, 8), 6) x2
  stage3: mbconv/2(5x5, round_to(40*width, 8), 6) x3
  stage4: mbconv/2(3x3, round_to(80*width, 8), 6) x3
  stage5: mbconv/2(5x5, round_to(160*width, 8), 6) x2
  head:   rounded(1x1, 640*width)
  avgpool global > flatten > dropout 0.2
  fc: fc classes
"""


def widest() -> archdsl.Architecture:
    """The network of the largest width that keeps within both budgets."""
    best = None
    for percent in range(25, 201, 5):
        network = archdsl.loads(SPEC, width=percent / 100)
        if network.params > MAX_PARAMS or network.macs > MAX_MACS:
            break
        print(f"width {percent / 100:.2f}: {network.params:>9,} params {network.macs:>11,} MACs")
        best = network
    assert best is not None, "even the narrowest network is too large"
    return best


def main() -> None:
    """Search, then build the winner and look at what comes out of it."""
    network = widest()
    model = network.module()
    shape = tuple(network.shapes["fc"])
    print(
        f"built {type(model).__name__}: {sum(p.numel() for p in model.parameters()):,} parameters,"
    )
    print(f"output {shape}, {len(network.source.splitlines())} lines of PyTorch")


if __name__ == "__main__":
    main()
