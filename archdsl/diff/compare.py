"""Two networks to their diff: pairs of items, then what differs in each pair."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from archdsl.diff.align import align
from archdsl.diff.steps import Diff, Difference, Side, Step, total
from archdsl.field import fields
from archdsl.graph import Network, Node, Output, Scope
from archdsl.measure import measure
from archdsl.memory import memory
from archdsl.ops.base import notation, spelt
from archdsl.outline import Outliner, Part, continues
from archdsl.records import dataclass


@dataclass(frozen=True)
class Pair:
    """Parts that belong together, or one that is alone; of blocks that are not alike, the rest."""

    before: Part | None
    after: Part | None
    children: tuple[Pair, ...] = ()


class Half:
    """What is asked of one of the two networks."""

    def __init__(self, network: Network, known: dict[Hashable, int]) -> None:
        self.network = network
        self.outliner = Outliner(network, False, known)
        self.report = measure(network)
        self.fields = fields(network)

    def parts(self, scope: Scope) -> Iterator[Part]:
        """What stands in a scope, groups seen through."""
        for part in self.outliner.entries(scope)[1]:
            inner = part.entry.scope
            if inner is not None and inner.kind == "group":
                yield from self.parts(inner)
            else:
                yield part

    def side(self, parts: Sequence[Part]) -> Side:
        """Some copies of an item."""
        entry = replace(parts[0].entry, repeat=len(parts))
        last = parts[-1].entry.indices[-1]
        return Side(
            entry,
            total(self.report.rows[i] for i in entry.indices),
            tuple(reach.extent for reach in self.fields[last].axes),
            tuple(reach.step for reach in self.fields[last].axes),
        )

    def called(self, nodes: Sequence[int]) -> str:
        """Nodes by their paths."""
        return ", ".join(self.network.nodes[i].path for i in nodes)


class Differ:
    """One comparison; `partners` are the operators of the second network by those of the first."""

    def __init__(self, before: Network, after: Network) -> None:
        known: dict[Hashable, int] = {}
        self.old, self.new = Half(before, known), Half(after, known)
        self.partners: dict[int, int] = {}
        self.pairs = self.paired(before.root, after.root)
        self.taken = {*self.partners.values()}

    def diff(self, names: tuple[str, str]) -> Diff:
        before, after = self.old.network, self.new.network
        return Diff(
            names,
            (before, after),
            (self.old.report, self.new.report),
            (memory(before), memory(after)),
            self.steps(self.pairs),
            (*self.returned(), *self.started()),
            self.renamed(),
        )

    # ---- pairs ----

    def paired(self, before: Scope, after: Scope) -> tuple[Pair, ...]:
        """The items of two scopes."""
        matched = align([*self.old.parts(before)], [*self.new.parts(after)])
        return tuple(self.pair(one, other) for one, other in matched)

    def pair(self, one: Part | None, other: Part | None) -> Pair:
        if one is None or other is None:
            return Pair(one, other)
        if one.likeness == other.likeness or one.entry.node is not None:
            self.partners |= zip(one.entry.indices, other.entry.indices, strict=True)
            return Pair(one, other)
        assert one.entry.scope is not None
        assert other.entry.scope is not None
        return Pair(one, other, self.paired(one.entry.scope, other.entry.scope))

    # ---- steps ----

    def steps(self, pairs: Sequence[Pair]) -> tuple[Step, ...]:
        """The steps of pairs, like neighbours folded into one."""
        runs: list[list[Pair]] = []
        for pair in pairs:
            if runs and self.folds(runs[-1][-1], pair):
                runs[-1].append(pair)
            else:
                runs.append([pair])
        return tuple(map(self.step, runs))

    def folds(self, last: Pair, pair: Pair) -> bool:
        """Whether a pair is the next copy of the one before it, in both networks."""
        sides = (last.before, pair.before), (last.after, pair.after)
        if any((a is None) != (b is None) for a, b in sides):
            return False
        chained = all(a is None or b is None or continues(a, b) for a, b in sides)
        return chained and {*self.differences(last)} == {*self.differences(pair)}

    def step(self, run: Sequence[Pair]) -> Step:
        before = [pair.before for pair in run if pair.before]
        after = [pair.after for pair in run if pair.after]
        return Step(
            self.old.side(before) if before else None,
            self.new.side(after) if after else None,
            tuple(self.differences(run[0])),
            self.steps(run[0].children),
        )

    # ---- differences ----

    def differences(self, pair: Pair) -> Iterator[Difference]:
        """In what two items differ, apart from what stands in them."""
        one, other = pair.before, pair.after
        if one is None or other is None:
            return
        if one.likeness != other.likeness:
            if one.entry.node and other.entry.node:
                yield from self.operators(one.entry.node, other.entry.node)
            elif one.entry.what != other.entry.what:
                yield Difference("block", one.entry.what, other.entry.what, worded=True)
        yield from self.wires(one.takes, other.takes)

    def operators(self, one: Node, other: Node) -> Iterator[Difference]:
        """In what two operators differ: the arguments, and what their weights have to fit."""
        if type(one.op) is not type(other.op):
            yield Difference("operator", one.op.name, other.op.name, worded=True)
        elif one.rule != other.rule:
            yield from arguments(one, other)
        elif self.old.network.tensors(one) != self.new.network.tensors(other):
            shapes = self.old.network.input_shapes(one), self.new.network.input_shapes(other)
            old, new = (", ".join(map(str, side)) for side in shapes)
            yield Difference("input", old, new)
        if not one.inputs and one.name != other.name:
            yield Difference("name", one.name, other.name)
        if one.device != other.device:
            yield Difference("device", said(one.device), said(other.device))
        if one.training_only != other.training_only:
            yield Difference("training only", said(one.training_only), said(other.training_only))

    def wires(self, one: Sequence[int], other: Sequence[int]) -> Iterator[Difference]:
        """Inputs that were exchanged; what comes from an item that is alone tells so itself."""
        both = all(i in self.partners for i in one) and self.taken.issuperset(other)
        if both and [self.partners[i] for i in one] != [*other]:
            yield Difference("inputs", self.old.called(one), self.new.called(other))

    # ---- the networks as such ----

    def returned(self) -> Iterator[Difference]:
        """What the networks return, by name, and from where."""
        before, after = self.old.network, self.new.network
        outputs = [(*network.outputs, *network.heads) for network in (before, after)]
        if called(outputs[0]) != called(outputs[1]):
            old, new = map(called, outputs)
            yield Difference("outputs", old, new)
        else:
            before_nodes, after_nodes = ([output.node for output in side] for side in outputs)
            yield from self.wires(before_nodes, after_nodes)

    def started(self) -> Iterator[Difference]:
        """How weights start."""
        old, new = map(starts, (self.old.network, self.new.network))
        if old != new:
            yield Difference("initialisation", old, new)

    def renamed(self) -> int:
        """How many operators with weights go by another path."""
        before, after = self.old.network, self.new.network
        nodes = ((before.nodes[i], after.nodes[j]) for i, j in self.partners.items())
        return sum(one.path != other.path and bool(before.tensors(one)) for one, other in nodes)


def called(outputs: Sequence[Output]) -> str:
    """Outputs by name; those that exist in training only with their weight."""
    return ", ".join(o.name if o.weight is None else f"{o.name} ({o.weight:g})" for o in outputs)


def arguments(one: Node, other: Node) -> Iterator[Difference]:
    """The arguments of two operators of a kind that differ; of inputs the shape."""
    changed = [
        (name, field.name)
        for name, field in one.op.arguments().items()
        if argument(one, field.name) != argument(other, field.name)
    ]
    for name, field in changed:
        yield Difference(name, worded(one, field), worded(other, field), worded=True)
    if not changed:
        yield Difference("shape", f"{one.shape}", f"{other.shape}", worded=True)


def argument(node: Node, field: str) -> object:
    """An argument of an operator: its value, or the words of a `schedule` line."""
    return node.schedule.get(field) or getattr(node.op, field)


def worded(node: Node, field: str) -> str:
    """The same as an author would write it."""
    value = getattr(node.op, field)
    return node.schedule.get(field) or ("none" if value is None else spelt(field, value))


def said(value: object) -> str:
    """A value as an author would write it."""
    return "none" if value is None else notation(value)


def starts(network: Network) -> str:
    """The `init` lines of a network in one."""
    lines = []
    for init in network.inits:
        options = [f"{name}={notation(value)}" for name, value in init.options]
        words = [*([init.scheme] if init.scheme else []), *options]
        lines.append(f"{', '.join(init.targets)}: {' '.join(words)}")
    return "; ".join(lines)
