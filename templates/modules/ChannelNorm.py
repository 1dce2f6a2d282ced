class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels at each position: (N, C, H, W) -> (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
