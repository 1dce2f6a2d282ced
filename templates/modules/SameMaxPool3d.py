class SameMaxPool3d(nn.MaxPool3d):
    """MaxPool3d with TensorFlow's SAME padding: D, H, W -> ceil(D / s), ...."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size, self.stride
        kernel = (kernel,) * 3 if isinstance(kernel, int) else kernel
        stride = (stride,) * 3 if isinstance(stride, int) else stride
        pads: list[int] = []
        for size, k, s in zip(x.shape[2:], kernel, stride, strict=True):
            total = max(k - 1 - (size - 1) % s, 0)
            pads = [total // 2, total - total // 2, *pads]  # the last axis comes first
        x = nn.functional.pad(x, pads, value=-torch.inf)
        return torch.max_pool3d(x, kernel, stride)
