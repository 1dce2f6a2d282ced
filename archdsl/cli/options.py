"""What several verbs take: a spec, settings of its parameters, a place to write to."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from archdsl.diagnostics import printable

FORMATS = ("svg", "png", "pdf", "dot", "mmd", "tex")  # of figures
NUMBER = re.compile(r"([+-]?\d{1,15})([KMG]?)")
SIZE = re.compile(r"\d{1,9}(x\d{1,9})+")
MULTIPLES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
BYTES = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


def settings(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    """The values of `--set name=value`."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier() or not value.strip():
            raise click.BadParameter(f"'{printable(text)}' is not of the form name=value")
        found[name.strip()] = setting(value.strip())
    return found


def setting(text: str) -> Any:
    """A value as the language writes it: a number, true or false, a size, or a name."""
    if text in ("true", "false"):
        return text == "true"
    if number := NUMBER.fullmatch(text):
        return int(number[1]) * MULTIPLES[number[2]]
    if SIZE.fullmatch(text):
        return tuple(map(int, text.split("x")))
    try:
        value = float(text)
    except ValueError:
        return text
    if abs(value) > 1e15 or value != value:
        raise click.BadParameter(f"'{printable(text)}' is no number that a network can have")
    return value


def size(_: click.Context, __: click.Parameter, given: str | None) -> int | None:
    """A number of bytes: 8GB in powers of a thousand, 8GiB in powers of 1,024."""
    if given is None:
        return None
    found = BYTES.fullmatch(given.strip())
    if found is None:
        raise click.BadParameter(f"'{given}' is no size, such as 8GB or 8GiB")
    number, letter, binary = found.groups()
    power = " KMGT".index(letter.upper() or " ")
    return int(float(number) * (1024 if binary else 1000) ** power)


SPEC = click.argument("spec")
SET = click.option(
    "--set",
    "values",
    metavar="NAME=VALUE",
    multiple=True,
    callback=settings,
    help="Give a parameter of the network another value; may be repeated.",
)
THREADS = click.option(
    "--threads", metavar="N", type=click.IntRange(1), help="By default PyTorch's choice."
)


def output_option(text: str) -> Callable[[Any], Any]:
    """The option that says where the result goes."""
    path = click.Path(path_type=Path, allow_dash=True)
    return click.option("-o", "--output", metavar="FILE", type=path, help=text)
