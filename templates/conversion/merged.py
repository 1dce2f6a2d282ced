def convert(model: nn.Module, trained: Mapping[str, Tensor]) -> None:
    """Fill a model with what MADE_OF makes of the weights of the training module."""
    made_of = sources(model)
    for key, tensor in model.state_dict().items():
        bare = key in made_of  # a parameter that is all of its part
        path, _, name = (key, "", "weight") if bare else key.rpartition(".")
        chains = made_of[path]
        if len(chains) == len(chains[0]) == 1:
            source = chains[0][0].partition(" ")[0]
            tensor.copy_(trained[source if bare else f"{source}.{name}".lstrip(".")])
            continue
        if name == "weight":  # the bias comes next
            module = model if bare else model.get_submodule(path)
            parts = [merged(chain, trained, module) for chain in chains]
        tensor.copy_(torch.cat([part[name] for part in parts]).view(tensor.shape))


def merged(
    chain: list[str],
    trained: Mapping[str, Tensor],
    module: nn.Module,
) -> dict[str, Tensor]:
    """Weight and bias of the layer that does what a chain of layers does."""
    groups = getattr(module, "groups", 1)
    transposed = "Transpose" in type(module).__name__  # (in, out / groups, ...)
    weight, bias = affine(chain[0], trained)
    for part in chain[1:]:
        after, offset = affine(part, trained)
        if after.ndim > 1 and weight.ndim > 1:  # two layers, of which one is 1x1
            bias = offset + after.flatten(2).sum(2) @ bias.expand(len(weight))
            if weight[0, 0].numel() == 1:
                weight = torch.einsum("om...,mi->oi...", after, weight.flatten(1))
            else:
                weight = torch.einsum("om,mi...->oi...", after.flatten(1), weight)
        elif after.ndim > 1:  # a layer behind a factor and an offset per channel
            size = groups * after.shape[1]
            parts = after.view(groups, -1, *after.shape[1:])
            shift = parts * by_input(bias.expand(size), after, groups)
            bias = offset + shift.flatten(2).sum(2).flatten()
            factor = by_input(weight.expand(size), after, groups)
            weight = (parts * factor).flatten(0, 1)
        elif transposed and weight.ndim > 1:
            factor = by_input(after.expand(groups * weight.shape[1]), weight, groups)
            parts = weight.view(groups, -1, *weight.shape[1:])
            weight = (parts * factor).flatten(0, 1)
            bias = bias * after + offset
        else:
            weight = weight * after.view(-1, *[1] * (weight.ndim - 1))
            bias = bias * after + offset
    if not transposed:
        bias = bias.expand(len(weight))
    return {"weight": weight, "bias": bias}


def by_input(values: Tensor, weight: Tensor, groups: int) -> Tensor:
    """Lay out a value for each channel of a weight's second axis, by groups."""
    return values.view(groups, 1, -1, *[1] * (weight.ndim - 2))


def affine(part: str, trained: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Weight and bias of a trained layer; factor and offset of a norm or a scale."""
    path, _, note = part.partition(" ")
    if note.startswith("factor="):
        number = float(note.removeprefix("factor="))
        return torch.tensor([number], dtype=torch.float64), torch.zeros(1)
    weight = trained[path if path in trained else f"{path}.weight"].double()
    bias = trained.get(f"{path}.bias", weight.new_zeros(1)).double()
    if note == "scale":
        return weight.flatten(), bias.flatten()
    if f"{path}.running_var" not in trained:
        return weight, bias
    eps = float(note.removeprefix("eps=") or 1e-5)
    factor = weight / torch.sqrt(trained[f"{path}.running_var"].double() + eps)
    return factor, bias - factor * trained[f"{path}.running_mean"].double()
