def convert(model: nn.Module, trained: Mapping[str, Tensor]) -> None:
    """Fill a model with what MADE_OF makes of the weights of the training module."""
    made_of = sources(model)
    for key, tensor in model.state_dict().items():
        bare = key in made_of  # a parameter that is all of its part
        path, _, name = (key, "", "weight") if bare else key.rpartition(".")
        source = made_of[path][0][0].partition(" ")[0]
        tensor.copy_(trained[source if bare else f"{source}.{name}".lstrip(".")])
