class PackedConv2d(nn.Module):
    """A convolution on a CPU, its weight laid out once for a shape of input."""

    def __init__(self, conv: nn.Conv2d, shape: list[int]) -> None:
        super().__init__()
        self.options = [conv.padding, conv.stride, conv.dilation, conv.groups]
        reorder = torch.ops.mkldnn._reorder_convolution_weight
        weight: Tensor = reorder(conv.weight, *self.options, shape)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = conv.bias

    def forward(self, x: Tensor) -> Tensor:
        conv = torch.ops.mkldnn._convolution_pointwise
        y: Tensor = conv(x, self.weight, self.bias, *self.options, "none", [], "")
        return y
