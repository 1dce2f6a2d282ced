"""`archdsl check --watch`: checks on each save, survives what it meets, and ends with Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT, SMALL

from archdsl.cli import verbs

PATIENCE = 30.0


class Watch:
    """A running `archdsl check --watch`; `until` waits for what it has to say next."""

    def __init__(self, folder: Path, *specs: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "archdsl", "check", "--watch", *specs],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            # What runs in the background is not to be interrupted, and its children neither.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.text = ""
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line

    def until(self, word: str) -> str:
        """What it says, up to a word."""
        end = time.monotonic() + PATIENCE
        while word not in self.text:
            assert time.monotonic() < end, f"'{word}' is not in:\n{self.text}"
            time.sleep(0.02)
        said, _, self.text = self.text.partition(word)
        return said

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@pytest.fixture
def watching(folder: Path) -> Iterator[Callable[..., Watch]]:
    """Starts watches in the folder of small specs, and sees to it that they end."""
    found: list[Watch] = []

    def start(*specs: str) -> Watch:
        found.append(Watch(folder, *specs))
        return found[-1]

    yield start
    for watch in found:
        if watch.process.poll() is None:
            watch.process.kill()
        watch.process.wait()


def saved(path: Path, text: str) -> None:
    """Save as editors do: beside it, and renamed."""
    beside = path.with_suffix(".tmp")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def test_each_save_is_checked_until_ctrl_c(watching: Callable[..., Watch], folder: Path) -> None:
    watch = watching("small.arch")
    watch.until("---- ")
    watch.until("small: fine")
    (folder / "small.arch").write_text(SMALL.replace("flatten", "flaten"))
    watch.until(" small.arch ----")
    watch.until("error[unknown]: there is no operator or block 'flaten'")
    watch.until("learn more: archdsl explain unknown\n")
    saved(folder / "small.arch", SMALL.replace("conv1: conv 3x3 16", "conv 3x3 16 > bn"))
    watch.until("warning[bias-before-norm]")
    saved(folder / "small.arch", SMALL)
    watch.until("small: fine")
    assert watch.interrupt() == 0
    assert "Traceback" not in watch.text
    assert "Aborted" not in watch.text


def test_used_files_are_watched_where_they_are_and_where_they_are_not(
    watching: Callable[..., Watch], folder: Path
) -> None:
    lines = "network main\n  input 3x8x8\n  first 4\n"
    (folder / "main.arch").write_text(f'use "one.arch": first\n{lines}')
    watch = watching("main.arch", "later.arch")
    watch.until("there is no spec 'one.arch' to use")
    watch.until("there is no file later.arch")
    (folder / "one.arch").write_text('use "two.arch": second\nlet first(c) = second c\n')
    watch.until("there is no spec 'two.arch' to use")
    (folder / "two.arch").write_text("let second(c) = conv 3x3 c\n")
    watch.until("main: fine: 3x8x8 -> 4x8x8, 112 parameters")
    (folder / "two.arch").write_text("let second(c) = conv 1x1 c\n")
    watch.until("main: fine: 3x8x8 -> 4x8x8, 16 parameters")
    (folder / "later.arch").write_text(SMALL)
    watch.until("small: fine")
    (folder / "two.arch").write_bytes(b"\xff")
    watch.until("two.arch is not UTF-8 text")
    (folder / "two.arch").unlink()
    watch.until("there is no spec 'two.arch' to use")
    (folder / "two.arch").write_text("let second(c) = second c\n")
    watch.until("error[recursion]")
    assert watch.interrupt() == 0


def test_json_is_for_programs() -> None:
    result = CliRunner().invoke(verbs, ["check", "lenet5", "--watch", "--json"])
    assert (result.exit_code, "--json" in result.stderr) == (2, True)
