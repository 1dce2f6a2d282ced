def converted(model: nn.Module, trained: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Make a state_dict from that of the training module, as MADE_OF says."""
    made_of = sources(model)
    state = {}
    for key in model.state_dict():
        path, _, name = key.rpartition(".")
        state[key] = trained[f"{made_of[path][0][0]}.{name}"]
    return state
