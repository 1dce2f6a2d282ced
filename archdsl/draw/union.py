"""Two networks in one figure: what stands in both once, what stands in one in that one's colour.

The order of the steps is one that both networks follow, so that no edge leads back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archdsl.diff import Diff, Side, Step, counts, together
from archdsl.draw.boxes import Box, Edge, Frame, Item, View
from archdsl.draw.builder import FOLLOWERS
from archdsl.draw.figure import Figure
from archdsl.draw.tensors import Tensors, output_box
from archdsl.draw.text import (
    block_words,
    clip,
    follower_text,
    joint_text,
    layer_text,
    operator_text,
    quantity,
)
from archdsl.graph import Network, Node, Output
from archdsl.ops import Joint
from archdsl.outline import Entry

LONG = 4  # equal steps in a row that become one box


def union(found: Diff, figure: Figure) -> View:
    """What a figure of two networks shows: blocks that differ are open on the level of layers."""
    uniter = Uniter(found, opened=figure.level != "block")
    items = uniter.items(found.steps)
    edges = uniter.edges(items)
    uniter.leave(items, edges)
    before, after = found.reports
    sizes = (
        f"{arrow([quantity(getattr(report, name)) for report in (before, after)])} {word}"
        for name, word in (("params", "parameters"), ("macs", "MACs"))
    )
    title = arrow([clip(name, 40) for name in found.names])
    return View(title, " · ".join(sizes), items, edges)


def arrow(texts: Iterable[str]) -> str:
    """The old text and the new one, or what they both are."""
    return " → ".join(dict.fromkeys(texts))


class Half:
    """What is asked of one of the two networks, and the boxes that stand for its operators."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.tensors = Tensors(network)
        self.owners: dict[int, Box] = {}
        self.copies: set[int] = set()  # operators of folded copies, whose inputs are the first's
        self.members: dict[Box, list[int]] = {}

    def own(self, box: Box, entry: Entry) -> None:
        """Let a box stand for an entry."""
        self.owners |= dict.fromkeys(entry.indices, box)
        self.members.setdefault(box, []).extend(entry.indices)

    def fold(self, entry: Entry) -> None:
        """Let the boxes of an entry's first copy stand for the others."""
        for i in entry.indices[entry.size :]:
            self.owners[i] = self.owners[i - entry.size]
            self.copies.add(i)

    def chained(self, one: Side, other: Side) -> bool:
        """Whether all that leaves one item goes into the other, and nothing else goes in there."""
        inside, behind = one.entry.indices, other.entry.indices
        leaving = {r for i in inside for r in self.tensors.readers[i]} - {*inside}
        taken = {i for k in behind for i in self.network.nodes[k].inputs} - {*behind}
        returned = not self.tensors.returned.isdisjoint(inside)
        return not returned and leaving <= {*behind} and taken <= {*inside}

    def news(self, source: Box, tensor: int) -> str:
        """The shape of a tensor where the box that it leaves has changed it."""
        nodes = self.network.nodes
        inside = {*self.members[source]}
        taken = {nodes[i].shape for k in inside for i in nodes[k].inputs if i not in inside}
        return "" if not taken or taken == {nodes[tensor].shape} else f"{nodes[tensor].shape}"


class Uniter:
    """Steps to boxes, and the operators of both networks to the boxes that stand for them."""

    def __init__(self, found: Diff, *, opened: bool) -> None:
        self.opened = opened
        before, after = found.networks
        self.halves = Half(before), Half(after)

    # ---- boxes ----

    def items(self, steps: Sequence[Step]) -> list[Item]:
        """The boxes and frames of some steps; a long run of equal ones is one box."""
        found: list[Item] = []
        last: Step | None = None
        for run in self.runs(steps):
            if len(run) >= LONG:
                found.append(self.together(run))
            else:
                for step in run:
                    self.add(found, step, last)
                    last = step
            last = run[-1]
        return found

    def runs(self, steps: Sequence[Step]) -> list[list[Step]]:
        """Steps in runs of equal ones that are chains; each other step is a run of its own."""
        runs: list[list[Step]] = []
        for step in steps:
            last = runs[-1][-1] if runs else None
            if last and {last.change, step.change} == {"equal"} and self.chained(last, step):
                runs[-1].append(step)
            else:
                runs.append([step])
        return runs

    def chained(self, last: Step, step: Step) -> bool:
        """Whether a step follows another and nothing else, in each network that has both."""
        sides = zip(self.halves, pair(last), pair(step), strict=True)
        return not comes_in(last) and all(
            a is not None and b is not None and half.chained(a, b)
            for half, a, b in sides
            if a is not None or b is not None
        )

    def together(self, run: Sequence[Step]) -> Box:
        """A box for equal steps."""
        paths = [step.side.entry.path for step in (run[0], run[-1])]
        box = Box("block", "", together(run), [], [clip(" … ".join(paths), 50)])
        for step in run:
            self.own(box, step)
        return box

    def add(self, found: list[Item], step: Step, last: Step | None) -> None:
        """Add a step to what stands before it in the same frame."""
        item = found[-1] if found else None
        if last and isinstance(item, Box) and self.follows(item, last, step):
            assert step.side.entry.node is not None
            item.detail.append(follower_text(step.side.entry.node))
            self.own(item, step)
        elif step.children and self.opened:
            found.append(self.frame(step))
        else:
            found.append(self.box(step))

    def follows(self, box: Box, last: Step, step: Step) -> bool:
        """Whether a step is small, reads only the box before it, and shares its fate."""
        node = step.side.entry.node
        fate = box.change if box.change in ("added", "removed") else "equal"
        return (
            node is not None
            and node.op.family in FOLLOWERS
            and box.kind in ("layer", "joint")
            and step.change == fate
            and step.side.entry.repeat == box.repeat == 1
            and self.chained(last, step)
        )

    def own(self, box: Box, step: Step) -> None:
        """Let a box stand for a step."""
        for half, side in zip(self.halves, pair(step), strict=True):
            if side is not None:
                half.own(box, side.entry)

    def frame(self, step: Step) -> Frame:
        """A block that differs, open."""
        title, detail = block_text(step)
        inner = self.items(step.children)
        for half, side in zip(self.halves, pair(step), strict=True):
            if side is not None:
                half.fold(side.entry)
        entry = step.side.entry
        return Frame(title, inner, [], entry.scope, entry.repeat, detail, place=place_of(step))

    def box(self, step: Step) -> Box:
        """A box for a step."""
        entry = step.side.entry
        nodes = [side.entry.node for side in telling(step) if side.entry.node]
        if nodes:
            box = leaf(step, nodes)
        else:
            title, detail = block_text(step)
            box = Box("block", "block", title, [], detail, entry.scope, place=place_of(step))
            box.detail += inside(step)
        box.repeat = entry.repeat
        box.dashed = all(node.training_only for node in entry.nodes())
        box.change = "" if step.change == "equal" else step.change
        box.detail += (
            clip(f"{each.name} {each.before} → {each.after}", 50)
            for each in step.differences
            if not each.worded
        )
        self.own(box, step)
        return box

    # ---- edges ----

    def edges(self, items: Sequence[Item]) -> list[Edge]:
        """The tensors that go from box to box in either network, in the order of the boxes."""
        boxes = (box for item in items for box in item.boxes())
        order = {box: k for k, box in enumerate(boxes)}
        shapes: dict[tuple[Box, Box], dict[int, str]] = {}
        told: set[tuple[Box, str]] = set()
        for k, half in enumerate(self.halves):
            for node in half.network.nodes:
                target = half.owners[node.index]
                for i in node.inputs if node.index not in half.copies else ():
                    source = half.owners[i]
                    if source is not target:
                        shape = half.news(source, i)
                        said = shapes.setdefault((source, target), {})
                        news = said or (source, shape) not in told
                        said.setdefault(k, shape if news else "")
                        told.add((source, shape))
        return [
            Edge(source, target, arrow(filter(None, said.values())), target.dashed, only(said))
            for (source, target), said in sorted(shapes.items(), key=lambda way: order[way[0][1]])
        ]

    def leave(self, items: list[Item], edges: list[Edge]) -> None:
        """Add what the networks return, each output behind the box that makes it."""
        names = dict.fromkeys(o.name for half in self.halves for o in returned(half.network))
        for name in reversed(names):
            sources: dict[int, Box] = {}
            ends: list[Box] = []
            for k, half in enumerate(self.halves):
                for output in (o for o in returned(half.network) if o.name == name):
                    sources[k] = half.owners[output.node]
                    ends.append(output_box(output, half.network))
            end = ends[-1]
            details = zip(*(box.detail for box in ends), strict=False)
            end.detail = [arrow(lines) for lines in details]
            end.change = only(sources)
            made = {*sources.values()}
            behind = max(k for k, item in enumerate(items, 1) if made & {*item.boxes()})
            items.insert(behind, end)
            for source in dict.fromkeys(sources.values()):
                networks = [k for k in sources if sources[k] is source]
                edges.append(Edge(source, end, "", end.dashed, only(networks)))


def pair(step: Step) -> tuple[Side | None, Side | None]:
    """A step in the one and in the other network."""
    return step.before, step.after


def telling(step: Step) -> list[Side]:
    """The sides that have words to show: both where they differ."""
    return [side for side in pair(step) if side] if step.change == "changed" else [step.side]


def comes_in(step: Step) -> bool:
    """Whether a step is an input of the network, which stays a box of its own."""
    node = step.side.entry.node
    return node is not None and not node.inputs


def only(networks: Iterable[int]) -> str:
    """What it means to be in these of the two networks, 0 and 1."""
    found = {*networks}
    return "" if len(found) > 1 else "removed" if 0 in found else "added"


def returned(network: Network) -> tuple[Output, ...]:
    """What a network returns, heads that exist in training only included."""
    return (*network.outputs, *network.heads)


def place_of(step: Step) -> str:
    """Where a block stands."""
    return clip(step.side.entry.path, 40)


def leaf(step: Step, nodes: Sequence[Node]) -> Box:
    """A box for an operator, with its old words and its new ones."""
    node = nodes[-1]
    if not node.inputs:
        shapes = arrow(f"{each.shape}" for each in nodes)
        return Box("input", "input", clip(arrow(each.name for each in nodes), 40), [], [shapes])
    if all(isinstance(each.op, Joint) for each in nodes):
        signs = arrow(joint_text(each.op) for each in nodes if isinstance(each.op, Joint))
        return Box("joint", node.op.family, signs, [])
    title = arrow(map(layer_text, nodes))
    if len({each.op for each in nodes}) > 1 and title == layer_text(node):
        title = arrow(map(operator_text, nodes))
    return Box("layer", node.op.family, title, [])


def block_text(step: Step) -> tuple[str, list[str]]:
    """A block's words, old and new, and its arguments."""
    scopes = [side.entry.scope for side in telling(step) if side.entry.scope]
    titles, details = zip(*((t, " ".join(d)) for t, *d in map(block_words, scopes)), strict=True)
    detail = arrow(filter(None, details))
    return arrow(titles), [clip(detail, 60)] if detail else []


def inside(step: Step) -> list[str]:
    """How much differs in a closed block."""
    found = counts(step.children)
    return [f"{number} {change}" for change, number in found.items() if change != "equal"]
