class StochasticDepth(nn.Module):
    """Drops a branch with probability p per sample in training (Huang et al., 2016)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        ones = x.new_ones(x.shape[0], *(1,) * (x.dim() - 1))
        return x * nn.functional.dropout(ones, self.p)
