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
            parts = [folded(chain, trained) for chain in chains]
            rows = tensor.split([len(weight) for weight, _, _ in parts])
            for row, (weight, scale, _) in zip(rows, parts, strict=True):
                torch.mul(weight, scale, out=row)
        else:
            torch.cat([bias for _, _, bias in parts], out=tensor)


def folded(
    chain: list[str],
    trained: Mapping[str, Tensor],
) -> tuple[Tensor, Tensor, Tensor]:
    """Weight, its scale and bias of a layer with the batch norms behind folded in."""
    weight = trained[f"{chain[0]}.weight"]
    scale = weight.new_ones(len(weight), dtype=torch.float64)
    bias = trained.get(f"{chain[0]}.bias", 0 * scale)
    for part in chain[1:]:
        norm, _, eps = part.partition(" eps=")
        mean, variance = trained[f"{norm}.running_mean"], trained[f"{norm}.running_var"]
        deviation = torch.sqrt(variance.double() + float(eps or 1e-5))
        factor = trained[f"{norm}.weight"] / deviation
        scale = scale * factor
        bias = (bias - mean) * factor + trained[f"{norm}.bias"]
    scale = scale.to(torch.get_default_dtype()).view(-1, *[1] * (weight.ndim - 1))
    return weight, scale, bias
