"""What torchvision's builders were found to be, and which shipped network says the same.

A builder's network is the variant `@torchvision` where the paper's differs, or bears its name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from archdsl.library import shipped_networks

BUILDERS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data/torchvision.json").read_text(encoding="utf-8")
)


def shipped(builder: str) -> str:
    """The name under which a builder's network is shipped."""
    variant = f"{builder}@torchvision"
    return variant if variant in shipped_networks() else builder


# network: what is known of its twin
PUBLISHED = {
    shipped(builder): {"builder": builder, **facts}
    for builder, facts in BUILDERS.items()
    if shipped(builder) in shipped_networks()
}
