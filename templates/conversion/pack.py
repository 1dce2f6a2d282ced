def pack(model: nn.Module) -> None:
    """Let convolutions on a CPU lay out their weights, for the input of a first call.

    Else PyTorch does so in each call. This is what torch.compile does with freezing, by
    operators that are not public; the model takes other shapes, but is not saved and
    keeps its type. Convolutions in a type that oneDNN lacks here stay as they are.
    """

    def wait(parent: nn.Module, name: str, conv: nn.Conv2d) -> None:
        def first(x: Tensor, *others: Tensor) -> Tensor:
            conv.__dict__.pop("forward", None)
            layer: nn.Module = conv
            # On one position the plain product of matrices is faster.
            if x.shape[2:] != (1, 1) and calculates_in(conv.weight.dtype):
                layer = PackedConv2d(conv, list(x.shape))
                parent.add_module(name, layer)
            y: Tensor = layer(x, *others)
            return y

        conv.forward = first  # type: ignore[assignment, method-assign]

    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d) and type(child) in PACKABLE:
                wait(parent, name, child)
