"""A draft as text; how it is indented and aligned is the formatter's affair."""

from __future__ import annotations

from typing import Any

from archdsl.format import format
from archdsl.importing.draft import (
    Aux,
    Chain,
    Definition,
    Draft,
    Either,
    Formula,
    Group,
    Item,
    Join,
    Leaf,
    Ref,
    Stack,
    Unit,
    Use,
)
from archdsl.ops.base import REQUIRED, is_default, notation
from archdsl.shapes import extents
from archdsl.source import Source

WIDTH = 88


def printed(draft: Draft) -> str:
    """The spec of a draft, laid out."""
    return format(Source("<import>", rough(draft)))


def rough(draft: Draft) -> str:
    """The spec of a draft, as good as any for the parser."""
    blocks = [definition(each) for each in draft.definitions]
    blocks.append(
        "\n".join(
            [
                f"network {draft.name}{header(draft.params)}",
                f"input {draft.input}",
                *steps(draft.chain, False),
                *schedule(draft),
            ]
        )
    )
    return "\n\n".join(blocks) + "\n"


def schedule(draft: Draft) -> list[str]:
    """The line that says what an operator is given in each use of some blocks."""
    if draft.schedule is None:
        return []
    names = [each.name for each in draft.definitions if each.kind in draft.schedule.kinds]
    return [f"schedule {', '.join(names)} {draft.schedule.operator}: {draft.schedule.rule}"]


def definition(made: Definition) -> str:
    """The declaration of a block or `let`."""
    head = f"{'let' if made.is_let else 'block'} {made.name}{header(made.params)}"
    body = steps(made.chain, made.is_let)
    if len(body) == 1 and len(head) + len(body[0]) < WIDTH:
        return f"{head} = {body[0]}"
    return "\n".join([head, *body])


def header(params: tuple[tuple[str, Any], ...]) -> str:
    """The parameters of a declaration."""
    texts = [name if value is REQUIRED else f"{name}={value_text(value)}" for name, value in params]
    return f"({', '.join(texts)})" if texts else ""


# ---- chains --------------------------------------------------------------------------------


def steps(chain: Chain, numbered: bool) -> list[str]:
    """A chain as lines that begin with what has weights; what is too long takes several."""
    found: list[str] = []
    open_ = True  # the line goes on behind its first step
    for item in chain:
        text = one(item, numbered)
        if len(text) >= WIDTH:
            text = several(item, numbered)
        joins = found and "\n" not in found[-1] + text and not begins(item.unit) and open_
        if joins and len(found[-1]) + len(text) < WIDTH:
            found[-1] += f" > {text}"
        else:
            found.append(text)
            open_ = isinstance(item.unit, Leaf) or item.label is None or item.label.isdecimal()
    return found


def begins(unit: Unit) -> bool:
    """Whether a step begins a line."""
    if isinstance(unit, Leaf):
        return unit.kind.family in ("conv", "linear") and unit.state
    return not isinstance(unit, Ref)


def one(item: Item, numbered: bool) -> str:
    """A step on one line."""
    label = f"{item.label}: " if item.label and not item.label.isdecimal() else ""
    unit = item.unit
    if isinstance(unit, Stack) and unit.first is not None:
        label = f"{item.label}#{'' if unit.first else 0}: "
    return label + unit_text(unit, numbered, bool(label))


def unit_text(unit: Unit, numbered: bool, labelled: bool = False) -> str:
    """A unit on one line, in a scope that numbers its children or does not."""
    match unit:
        case Leaf():
            return leaf_text(unit)
        case Use():
            text = use_text(unit)
            return f"({text})" if unit.groups and numbered and not labelled else text
        case Group(chain=chain):
            if not unit.state and not numbered:
                return inline(chain, numbered)
            if labelled and is_stack(chain):
                return one(chain[0], True)
            return f"({inline(chain, True)})"
        case Join(sign, branches):
            return f"[ {f' {sign} '.join(branch_text(b, numbered) for b in branches)} ]"
        case Either(alternatives):
            return f"({' or '.join(branch_text(a, numbered) for a in alternatives)})"
        case Ref(label):
            return f"@{label}"
        case Stack(inner, count):
            return stacked(inner, count)
        case Aux(chain=(Item(unit=Group(chain=chain)),)) | Aux(chain=chain):
            return f"aux<{inline(chain, labelled)}>"


def is_stack(chain: Chain) -> bool:
    """Whether a chain is one stack, whose label opens a group by itself."""
    unit = chain[0].unit if len(chain) == 1 else None
    return isinstance(unit, Stack) and unit.first is None


def inline(chain: Chain, numbered: bool) -> str:
    return " > ".join(one(item, numbered) for item in chain)


def branch_text(chain: Chain | None, numbered: bool) -> str:
    """A branch of a join; without steps it passes its input on, and None is no branch."""
    if chain is None:
        return "none"
    return inline(chain, numbered) or "identity"


def several(item: Item, numbered: bool) -> str:
    """A step that is too long for a line."""
    label = f"{item.label}: " if item.label and not item.label.isdecimal() else ""
    match item.unit:
        case Group(chain=chain):
            return "\n".join([f"{label}(", *steps(chain, True), ")"])
        case Join(sign, branches):
            texts = ["\n> ".join(steps(b, numbered)) or "identity" for b in branches]
            return f"[ {f'{chr(10)}{sign} '.join(texts)} ]"
        case Aux(chain=(Item(unit=Group(chain=chain)),)) | Aux(chain=chain):
            return "\n".join([f"{label}aux<", *steps(chain, bool(label)), ">"])
        case unit:
            return label + unit_text(unit, numbered)


# ---- calls ---------------------------------------------------------------------------------


def leaf_text(leaf: Leaf) -> str:
    """An operator with the arguments that are not as they are without a word."""
    kind, values = leaf.kind, dict(leaf.values)
    words = {(name, value): word for word, (name, value) in kind.words.items()}
    parts, in_order = [kind.name], True
    for key, field in kind.arguments().items():
        value = values[field.name]
        if value is None or (not isinstance(value, Formula) and is_default(value, field.default)):
            in_order = in_order and field.name not in kind.positional
            continue
        if field.name == "stride" and values.get("size") is not None:
            continue
        if not isinstance(value, Formula) and (field.name, value) in words:
            parts.append(words[field.name, value])
        elif field.name in kind.positional and in_order:
            parts.append(value_text(value, field.name == "size") + stride_text(leaf, field.name))
        else:
            parts.append(f"{key}={value_text(value)}")
    return " ".join(parts)


def stride_text(leaf: Leaf, field: str) -> str:
    """The stride that a size carries."""
    stride = dict(leaf.values).get("stride")
    if field != "size" or stride is None:
        return ""
    if not isinstance(stride, Formula) and is_default(
        stride, leaf.kind.arguments()["stride"].default
    ):
        return ""
    return f"/{value_text(stride)}"


def value_text(value: Any, is_size: bool = False) -> str:
    """A value, in parentheses where it is an expression."""
    if isinstance(value, Formula):
        return value.text if value.plain else f"({value.text})"
    if is_size and isinstance(value, tuple):
        return extents(value)
    if isinstance(value, float):
        return repr(value)
    return notation(value)


def use_text(use: Use, times: int = 1) -> str:
    """A call of a block or `let`, so many times."""
    stride = dict(use.values).get("stride", 1)
    rest = [value for name, value in use.values if name != "stride"]
    texts = [value_text(value, isinstance(value, tuple)) for value in rest]
    slash = "" if stride == 1 else f"/{value_text(stride)}"
    if len(texts) > 2 or any(">" in text or text.startswith("(") for text in texts[1:]):
        text = f"{use.name}{slash}({', '.join(texts)})"
    elif rest and isinstance(rest[0], tuple):
        text = " ".join([use.name, texts[0] + slash, *texts[1:]])
    else:
        text = " ".join([use.name + slash, *texts])
    if times == 1:
        return text
    return f"{text}x{times}" if len(rest) == 1 and isinstance(rest[0], int) else f"{text} x{times}"


def stacked(unit: Unit, count: int) -> str:
    """A unit so many times."""
    if isinstance(unit, Use) and unit.groups:
        return f"({use_text(unit)}) x{count}"
    if isinstance(unit, Use):
        return use_text(unit, count)
    return f"{unit_text(unit, False)} x{count}"
