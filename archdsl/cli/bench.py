"""`archdsl bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archdsl import pipeline
from archdsl.cli.compile import PURPOSES
from archdsl.cli.files import ending, target, write
from archdsl.cli.options import SET, SPEC, THREADS, output_option
from archdsl.cli.plot import FORMATS
from archdsl.cli.streams import note, progress, quieten_torch, say, table_style

ENGINES = ("torchscript", "onnxruntime", "openvino")


@click.command(
    short_help="Time a network's code, beside another model if you like.",
    epilog="""\b
Examples:
  archdsl bench googlenet@torchvision --against torchvision
  archdsl bench resnet50 --for training --batch 8
  archdsl bench resnet50@torchvision --against torchvision --compile -o times.svg
  archdsl bench my.arch --against my_net.py:Net --engine onnxruntime --threads 4

Each contestant is built from the same weights, runs once, and is held to the first one's outputs;
then all run in turn, round by round. 'First result' is the time from weights in memory to that
first run's end, with all that was built, compiled or laid out. 'Memory' is what PyTorch has in use
at the peak of a run, beside weights and inputs; in training it includes gradients.""",
)
@SPEC
@SET
@click.option(
    "--for",
    "purpose",
    type=click.Choice(PURPOSES),
    default="inference",
    show_default=True,
    help="Outputs of code for inference; or outputs and gradients of code for training.",
)
@click.option(
    "--against",
    metavar="REFERENCE",
    help="Another model, as for 'verify'; 'torchvision' is torchvision's of the same name.",
)
@click.option("--batch", metavar="N", type=click.IntRange(1), default=1, help="Samples at a time.")
@click.option("--size", metavar="N", type=click.IntRange(1), help="Height and width of the images.")
@click.option("--device", metavar="NAME", help="Where to run; by default the best there is.")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "bfloat16", "float16"]),
    default="float32",
    show_default=True,
    help="The type of numbers; in training, that of autocast.",
)
@click.option("--compile", is_flag=True, help="Also through torch.compile; frozen on a CPU.")
@click.option(
    "--engine",
    "engines",
    type=click.Choice(ENGINES),
    multiple=True,
    help="Also through this engine, for inference; may be repeated.",
)
@THREADS
@click.option("--rounds", metavar="N", type=click.IntRange(2), help="By default what fits in time.")
@output_option("Plot the times: a file that ends in .svg, .png or .pdf.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON document.")
def bench(
    spec: str,
    values: dict[str, Any],
    against: str | None,
    output: Path | None,
    as_json: bool,
    **wishes: Any,
) -> None:
    """Time the code of SPEC: for inference as it is, packed and compiled, or for training."""
    form = ending(output, FORMATS)
    if wishes["engines"] and wishes["purpose"] == "training":
        raise click.UsageError("--engine is about '--for inference'.")
    quieten_torch()
    declared = pipeline.declared(spec)
    if against == "torchvision":
        against = f"torchvision:{declared.definition.name.partition('@')[0]}"
    found = pipeline.bench(declared, values, against=against, told=progress, **wishes)
    if as_json:
        from archdsl.documents import contest_document, json_of

        say(json_of(contest_document(found)))
    else:
        say(pipeline.timings(found, **table_style()))
    if output is not None:
        path = target(output, f"times.{form}")
        write(path, pipeline.plot_timings(found, form))
        note(f"wrote {path}")
