"""How many bytes a network takes: its tensors, the peak of inference, what training keeps.

`peak` follows the generated code as PyTorch runs it: a tensor is alive from its making until the
last operator that reads it; what comes into a block, a group or the network is held by the caller
until that is done; views and what is overwritten take nothing; an operator's own tensors count (a
max pool's indices in inference too). Three things are not seen. A variable keeps what it holds
until its statement ends (`y = self.bn3(self.conv3(y))` holds the first `y` while `bn3` works),
which costs resnet50 6.8% and googlenet 7.8% more, the most of all shipped networks. Kernels take
workspaces of their own (a convolution's, a copy where a map does not lie in one piece). And at a
batch of one some copies of slices are views.

`kept` is what autograd keeps in eager mode, exact but for slices, and maps that `ln` has turned,
where `flatten` or `gn` follows: PyTorch copies these. The backward pass needs the gradients of a
few maps at a time on top. `consecutive` is the course's simple figure: the most that one operator
reads and makes.
"""

from __future__ import annotations

from archdsl.memory.memory import DTYPES, OPTIMIZERS, Memory, Row, memory

__all__ = ["DTYPES", "OPTIMIZERS", "Memory", "Row", "memory"]
