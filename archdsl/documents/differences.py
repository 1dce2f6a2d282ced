"""The diff of two networks as a document."""

from __future__ import annotations

from typing import Literal

from archdsl.diff import Diff, Difference, Figures, Side, Step
from archdsl.documents.base import Document, Index
from archdsl.measure import Report
from archdsl.memory import Memory


class FiguresDocument(Document):
    """What adds up, per sample; of a difference by how much it grows."""

    params: int
    macs: int
    elements: int


class DifferenceDocument(Document):
    """A fact that is another in the two networks."""

    name: str
    before: str
    after: str


class SideDocument(Document):
    """An item as it stands in one network; of `repeat` like copies the first, figures of all.

    Receptive field and stride are in input positions, a number per axis; empty without positions.
    """

    path: str
    what: str
    shape: tuple[Index, ...]
    repeat: Index
    figures: FiguresDocument
    receptive_field: tuple[Index, ...]
    stride: tuple[Index, ...]


class StepDocument(Document):
    """An item of one network or of both; `children` stand in the first copy of a changed block."""

    change: Literal["equal", "changed", "added", "removed"]
    before: SideDocument | None
    after: SideDocument | None
    delta: FiguresDocument
    differences: tuple[DifferenceDocument, ...]
    children: tuple[StepDocument, ...]


class ComparedDocument(Document):
    """One of the two networks: what was asked for, its own name, and its figures.

    `figures` count the heads that exist in training only, as the steps do; `inference` does not.
    Bytes are those of a sample in fp32: at the peak of inference, and of a training step with adam.
    """

    spec: str
    network: str
    figures: FiguresDocument
    inference: FiguresDocument
    inference_bytes: Index
    training_bytes: Index
    receptive_field: tuple[Index, ...]
    stride: tuple[Index, ...]


class DiffDocument(Document):
    """Two networks side by side; the deltas of the steps add up to that of the whole.

    `renamed` is how many operators with weights stand in both and have other state_dict keys.
    """

    equal: bool
    before: ComparedDocument
    after: ComparedDocument
    delta: FiguresDocument
    differences: tuple[DifferenceDocument, ...]
    renamed: Index
    steps: tuple[StepDocument, ...]


def diff_document(found: Diff) -> DiffDocument:
    """A diff."""
    sums = found.totals
    before, after = (
        compared(*each)
        for each in zip(found.names, found.reports, found.memories, sums, strict=True)
    )
    return DiffDocument(
        equal=found.equal,
        before=before,
        after=after,
        delta=figures_document(sums[1] - sums[0]),
        differences=differences(found.differences),
        renamed=found.renamed,
        steps=tuple(map(step_document, found.steps)),
    )


def compared(name: str, report: Report, memory: Memory, figures: Figures) -> ComparedDocument:
    """One of the networks."""
    return ComparedDocument(
        spec=name,
        network=report.network,
        figures=figures_document(figures),
        inference=FiguresDocument(params=report.params, macs=report.macs, elements=report.elements),
        inference_bytes=memory.inference,
        training_bytes=memory.training,
        receptive_field=report.receptive_field,
        stride=report.stride,
    )


def step_document(step: Step) -> StepDocument:
    """A step, with those within."""
    return StepDocument(
        change=step.change,
        before=side_document(step.before) if step.before else None,
        after=side_document(step.after) if step.after else None,
        delta=figures_document(step.delta),
        differences=differences(step.differences),
        children=tuple(map(step_document, step.children)),
    )


def side_document(side: Side) -> SideDocument:
    """An item in its network."""
    return SideDocument(
        path=side.entry.path,
        what=side.entry.what,
        shape=tuple(side.entry.shape),
        repeat=side.entry.repeat,
        figures=figures_document(side.figures),
        receptive_field=side.receptive_field,
        stride=side.stride,
    )


def differences(found: tuple[Difference, ...]) -> tuple[DifferenceDocument, ...]:
    """Facts that are others."""
    return tuple(
        DifferenceDocument(name=each.name, before=each.before, after=each.after) for each in found
    )


def figures_document(figures: Figures) -> FiguresDocument:
    """What adds up."""
    return FiguresDocument(params=figures.params, macs=figures.macs, elements=figures.elements)
