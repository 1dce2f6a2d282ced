class SameMaxPool2d(nn.MaxPool2d):
    """MaxPool2d with TensorFlow's SAME padding: H, W -> ceil(H / s), ceil(W / s)."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size, self.stride
        kernel = (kernel,) * 2 if isinstance(kernel, int) else kernel
        stride = (stride,) * 2 if isinstance(stride, int) else stride
        pads: list[int] = []
        for size, k, s in zip(x.shape[2:], kernel, stride, strict=True):
            total = max(k - 1 - (size - 1) % s, 0)
            pads = [total // 2, total - total // 2, *pads]  # the last axis comes first
        x = nn.functional.pad(x, pads, value=-torch.inf)
        return torch.max_pool2d(x, kernel, stride)
