class PartialConv2d(nn.Module):
    """Convolution whose output map i sees only the input maps in table[i].

    LeNet-5's C3 (LeCun et al., 1998, table I): (N, C, H, W) -> (N, len(table), ...).
    """

    def __init__(
        self,
        in_channels: int,
        table: tuple[tuple[int, ...], ...],
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        k = kernel_size
        self.in_channels, self.stride, self.padding = in_channels, stride, padding
        self.fan_in = [len(row) for row in table]
        self.sources = [source for row in table for source in row]
        kernel = (k, k) if isinstance(k, int) else k
        self.weight = nn.Parameter(torch.empty(len(self.sources), *kernel))
        self.bias = nn.Parameter(torch.zeros(len(table)))
        bound = (self.weight.numel() / len(table)) ** -0.5
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.split(x, 1, 1)
        links = nn.functional.conv2d(
            torch.cat([seen[source] for source in self.sources], 1),
            self.weight.unsqueeze(1),
            stride=self.stride,
            padding=self.padding,
            groups=len(self.weight),
        )
        maps = [link.sum(1) for link in torch.split(links, self.fan_in, 1)]
        return torch.stack(maps, 1) + self.bias[:, None, None]
