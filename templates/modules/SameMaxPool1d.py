class SameMaxPool1d(nn.MaxPool1d):
    """MaxPool1d with TensorFlow's SAME padding: L -> ceil(L / s)."""

    def forward(self, x: Tensor) -> Tensor:
        k, s = self.kernel_size, self.stride
        (kernel,) = (k,) if isinstance(k, int) else k
        (stride,) = (s,) if isinstance(s, int) else s
        total = max(kernel - 1 - (x.shape[2] - 1) % stride, 0)
        pads = (total // 2, total - total // 2)
        x = nn.functional.pad(x, pads, value=-torch.inf)
        return torch.max_pool1d(x, kernel, stride)
