def pack(model: nn.Module) -> None:
    """Let convolutions on a CPU lay out their weights, for the input of a first call.

    Else PyTorch does so in each call. This is what torch.compile does with freezing, by
    operators that are not public; the model takes other shapes too, but is not saved.
    """

    def wait(parent: nn.Module, name: str, conv: nn.Conv2d) -> None:
        def first(_: nn.Module, args: tuple[Tensor, ...]) -> None:
            hook.remove()
            # On one position the plain product of matrices is faster.
            if args[0].shape[2:] != (1, 1):
                parent.add_module(name, PackedConv2d(conv, list(args[0].shape)))

        hook = conv.register_forward_pre_hook(first)

    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d) and type(child) in PACKABLE:
                wait(parent, name, child)
