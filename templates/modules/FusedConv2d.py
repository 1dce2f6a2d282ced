# imports: typing
class FusedConv2d(nn.Conv2d):
    """A convolution that ends in a sum with another tensor, an activation, or both."""

    def __init__(
        self,
        *args: typing.Any,
        activation: str = "",
        **options: typing.Any,
    ) -> None:
        super().__init__(*args, **options)
        self.activation = activation  # a function of nn.functional

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        y = super().forward(x)
        if other is not None:
            y += other
        if self.activation:
            y = getattr(nn.functional, self.activation)(y, inplace=True)
        return y
