"""Names: of children within a scope, and legal, unsurprising Python identifiers."""

from __future__ import annotations

import keyword
from dataclasses import dataclass, field


@dataclass
class Namer:
    """Names the children of one scope: by label, by position, or after what they are."""

    numbered: bool
    position: int = 0
    taken: set[str] = field(default_factory=set)

    def take(self, label: str | None, stem: str, *, counts: bool = True) -> str | None:
        """The next child's name; None where its label is taken already."""
        position = str(self.position)
        if counts:
            self.position += 1
        if label is not None:
            name = label
            if name in self.taken:
                return None
        else:
            name = position if self.numbered and counts else self.free(stem)
        self.taken.add(name)
        return name

    def free(self, stem: str) -> str:
        """`relu`, then `relu_2`, `relu_3`."""
        name, count = stem, 1
        while name in self.taken:
            count += 1
            name = f"{stem}_{count}"
        return name

    def copy(self) -> Namer:
        """A snapshot to return to."""
        return Namer(self.numbered, self.position, set(self.taken))


# Attributes of torch.nn.Module that a child of the same name would hide or break.
MODULE_ATTRIBUTES = frozenset(
    """add_module apply bfloat16 buffers call_super_init children compile cpu cuda double
    dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
    get_submodule half ipu load_state_dict modules mtia named_buffers named_children named_modules
    named_parameters parameters register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu
    zero_grad devices""".split()
)


def is_attribute(name: str) -> bool:
    """Whether `self.NAME` can be written."""
    return name.isidentifier() and not keyword.iskeyword(name)


def class_name(name: str) -> str:
    """`conv_bn` as `ConvBn`, `resnet50@torchvision` as `Resnet50Torchvision`."""
    words = [word for word in name.replace("@", "_").replace("-", "_").split("_") if word]
    text = "".join(word[0].upper() + word[1:] for word in words)
    return f"Net{text}" if text[:1].isdigit() else text


def function_name(name: str) -> str:
    """`resnet50@torchvision` as `resnet50_torchvision`."""
    text = name.replace("@", "_").replace("-", "_")
    return f"{text}_" if keyword.iskeyword(text) else text
