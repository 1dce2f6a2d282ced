class SameMaxPool3d(nn.MaxPool3d):
    """MaxPool3d with TensorFlow's SAME padding: D, H, W -> ceil(D / s), ...."""

    def forward(self, x: Tensor) -> Tensor:
        k, s = self.kernel_size, self.stride
        kernel = (k,) * 3 if isinstance(k, int) else k
        stride = (s,) * 3 if isinstance(s, int) else s
        pads: list[int] = []
        for size, k, s in zip(x.shape[2:], kernel, stride, strict=True):
            total = max(k - 1 - (size - 1) % s, 0)
            pads = [total // 2, total - total // 2, *pads]  # the last axis comes first
        x = nn.functional.pad(x, pads, value=-torch.inf)
        return torch.max_pool3d(x, kernel, stride)
