class SameConv1d(nn.Conv1d):
    """Conv1d with TensorFlow's SAME padding: L -> ceil(L / s)."""

    def forward(self, x: Tensor) -> Tensor:
        (k,), (s,), (d,) = self.kernel_size, self.stride, self.dilation
        total = max(d * (k - 1) - (x.shape[2] - 1) % s, 0)
        return super().forward(nn.functional.pad(x, (total // 2, total - total // 2)))
