class SameConv2d(nn.Conv2d):
    """Conv2d with TensorFlow's SAME padding: H, W -> ceil(H / s), ceil(W / s)."""

    def forward(self, x: Tensor) -> Tensor:
        pads: list[int] = []
        for size, k, s, d in zip(
            x.shape[2:], self.kernel_size, self.stride, self.dilation, strict=True
        ):
            total = max(d * (k - 1) - (size - 1) % s, 0)
            pads = [total // 2, total - total // 2, *pads]  # the last axis comes first
        return super().forward(nn.functional.pad(x, pads))
