"""`archdsl run`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import click

from archdsl import pipeline
from archdsl.cli.bench import ENGINES
from archdsl.cli.files import ending, write
from archdsl.cli.options import SET, SPEC, THREADS
from archdsl.cli.streams import note, quieten_torch, say
from archdsl.cli.verify import FILE

if TYPE_CHECKING:
    from archdsl.runtime.run import Outcome


@click.command(
    short_help="Run a network through an engine.",
    epilog="""\b
Examples:
  archdsl run googlenet
  archdsl run resnet50@torchvision photo.npy --weights resnet50.pt --engine onnxruntime
  archdsl run unet scan.npy -o mask.npy --engine openvino --threads 4

An INPUT is an array as numpy.save() writes it, of one sample or of a batch. Without one the
network sees noise, always the same.""",
)
@SPEC
@click.argument("inputs", metavar="[INPUT...]", nargs=-1, type=FILE)
@SET
@click.option(
    "--engine",
    type=click.Choice(["torch", "fused", *ENGINES]),
    default="torch",
    show_default=True,
    help="What runs it.",
)
@click.option(
    "--weights",
    metavar="FILE",
    type=FILE,
    help="Of the training code: .safetensors, or a state_dict in .pt or .pth. Else random ones.",
)
@click.option("--batch", metavar="N", type=click.IntRange(1), help="Samples of noise; 1.")
@click.option("--size", metavar="N", type=click.IntRange(1), help="Height and width of the noise.")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "bfloat16", "float16"]),
    default="float32",
    show_default=True,
    help="The type of numbers.",
)
@THREADS
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what comes out: .npy, or .npz where that is more than one array.",
)
def run(
    spec: str,
    inputs: tuple[Path, ...],
    values: dict[str, Any],
    engine: str,
    batch: int | None,
    size: int | None,
    output: Path | None,
    **wishes: Any,
) -> None:
    """Run SPEC's code for inference on a CPU, and tell what comes out and how long it takes."""
    if inputs and (batch or size):
        raise click.UsageError("--batch and --size are about noise, and not about an INPUT.")
    form = ending(output, ("npy", "npz"))
    quieten_torch()
    declared = pipeline.declared(spec)
    found = pipeline.run(
        declared, values, files=inputs, engine=engine, batch=batch or 1, size=size, **wishes
    )
    for line in lines(f"{declared.definition.name} in {engine}", found):
        say(line)
    if output is not None:
        from archdsl.runtime.run import written

        write(output, written(found.outputs, form))
        note(f"wrote {output}")


def lines(heading: str, found: Outcome) -> Iterator[str]:
    """A run in words."""
    from archdsl.runtime.run import ranked
    from archdsl.runtime.trace import shown

    yield heading
    yield f"  weights       {found.weights}"
    yield f"  input         {', '.join(map(shown, found.inputs))}"
    yield f"  output        {', '.join(map(shown, found.outputs))}"
    yield f"  first result  {1000 * found.first:,.0f} ms"
    yield f"  then          {1000 * median(found.times):,.2f} ms, median of {len(found.times)}"
    for i, classes in enumerate(ranked(found.outputs[0])):
        told = ", ".join(f"{label} ({probability:.1%})" for label, probability in classes)
        yield f"  {f'classes of {i}':<12}  {told}"
