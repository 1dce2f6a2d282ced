"""What needs torch: nothing outside this package imports it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archdsl.diagnostics import mistake


@contextmanager
def needed(what: str) -> Iterator[None]:
    """Around an import from this package: says what to install where there is no torch."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("torch", "safetensors"):
            raise
        raise mistake(
            "torch",
            f"{what} needs PyTorch, which is not installed",
            help="pip install 'archdsl[torch]'",
        ) from None
