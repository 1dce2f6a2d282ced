"""Which tensors come into a part and leave it."""

from __future__ import annotations

from archdsl.importing.parts import Node, Part, Whole


class Flow:
    """The uses of each tensor of a network."""

    def __init__(self, whole: Whole) -> None:
        self.outputs = whole.outputs
        self.order = {node: i for i, node in enumerate([whole.entry, *whole.root.nodes()])}
        self.users: dict[Node, list[Node]] = {node: [] for node in self.order}
        for node in whole.root.nodes():
            for value in node.inputs:
                self.users[value].append(node)

    def entries(self, part: Part) -> list[Node]:
        """The tensors that come into a part, the last to be made at the end."""
        within = {*part.nodes()}
        found = {value for node in within for value in node.inputs} - within
        return sorted(found, key=self.order.__getitem__)

    def exits(self, part: Part) -> list[Node]:
        """The tensors of a part that are used elsewhere."""
        within = {*part.nodes()}
        return [
            node
            for node in sorted(within, key=self.order.__getitem__)
            if node in self.outputs or not within.issuperset(self.users[node])
        ]
