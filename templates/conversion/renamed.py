def converted(model: nn.Module, trained: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Make a state_dict from that of the training module, as MADE_OF says."""
    made_of = sources(model)
    state = {}
    for key in model.state_dict():
        bare = key in made_of  # a parameter that is all of its part
        path, _, name = (key, "", "weight") if bare else key.rpartition(".")
        source = made_of[path][0][0].partition(" ")[0]
        state[key] = trained[source if bare else f"{source}.{name}".lstrip(".")]
    return state
