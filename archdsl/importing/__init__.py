"""A foreign module's run back into a spec: record, parts, draft, folded draft, text.

    record     what was called on what, without torch
    parts      operators in nested parts; the operators are found by `ops.reading`
    gather     concatenations of all that came before, step by step
    drafting   the flow of tensors as chains, joins and labels: a draft
    folding    like parts as blocks with parameters, repeats as stacks
    printing   the draft as text

Folding is tried class by class, and kept where the network stays the same.
"""

from __future__ import annotations

from dataclasses import replace

from archdsl.diagnostics import ArchError
from archdsl.expand import expand
from archdsl.graph import Network
from archdsl.importing.draft import Draft
from archdsl.importing.drafting import drafted
from archdsl.importing.folding import folded
from archdsl.importing.gather import gather
from archdsl.importing.modes import agree
from archdsl.importing.parts import parts, refuse
from archdsl.importing.printing import printed, rough
from archdsl.importing.record import Record
from archdsl.importing.sameness import essence
from archdsl.importing.schedules import unscheduled
from archdsl.modules import Loader
from archdsl.source import Source


def imported(training: Record, evaluation: Record) -> str:
    """The spec of a module, from its run in training and the one in evaluation."""
    whole = gather(parts(training))
    agree(whole, gather(parts(evaluation)))
    draft = drafted(whole, training.name)
    plain = network(draft)
    complete(plain, training)
    wanted = essence(plain)
    return printed(scheduled(draft, wanted) or folded(draft, lambda other: same(other, wanted)))


def scheduled(draft: Draft, wanted: object) -> Draft | None:
    """The folded draft with its stochastic depth as a rule; None where there is none."""
    found = unscheduled(draft)
    if found is None:
        return None
    bare, schedule = found
    plain = essence(network(bare))
    ruled = replace(
        folded(bare, lambda other: same(other, plain), schedule.kinds), schedule=schedule
    )
    return ruled if same(ruled, wanted) else None


def network(draft: Draft) -> Network:
    """The network of a draft's text."""
    source = Source("<import>", rough(draft))
    return expand(Loader().module(source).network(draft.name), {})


def same(draft: Draft, wanted: object) -> bool:
    """Whether a draft says the network that is wanted."""
    try:
        return bool(essence(network(draft)) == wanted)
    except ArchError:
        return False


def complete(found: Network, record: Record) -> None:
    """Refuse weights that the run has not used, or that have other shapes."""
    state = found.state()
    for name, shape in record.state.items():
        if state.get(name) != shape:
            path = name.rpartition(".")[0]
            if path.partition(".")[0].isdecimal():
                why = "numbers its children, and those of a network bear names: make it the child"
                refuse(record.root.kind, "", f"{why} of a module, self.net = {record.root.kind}()")
            kind = record.kinds.get(path, record.root.kind)
            refuse(kind, path, f"has a '{name.rpartition('.')[2]}' that its run makes no use of")
