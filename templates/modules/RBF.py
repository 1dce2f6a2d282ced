class RBF(nn.Module):
    """Squared distances to fixed codes of +-1: (N, in_features) -> (N, classes).

    LeNet-5's output layer (LeCun et al., 1998), with codes drawn from a fixed seed.
    """

    codes: Tensor

    def __init__(self, in_features: int, classes: int) -> None:
        super().__init__()
        seed = torch.Generator().manual_seed(0)
        bits = torch.randint(2, (classes, in_features), generator=seed, device="cpu")
        self.register_buffer("codes", 2.0 * bits - 1.0)

    def forward(self, x: Tensor) -> Tensor:
        return (x.unsqueeze(1) - self.codes).square().sum(2)
