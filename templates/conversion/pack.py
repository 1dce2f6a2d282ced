def pack(model: nn.Module, *inputs: Tensor) -> None:
    """Lay out the weights of convolutions for inputs like these, on a CPU.

    Else PyTorch does so in each call. This is what torch.compile does with freezing, by
    operators that are not public; the model takes other shapes too, but is not saved.
    """
    shapes: dict[nn.Module, list[int]] = {}

    def see(conv: nn.Module, args: tuple[Tensor, ...]) -> None:
        if args[0].shape[2:] != (1, 1):  # else the plain product of matrices is faster
            shapes[conv] = list(args[0].shape)

    convs = [module for module in model.modules() if type(module) in PACKABLE]
    hooks = [conv.register_forward_pre_hook(see) for conv in convs]
    with torch.inference_mode():
        model(*inputs)
    for hook in hooks:
        hook.remove()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d) and child in shapes:
                parent.add_module(name, PackedConv2d(child, shapes[child]))
