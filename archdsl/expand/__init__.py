"""Tree to network: blocks, stacks, joins and variants are worked out; what remains is a graph.

One walk in the order of the text (`walk`), over what is known so far (`building`); what comes to
the same as before is copied (`reuse`), what differs in numbers alone is cast (`moulds`, and
`recast` for all of a network). Of a network that is refused, `sketch` keeps what was understood.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

from archdsl.diagnostics import ArchError, mistake
from archdsl.expand.asserts import assertions
from archdsl.expand.building import BROKEN, MAX_MISTAKES, Abandoned
from archdsl.expand.edits import variant_of
from archdsl.expand.inits import initialisations
from archdsl.expand.inputs import input_node
from archdsl.expand.names import Env
from archdsl.expand.params import set_parameters
from archdsl.expand.schedules import schedule
from archdsl.expand.sketch import Sketcher
from archdsl.expand.walk import Expander
from archdsl.garbage import search_put_off
from archdsl.graph import Network, Output, Use
from archdsl.modules import DeclaredNetwork

NONE: Mapping[Hashable, Use] = {}


@search_put_off()
def expand(
    declared: DeclaredNetwork,
    settings: Mapping[str, Any] | None = None,
    uses: Mapping[Hashable, Use] = NONE,
) -> Network:
    """The network of a declaration; raises ArchError with all mistakes found.

    `settings` gives parameters other values than their defaults; `uses` of blocks are those of an
    expansion with other settings.
    """
    walk = Expander(variant_of(declared), uses)
    try:
        return network(walk, settings or {})
    except Abandoned:
        raise ArchError(*list(walk.mistakes.values())[:MAX_MISTAKES]) from None
    except ArchError as error:
        found = dict.fromkeys((*walk.mistakes.values(), *error.diagnostics))
        raise ArchError(*list(found)[:MAX_MISTAKES]) from None
    except RecursionError:
        span = declared.definition.name_span
        raise mistake("limit", "the network is nested too deeply", span) from None


def sketch(
    declared: DeclaredNetwork, settings: Mapping[str, Any] | None, refusal: ArchError
) -> Network | None:
    """What was understood of a refused network; None where that is nothing, or without end."""
    try:
        walk = Sketcher(variant_of(declared), refusal)
        end = walked(walk, settings or {})
    except (Abandoned, ArchError, RecursionError):
        return None
    if BROKEN in (walk.scope.entry, end):
        return None
    return replace(made(walk, end), mistakes=refusal.diagnostics)


def network(walk: Expander, settings: Mapping[str, Any]) -> Network:
    end = walked(walk, settings)
    if not walk.mistakes:
        schedule(walk)
    inits = () if walk.mistakes else tuple(initialisations(walk))
    asserts = () if walk.mistakes else tuple(assertions(walk))
    if walk.mistakes:
        raise ArchError(*list(walk.mistakes.values())[:MAX_MISTAKES])
    return replace(made(walk, end), inits=inits, asserts=asserts)


def walked(walk: Expander, settings: Mapping[str, Any]) -> int:
    """Walk a network from its inputs to its end; answers with the tensor there."""
    root = walk.scope
    for diagnostic in (*walk.variant.mistakes, *walk.variant.declared.module.unused):
        walk.report(ArchError(diagnostic))
    walk.envs = [Env(walk, level, root, BROKEN) for level in walk.variant.chain]
    root.params = tuple(set_parameters(walk.variant, walk.envs, settings))
    root.span = walk.variant.declared.definition.name_span
    entries = [
        input_node(walk, item, walk.envs[-1], first=i == 0)
        for i, item in enumerate(walk.variant.inputs)
    ]
    if not entries:
        raise mistake(
            "input",
            f"network '{walk.variant.name}' has no input",
            root.span,
            help="begin with a line such as 'input 3x224x224'",
        )
    walk.started = True
    for env in walk.envs:
        env.entry = entries[0]
    root.entry = entries[0]
    before = len(walk.mistakes)
    root.end = walk.seq(walk.variant.base.definition.body, walk.envs[0], entries[0])
    if len(walk.mistakes) == before:  # else items behind a mistake have not been seen
        walk.edits.unused(walk.report)
    assert root.end is not None
    return root.end


def made(walk: Expander, end: int) -> Network:
    """The network of a walk that has come to its end."""
    root = walk.scope
    end = root.exit = walk.real(end)
    return Network(
        name=walk.variant.name,
        about=walk.variant.about,
        source=walk.variant.declared.module.spec.source,
        root=root,
        nodes=walk.nodes,
        outputs=final_outputs(walk, end),
        heads=tuple(walk.heads),
        params=root.params,
        counts=tuple(walk.counts),
        uses=walk.known,
    )


def final_outputs(walk: Expander, end: int) -> tuple[Output, ...]:
    """What the network returns: the named outputs, and its end where that has no name."""
    if any(output.node == end for output in walk.outputs):
        return tuple(walk.outputs)
    name = "logits" if walk.heads and not walk.outputs else "out"
    return (*walk.outputs, Output(name, end))
