class ChannelScale(nn.Module):
    """A learned factor per channel, and with bias an offset: (N, C, H, W) -> same."""

    def __init__(
        self, channels: int, *, axes: int = 2, init: float = 1.0, bias: bool = False
    ) -> None:
        super().__init__()
        shape = (channels, *(1,) * axes)
        self.weight = nn.Parameter(torch.full(shape, float(init)))
        self.bias = nn.Parameter(torch.zeros(shape)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.weight
        return x if self.bias is None else x + self.bias
