class ChannelScale(nn.Module):
    """A learned factor and offset per channel: (N, C, H, W) -> same."""

    def __init__(self, channels: int, *, axes: int = 2, init: float = 1.0) -> None:
        super().__init__()
        shape = (channels, *(1,) * axes)
        self.weight = nn.Parameter(init * torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + self.bias
