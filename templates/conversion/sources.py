def sources(model: nn.Module) -> dict[str, list[list[str]]]:
    """By path what each part is made of: chains of trained layers, side by side."""
    found = {"": [[""]]}
    for path, module in model.named_modules():
        parent, _, name = path.rpartition(".")
        found.setdefault(path, [[f"{found[parent][0][0]}.{name}".lstrip(".")]])
        origin = found[path][0][0]
        for layer, chains in MADE_OF.get(type(module), {}).items():
            parts = [chain.split(" > ") for chain in chains]
            found[f"{path}.{layer}".lstrip(".")] = [
                [f"{origin}.{part}".lstrip(".") for part in chain] for chain in parts
            ]
    return found
