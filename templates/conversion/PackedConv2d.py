# What oneDNN calls activations, with their limits.
ACTIVATIONS: dict[str, tuple[str, list[float]]] = {
    "": ("none", []),
    "relu": ("relu", []),
    "relu6": ("hardtanh", [0.0, 6.0]),
    "silu": ("swish", []),
    "hardswish": ("hardswish", []),
}


def calculates_in(dtype: torch.dtype) -> bool:
    """Whether oneDNN does on this processor."""
    if not torch._C._has_mkldnn:
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    if dtype == torch.float16:
        return bool(torch.ops.mkldnn._is_mkldnn_fp16_supported())
    return dtype == torch.float32


class PackedConv2d(nn.Module):
    """A convolution on a CPU, its weight laid out once for a shape of input."""

    def __init__(self, conv: nn.Conv2d, shape: list[int]) -> None:
        super().__init__()
        self.options = [conv.padding, conv.stride, conv.dilation, conv.groups]
        reorder = torch.ops.mkldnn._reorder_convolution_weight
        weight: Tensor = reorder(conv.weight, *self.options, shape)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = conv.bias
        self.activation = ACTIVATIONS[getattr(conv, "activation", "")]

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        conv = torch.ops.mkldnn._convolution_pointwise
        name, limits = self.activation
        x = x.to(self.weight.dtype)  # under autocast some layers answer in float32
        y: Tensor
        if other is None:
            y = conv.default(x, self.weight, self.bias, *self.options, name, limits, "")
        else:
            relu = None if name == "none" else name
            given = (x, other.to(x.dtype), self.weight, self.bias, *self.options)
            y = conv.binary(*given, "add", 1.0, relu, [], None)
        return y
