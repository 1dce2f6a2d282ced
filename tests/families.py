"""Shipped networks as test parameters: those that stand for all.

Siblings differ in widths and in how often blocks are repeated. What may depend on these is tested
for every network: figures (test_facts), code (test_code), modules (test_generated), torchvision's
(test_zoo).
"""

from __future__ import annotations

import pytest

FAST = """
    lenet5 mnist_cnn alexnet@two_gpus zfnet vgg11 googlenet efficientnet_lite0 resnet34 resnet18@a
    squeezenet1_0 mobilenet_v1 shufflenet_v2_x0_5
""".split()
SLOW = """
    alexnet alexnet@torchvision lenet5@modern vgg11_lrn vgg16_bn googlenet@torchvision resnet50
    resnet50@torchvision resnet152 resnet18@c plain18 resnet20 preact_resnet164 resnext50_32x4d
    wide_resnet50_2 seresnet50 senet154 densenet121 densenet40_k12 densenet_bc100_k12 unet
    inception_v3 inception_v4 inception_resnet_v2 inception_resnet_v2@released xception
    xception@timm mobilenet_v2 mobilenet_v3_small mnasnet0_5 efficientnet_b0 efficientnet_b7
    efficientnet_v2_s shufflenet_v1_g3 regnet_x_400mf regnet_y_400mf convnext_tiny
""".split()
REPRESENTATIVES = [*FAST, *SLOW]
NETWORKS = [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
