def converted(model: nn.Module, trained: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Make a state_dict from that of the training module, as MADE_OF says."""
    made_of = sources(model)
    state = {}
    for key in model.state_dict():
        bare = key in made_of  # a parameter that is all of its part
        path, _, name = (key, "", "weight") if bare else key.rpartition(".")
        chains = made_of[path]
        if len(chains) == len(chains[0]) == 1:
            source = chains[0][0].partition(" ")[0]
            state[key] = trained[source if bare else f"{source}.{name}".lstrip(".")]
        else:
            parts = [folded(chain, trained)[name] for chain in chains]
            state[key] = torch.cat(parts)
    return state


def folded(chain: list[str], trained: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weight and bias of a layer with the batch norms behind it folded in."""
    weight = trained[f"{chain[0]}.weight"].double()
    bias = trained.get(f"{chain[0]}.bias", weight.new_zeros(len(weight))).double()
    for part in chain[1:]:
        norm, _, eps = part.partition(" eps=")
        mean, variance = trained[f"{norm}.running_mean"], trained[f"{norm}.running_var"]
        deviation = torch.sqrt(variance.double() + float(eps or 1e-5))
        factor = trained[f"{norm}.weight"] / deviation
        weight = weight * factor.view(-1, *[1] * (weight.ndim - 1))
        bias = (bias - mean) * factor + trained[f"{norm}.bias"]
    return {"weight": weight, "bias": bias}
