"""Which sizes of input a network takes, where others break, and its shapes as formulas.

The network is the one that was made for the size in its spec: the module that is generated from
it, its weights and all that was decided for that size (`or`, `_`, `if`, `in.h`), fed with
something larger or smaller. A size is refused where an operator's own rule refuses what comes in,
or where weights would need another shape, as a linear layer's behind a flattened map do.

Inputs that have the extents of the first follow it; others stay as they are.
"""

from __future__ import annotations

from math import lcm

from archdsl.diagnostics import mistake
from archdsl.formula import LONGEST, Formula, Irregular
from archdsl.graph import Network
from archdsl.records import dataclass
from archdsl.shapes import Shape
from archdsl.sizes.line import Line, least, line
from archdsl.sizes.refusal import Refusal, Size, breaking
from archdsl.sizes.survey import Survey
from archdsl.sizes.texts import AXES, Texts

__all__ = ["Line", "Refusal", "Sizes", "fits", "sizes"]


@dataclass(frozen=True)
class Sizes:
    """The sizes that a network takes, in positions along the axes that follow the channels.

    `equal` are sizes with all axes alike, `training` the same with the heads that exist in
    training only; `along` has a line for each axis, the others as in the spec. Where the axes are
    `apart`, an accepted extent of one goes with any of the others; `least` is the smallest extent
    of each axis, whatever the others.

    Node by node, `formulas` has a formula for each axis, and `shapes` the text of all of the
    shape; `regular` is that text where each extent is a multiple of `multiple`.
    """

    network: str
    inputs: tuple[Shape, ...]
    axes: str
    own: Size
    equal: Line
    training: Line
    along: tuple[Line, ...]
    apart: bool
    least: tuple[int | None, ...]
    formulas: tuple[tuple[Formula, ...], ...]
    shapes: tuple[str, ...]
    multiple: int
    regular: tuple[str, ...]


def fits(network: Network, shape: Shape) -> Refusal | None:
    """Where a network breaks that gets a shape for its first input's; None where it takes it."""
    own, used = network.inputs[0].shape, [n for n in network.nodes if not n.training_only]
    if (shape.channels, shape.rank) != (own.channels, own.rank):
        clause = f"the network is made for {own}, and the channels and axes of an input are fixed"
        node = network.inputs[0]
        return Refusal(shape.spatial, node.path, f"{node.op.name}", clause, node.span)
    return breaking(network, used, own.spatial, shape.spatial)


def sizes(network: Network) -> Sizes:
    """The sizes that a network takes; raises ArchError where it has no axes, or no short answer."""
    try:
        survey = Survey(network)
        return answered(survey, Survey(network, heads=True) if network.heads else survey)
    except Irregular:
        raise mistake(
            "limit",
            f"what sizes '{network.name}' takes does not repeat within {LONGEST:,} positions",
            network.root.span,
            help="its strides multiply to more, or a factor of it is no simple fraction",
        ) from None


def answered(survey: Survey, trained: Survey) -> Sizes:
    """All answers of a survey, and of one that counts the heads of training too."""
    network, rank = survey.network, len(survey.own)
    axes = AXES[-rank:]
    used = [survey.formulas[node.index] for node in survey.used]
    multiple = lcm(*(formula.period for formulas in used for formula in formulas))
    exact, regular = Texts(survey), Texts(survey, multiple)
    return Sizes(
        network=network.name,
        inputs=tuple(node.shape for node in network.inputs),
        axes=axes,
        own=survey.own,
        equal=line(survey, "=".join(axes), tuple(range(rank))),
        training=line(trained, "=".join(axes), tuple(range(rank))),
        along=tuple(line(survey, axis, (i,)) for i, axis in enumerate(axes)),
        apart=not exact.varying,
        least=tuple(least(survey, axis) for axis in range(rank)),
        formulas=tuple(survey.formulas),
        shapes=tuple(map(exact.shape, network.nodes)),
        multiple=multiple,
        regular=tuple(map(regular.shape, network.nodes)),
    )
