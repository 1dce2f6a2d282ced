"""The shipped networks as test parameters: one of each family, and its siblings as slow."""

from __future__ import annotations

import pytest

from archdsl.library import shipped_networks

FIRST = {
    "lenet5",
    "mnist_cnn",
    "alexnet@two_gpus",
    "zfnet",
    "vgg11",
    "googlenet",
    "efficientnet_lite0",
    "resnet34",
    "resnet18@a",
}
NETWORKS = [
    pytest.param(name, marks=[] if name in FIRST else [pytest.mark.slow])
    for name in shipped_networks()
]
