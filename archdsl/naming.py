"""Names: of children within a scope, and legal, unsurprising Python identifiers."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection, Iterable
from dataclasses import field

from archdsl.records import dataclass


@dataclass
class Namer:
    """Names the children of one scope: by label, by position, or after what they are."""

    numbered: bool
    position: int = 0
    taken: dict[str, None] = field(default_factory=dict)  # in the order of their taking
    counts: dict[str, int] = field(default_factory=dict)  # how far each stem has come

    def take(self, label: str | None, stem: str, *, counts: bool = True) -> str | None:
        """The next child's name; None where its label is taken already."""
        position = self.position
        if counts:
            self.position += 1
        if label in self.taken:
            return None
        if label is not None:
            name = label
        else:
            name = str(position) if self.numbered and counts else self.free(stem)
        self.taken[name] = None
        return name

    def free(self, stem: str) -> str:
        """`relu`, then `relu_2`, `relu_3`."""
        if stem in MODULE_ATTRIBUTES:
            stem = f"{stem}_"
        name, count = stem, self.counts.get(stem, 1)
        while name in self.taken:
            count += 1
            name = f"{stem}_{count}"
        self.counts[stem] = count
        return name

    def mark(self) -> tuple[int, int, dict[str, int]]:
        """A state to come back to; small, since a walk marks many."""
        return self.position, len(self.taken), dict(self.counts)

    def back(self, mark: tuple[int, int, dict[str, int]]) -> None:
        """Forget what was named since a mark."""
        self.position, count, counts = mark
        self.counts = dict(counts)
        while len(self.taken) > count:
            self.taken.popitem()


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
    zero_grad devices T_destination
    _apply _backward_hooks _backward_pre_hooks _buffers _call_impl _compiled_call_impl
    _forward_hooks _forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks
    _forward_pre_hooks_with_kwargs _get_backward_hooks _get_backward_pre_hooks _get_name
    _is_full_backward_hook _load_from_state_dict _load_state_dict_post_hooks
    _load_state_dict_pre_hooks _maybe_warn_non_full_backward_hook _modules _named_members
    _non_persistent_buffers_set _parameters _register_load_state_dict_pre_hook
    _register_state_dict_hook _replicate_for_data_parallel _save_to_state_dict _slow_forward
    _state_dict_hooks _state_dict_pre_hooks _version _wrapped_call_impl""".split()
)
# What a generated file imports, defines or calls by a bare name.
FILE_NAMES = frozenset(
    """argparse torch nn Tensor Timer OrderedDict Sequence NamedTuple main self
    Mapping MADE_OF from_trained convert sources folded merged by_input affine
    PackedConv2d pack calculates_in PACKABLE ACTIVATIONS typing itertools Callable Iterable Iterator
    compiled fused graphed prefetched fastest keep_memory ctypes sys warnings""".split()
) | frozenset(dir(builtins))


def is_attribute(name: str) -> bool:
    """Whether `self.NAME` can be written, and means what it says."""
    plain = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return plain and not name.startswith("__")  # within a class Python renames those


def identifier(name: str, taken: Collection[str] = ()) -> str:
    """A name as Python takes it, with a last underscore where it is taken already."""
    text = re.sub(r"[^A-Za-z0-9_]", "_", name)
    while keyword.iskeyword(text) or text in taken:
        text += "_"
    return text


def unique(name: str, taken: Collection[str], joint: str = "_") -> str:
    """The name, or with a number behind it where it is taken already: `c`, `c_2`, `c_3`."""
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}{joint}{count}"
    return found


def class_name(name: str) -> str:
    """`conv_bn` as `ConvBn`, `resnet50@torchvision` as `Resnet50Torchvision`."""
    text = camel(name)
    return text if text.isidentifier() else f"Net{text}"


def camel(name: str) -> str:
    """The words of a name, each with a capital."""
    words = [word for word in identifier(name).split("_") if word]
    return run_together(word[0].upper() + word[1:] for word in words)


def run_together(words: Iterable[str]) -> str:
    """Words as one; where digits would meet they stay apart, `SqueezeNet1_0`."""
    return re.sub(r"(?<!\d)_|_(?!\d)", "", "_".join(words))


def function_name(name: str) -> str:
    """`resnet50@torchvision` as `resnet50_torchvision`."""
    return identifier(name, FILE_NAMES)
