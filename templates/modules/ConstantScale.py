class ConstantScale(nn.Module):
    """Multiplication by a constant, as Inception-ResNet (2016) scales its residuals."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor
