class ZeroPadShortcut(nn.Module):
    """Every stride-th pixel, then zero channels at the end (He et al., 2016, option A).

    (N, C, H, W) -> (N, C + channels, ceil(H / stride), ceil(W / stride)).
    """

    def __init__(self, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.channels, self.stride = channels, stride

    def forward(self, x: Tensor) -> Tensor:
        axes = x.dim() - 2
        steps = (1, 1, *(self.stride,) * axes)
        x = x[tuple(slice(None, None, step) for step in steps)]
        return nn.functional.pad(x, (0, 0) * axes + (0, self.channels))
