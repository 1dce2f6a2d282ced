"""Runs benchmarks, each of which prints sections of Markdown, and writes RESULTS.md beside them.

python benchmarks/results.py cold warm scale inference training
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
LIBRARIES = (
    *("archdsl", "lark", "jinja2", "click", "rich"),
    *("torch", "torchvision", "torchinfo", "onnxruntime", "openvino"),
)


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if "model name" in line), "")


def heading() -> str:
    """Machine, versions, date and command."""
    versions = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    return (
        "# Benchmarks\n\n"
        f"Written by `make bench` on {date.today()}: {processor()}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; "
        f"{versions}.\n\n"
    )


def main() -> None:
    """Run the benchmarks named, and write what they print; what one breaks, those before keep."""
    page = heading()
    for name in sys.argv[1:]:
        command = [sys.executable, str(HERE / f"{name}.py")]
        page += subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        (HERE / "RESULTS.md").write_text(page.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
