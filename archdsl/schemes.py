"""Weight initialisation: the schemes of `init` lines, as the papers and PyTorch name them.

A scheme is the call that fills a weight, with the options that it takes and their defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from archdsl.records import dataclass

Option = float | str


@dataclass(frozen=True)
class Scheme:
    """How a tensor is filled; `call` may name its options and `tensor`."""

    call: str
    options: Mapping[str, Option | None] = field(default_factory=dict)


WORDS: dict[str, tuple[str, ...]] = {
    "mode": ("fan_in", "fan_out"),
    "nonlinearity": ("relu", "linear", "sigmoid", "tanh", "selu"),
}
KAIMING: Mapping[str, Option | None] = {"mode": "fan_in", "nonlinearity": "relu"}
KAIMING_CALL = '{tensor}, mode="{mode}", nonlinearity="{nonlinearity}"'
SCHEMES: dict[str, Scheme] = {
    "kaiming_normal": Scheme(f"nn.init.kaiming_normal_({KAIMING_CALL})", KAIMING),
    "kaiming_uniform": Scheme(f"nn.init.kaiming_uniform_({KAIMING_CALL})", KAIMING),
    "xavier_normal": Scheme("nn.init.xavier_normal_({tensor})"),
    "xavier_uniform": Scheme("nn.init.xavier_uniform_({tensor})"),
    "normal": Scheme("nn.init.normal_({tensor}, {mean}, {std})", {"std": None, "mean": 0.0}),
    "trunc_normal": Scheme(
        "nn.init.trunc_normal_({tensor}, std={std}, a=-{cut}, b={cut})", {"std": None, "cut": 2.0}
    ),
    "uniform": Scheme("nn.init.uniform_({tensor}, -{bound}, {bound})", {"bound": None}),
    # LeCun et al. (1998), section II.C: uniform within scale / fan_in.
    "uniform_fan_in": Scheme(
        "bound = {scale} / {tensor}[0].numel(); nn.init.uniform_({tensor}, -bound, bound)",
        {"scale": 1.0},
    ),
    # EfficientNet (Tan and Le, 2019), its classifier: uniform within 1 / sqrt(fan_out).
    "uniform_root_fan_out": Scheme(
        "bound = {tensor}[:, 0].numel() ** -0.5; nn.init.uniform_({tensor}, -bound, bound)"
    ),
    "constant": Scheme("nn.init.constant_({tensor}, {value})", {"value": None}),
}
