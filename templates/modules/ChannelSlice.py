class ChannelSlice(nn.Module):
    """Channels start to stop (exclusive): (N, C, ...) -> (N, stop - start, ...)."""

    def __init__(self, start: int, stop: int) -> None:
        super().__init__()
        self.start, self.stop = start, stop

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.start : self.stop]
