class ScaledTanh(nn.Module):
    """a * tanh(b * x), the squashing function of LeNet-5 (LeCun et al., 1998)."""

    def __init__(self, a: float, b: float) -> None:
        super().__init__()
        self.a, self.b = a, b

    def forward(self, x: Tensor) -> Tensor:
        return self.a * torch.tanh(self.b * x)
