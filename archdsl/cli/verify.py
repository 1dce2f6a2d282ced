"""`archdsl verify`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archdsl import pipeline
from archdsl.claims import Claim
from archdsl.cli.files import ending, write
from archdsl.cli.options import SET, SPEC
from archdsl.cli.streams import in_color, note, quieten_torch, say
from archdsl.diagnostics import printable

if TYPE_CHECKING:
    from archdsl.runtime.weights import State

COLORS = {"agrees": "green", "renamed": "yellow", "differs": "red"}
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    short_help="Run a network: is it what it says, and what another is?",
    epilog="""\b
Examples:
  archdsl verify googlenet
  archdsl verify resnet50@torchvision --against torchvision:resnet50
  archdsl verify vgg16 --against timm:vgg16
  archdsl verify my.arch --against my_net.py:Net --weights my_net.pt --save converted.safetensors

REFERENCE is torchvision:NAME, timm:NAME, FILE.py:NAME or PACKAGE.MODULE:NAME, where NAME is a class
or function that needs no arguments, or a model. Its code is run.

Exit codes: 0 nothing differs but names of keys, 1 something does, or a mistake, 2 wrong usage.""",
)
@SPEC
@SET
@click.option("--against", metavar="REFERENCE", help="Compare with this model too.")
@click.option(
    "--weights",
    metavar="FILE",
    type=FILE,
    help="Weights of that model: .safetensors, or a state_dict in .pt or .pth. Else random ones.",
)
@click.option(
    "--save",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write those weights under the network's own keys: .safetensors.",
)
@click.option(
    "--size",
    metavar="N",
    type=click.IntRange(1),
    help="Height and width of the image that both see; by default the spec's.",
)
@click.option("--device", metavar="NAME", help="Where to run; by default the best there is.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON document.")
def verify(
    spec: str, values: dict[str, Any], save: Path | None, as_json: bool, **wishes: Any
) -> None:
    """Compile SPEC and see whether PyTorch agrees with what was predicted of it.

    With --against also whether it is the same network as another model: the same costs and keys,
    and with the same weights the same in every layer and output. Weights are matched by key, and
    where keys differ, by what each layer sees.
    """
    if save is not None:
        ending(save, ("safetensors",), "--save")
        if wishes["weights"] is None:
            raise click.UsageError("--save writes the weights of --weights, under other keys")
    declared = pipeline.declared(spec)
    quieten_torch()
    found = pipeline.verify(declared, values, **wishes)
    if as_json:
        from archdsl.documents import json_of, verification_document

        say(json_of(verification_document(declared.definition.name, found.claims)))
    else:
        for line in lines(declared.definition.name, found.claims):
            say(line)
    if save is not None:
        saved(save, found.weights)
    if any(each.verdict == "differs" for each in found.claims):
        click.get_current_context().exit(1)


def saved(path: Path, weights: State | None) -> None:
    """Write weights, where they are the network's."""
    from archdsl.runtime.weights import written

    if weights is None:
        note(f"{path} is not written: the weights are not those of the network")
        return
    write(path, written(weights))
    note(f"wrote {path}: {len(weights)} tensors")


def lines(name: str, claims: Sequence[Claim]) -> Iterator[str]:
    """A heading for each side that was compared with, and a line for each claim."""
    width, color, last = max(len(each.name) for each in claims), in_color(sys.stdout), None
    for each in claims:
        if each.against != last:
            yield f"{name}, against {each.against or 'its prediction'}"
            last = each.against
        verdict = click.style(each.verdict, fg=COLORS[each.verdict]) if color else each.verdict
        yield printable(f"  {each.name:<{width}}  ") + verdict + printable(f"  {each.text}")
