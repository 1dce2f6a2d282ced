"""Lark's tree of a declaration to the tree of the language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lark import Token, Tree

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, Diagnostic
from archdsl.source import Source, Span

SUFFIX = {"K": 10**3, "M": 10**6, "G": 10**9}


class Builder:
    """Lark's tree to ours, leaf to root, by a method for each rule; every part gets its span."""

    def __init__(self, source: Source, offset: int) -> None:
        self.source = source
        self.offset = offset
        self.length = len(source.text)

    def built(self, tree: Tree[Token]) -> tuple[Any, int, int]:
        """What Lark's tree becomes, and the offsets where it starts and ends."""
        values: list[Any] = []
        first = -1
        for part in tree.children:
            if isinstance(part, Token):
                start, end = part.start_pos or 0, part.end_pos or 0
                if (read := WORDS.get(part.type)) is not None:
                    span = Span(self.source, self.offset + start, self.offset + end)
                    values.append(read(str(part), span))
                elif part.type in SIGNS:
                    values.append(part)
            else:
                value, start, end = self.built(part)
                values.append(value)
            if first < 0:
                first = start
        # A token compares itself in Python; at the limit of recursion getattr hides that it fails.
        make = getattr(self, str(tree.data))
        return make(self.span(first, end), values), first, end

    def span(self, start: int, end: int) -> Span:
        # The line end that closes the text is one of the layout's own.
        return Span(self.source, self.offset + start, min(self.offset + end, self.length))

    # ---- declarations ----

    def start(self, span: Span, parts: list[Any]) -> list[Any]:
        return parts

    def use(self, span: Span, parts: list[Any]) -> s.Use:
        spec, *names = parts
        is_path = isinstance(spec, s.Text)
        text = spec.value if is_path else spec.span.text
        return s.Use(text, is_path, tuple(names), span.to(names[-1].span))

    def definition(self, span: Span, parts: list[Any]) -> s.Definition:
        kind, name, *rest = parts
        bodies, params, lines = self.signature(rest)
        for line in lines:
            if not isinstance(line, s.Seq):
                raise wrong(
                    f"'{line.span.text.split()[0]}' belongs into a network, not into a {kind}",
                    line.span,
                )
        seq = self.joined(lines, name.span)
        if not seq.items:
            raise wrong(f"{kind} '{name.name}' has no body", name.span, "write its items below")
        return s.Definition(
            str(kind),  # type: ignore[arg-type]
            name.name,
            bodies or (),
            params or (),
            seq,
            span,
            name.span,
        )

    def network(self, span: Span, parts: list[Any]) -> s.NetworkDef:
        head, *rest = parts
        about = next((p.value for p in rest if isinstance(p, s.Text)), "")
        base = next((p for p in rest if isinstance(p, s.Call)), None)
        _, params, lines = self.signature(rest)
        if base is None:
            inputs, body = self.plain_body(lines, head.span)
            edits: list[s.Edit] = []
        else:
            inputs, edits = self.variant_body(lines)
            body = s.Seq((), head.span)
        return s.NetworkDef(
            name=head.name,
            params=params or (),
            about=about,
            base=base,
            inputs=tuple(inputs),
            body=body,
            inits=tuple(line for line in lines if isinstance(line, s.Init)),
            schedules=tuple(line for line in lines if isinstance(line, s.Schedule)),
            asserts=tuple(line for line in lines if isinstance(line, s.Assert)),
            edits=tuple(edits),
            rebinds=tuple(line for line in lines if isinstance(line, s.Rebind)),
            span=span,
            name_span=head.span,
        )

    def plain_body(self, lines: list[Any], span: Span) -> tuple[list[s.Item], s.Seq]:
        for line in lines:
            if isinstance(line, (s.Edit, s.Rebind)):
                raise wrong(
                    f"'{line.span.text.split()[0]}' belongs into a network that says 'from'",
                    line.span,
                )
        seq = self.joined([line for line in lines if isinstance(line, s.Seq)], span)
        inputs = [item for item in seq.items if is_input(item)]
        rest = tuple(item for item in seq.items if not is_input(item))
        return inputs, s.Seq(rest, seq.span)

    def variant_body(self, lines: list[Any]) -> tuple[list[s.Item], list[s.Edit]]:
        inputs: list[s.Item] = []
        edits: list[s.Edit] = []
        for line in lines:
            if isinstance(line, s.Edit):
                edits.append(line)
            elif isinstance(line, s.Seq):
                head = line.items[0]
                if is_input(head) and len(line.items) == 1:
                    inputs.append(head)
                elif head.label is None:
                    raise wrong(
                        "a line of a 'from' network replaces the item whose label it bears, "
                        "and this one bears none",
                        line.span,
                        "label it, or write 'after LABEL: ...' or 'before LABEL: ...'",
                    )
                else:
                    label = head.label
                    body = s.Seq((item(head.unit), *line.items[1:]), line.span)
                    target = s.Name(label.name, label.span)
                    edits.append(s.Edit("replace", target, body, line.span))
        return inputs, edits

    def signature(
        self, parts: list[Any]
    ) -> tuple[tuple[str, ...] | None, tuple[s.Param, ...] | None, list[Any]]:
        bodies = next((p.names for p in parts if isinstance(p, Formals)), None)
        params = next((p.params for p in parts if isinstance(p, Params)), None)
        lines = next((p.lines for p in parts if isinstance(p, Body)), [])
        return bodies, params, lines

    def base(self, span: Span, parts: list[Any]) -> s.Call:
        name, *rest = parts
        args = tuple(rest[0]) if rest else ()
        return s.Call(name.name, (), args, span, name.span)

    def formals(self, span: Span, parts: list[Any]) -> Formals:
        names = words(parts)
        self.unique(names)
        return Formals(tuple(name.name for name in names))

    def params(self, span: Span, parts: list[Any]) -> Params:
        self.unique([s.Name(name, param.span) for param in parts for name in param.names])
        return Params(tuple(parts))

    def param(self, span: Span, parts: list[Any]) -> s.Param:
        names, *default = parts
        return s.Param(names, default[0] if default else None, span)

    def pattern(self, span: Span, parts: list[Any]) -> tuple[str, ...]:
        return tuple(name.name for name in words(parts))

    def chain_body(self, span: Span, parts: list[Any]) -> Body:
        return Body(parts)

    lines_body = chain_body

    def init(self, span: Span, parts: list[Any]) -> s.Init:
        label = next(i for i, part in enumerate(parts) if isinstance(part, s.Label))
        targets, given = parts[: label + 1], parts[label + 1 :]
        args = [argument(p) for p in given if not isinstance(p, list)]
        args += [arg for group in given if isinstance(group, list) for arg in group]
        scheme = None
        if args and args[0].name is None and isinstance(first := args[0].value, s.Name):
            scheme, args = first, args[1:]
        return s.Init(tuple(map(named, targets)), scheme, tuple(args), span)

    def schedule(self, span: Span, parts: list[Any]) -> s.Schedule:
        *blocks, label, value = parts
        return s.Schedule(tuple(blocks), named(label), value, span)

    def assertion(self, span: Span, parts: list[Any]) -> s.Assert:
        return s.Assert(tuple(parts), span)

    def bound(self, span: Span, parts: list[Any]) -> s.Bound:
        name, sign, value = parts
        return s.Bound(name.name, str(sign), value, span)

    def fits(self, span: Span, parts: list[Any]) -> s.Fits:
        return s.Fits(parts[0], span)

    def drop(self, span: Span, parts: list[Any]) -> s.Edit:
        return s.Edit("drop", parts[0], None, span)

    def insert(self, span: Span, parts: list[Any]) -> s.Edit:
        word, label, chain = parts
        return s.Edit(str(word), named(label), chain, span)  # type: ignore[arg-type]

    def rebind(self, span: Span, parts: list[Any]) -> s.Rebind:
        name, *rest, body = parts
        bodies, params, _ = self.signature(rest)
        return s.Rebind(name.name, bodies, params, body, span, name.span)

    # ---- chains ----

    def joined(self, chains: Iterable[s.Seq], span: Span) -> s.Seq:
        chains = list(chains)
        items = tuple(item for chain in chains for item in chain.items)
        return s.Seq(items, chains[0].span.to(chains[-1].span) if chains else span)

    def seq(self, span: Span, parts: list[Any]) -> s.Seq:
        return self.joined(parts, span)

    def chain(self, span: Span, parts: list[Any]) -> s.Seq:
        return s.Seq(tuple(map(item, words(parts))), span)

    def item(self, span: Span, parts: list[Any]) -> s.Item:
        label, unit = parts
        return s.Item(label, unit, span)

    def if_(self, span: Span, parts: list[Any]) -> s.If:
        then, condition, *rest = parts
        return s.If(then, condition, item(rest[0]) if rest else None, span)

    def repeat(self, span: Span, parts: list[Any]) -> s.Repeat:
        unit, count = parts
        return s.Repeat(unit, count, span)

    def call(self, span: Span, parts: list[Any]) -> s.Call:
        name, *rest = words(parts)
        bodies: tuple[s.Seq, ...] = ()
        args: list[s.Arg] = []
        if parts[1:2] == ["/"]:  # a stride
            rest[0] = s.Arg("stride", rest[0], rest[0].span)
        for part in rest:
            if isinstance(part, Angle):
                bodies = part.bodies
            elif isinstance(part, list):
                args += part
            else:
                args.append(argument(part))
        return s.Call(name.name, bodies, tuple(args), span, name.span)

    def on_call(self, span: Span, parts: list[Any]) -> s.Call:
        word, device, angle = parts
        arg = s.Arg(None, device, device.span)
        name_span = Span(self.source, span.start, span.start + len(word))
        return s.Call(str(word), angle.bodies, (arg,), span, name_span)

    def angle(self, span: Span, parts: list[Any]) -> Angle:
        return Angle(tuple(p for p in parts if isinstance(p, s.Seq)))

    def group(self, span: Span, parts: list[Any]) -> s.Group | s.Choice:
        bodies = [p for p in parts if isinstance(p, s.Seq)]
        return s.Group(bodies[0], span) if len(bodies) == 1 else s.Choice(tuple(bodies), span)

    def join(self, span: Span, parts: list[Any]) -> s.Join:
        branches = tuple(p for p in parts if isinstance(p, s.Seq))
        signs = [str(p) for p in parts if isinstance(p, Token) and str(p) in "|+*"]
        if not signs:
            raise wrong(
                "a join of a single branch joins nothing",
                span,
                "write [ a | b ], [ a + b ] or [ a * b ], or parentheses to group",
            )
        return s.Join(signs[0], branches, span)  # type: ignore[arg-type]

    def ref(self, span: Span, parts: list[Any]) -> s.Ref:
        return s.Ref(str(parts[0])[1:], span)

    # ---- arguments and expressions ----

    def longargs(self, span: Span, parts: list[Any]) -> list[s.Arg]:
        return [argument(part) for part in parts]

    def keyed(self, span: Span, parts: list[Any]) -> s.Arg:
        name, value = parts
        return s.Arg(name.name, value, span)

    def chain_value(self, span: Span, parts: list[Any]) -> s.ChainValue:
        return s.ChainValue(tuple(words(parts)), span)

    def binary(self, span: Span, parts: list[Any]) -> s.Operation:
        left, sign, right = parts
        return s.Operation(str(sign), (left, right), span)

    def unary(self, span: Span, parts: list[Any]) -> s.Operation:
        sign, operand = parts
        return s.Operation(str(sign), (operand,), span)

    negative = unary

    def apply(self, span: Span, parts: list[Any]) -> s.Apply:
        name, *operands = parts
        return s.Apply(name.name, tuple(operands), span)

    def tensor(self, span: Span, parts: list[Any]) -> s.TensorRef:
        return s.TensorRef(str(parts[0])[1:], span)

    def inner(self, span: Span, parts: list[Any]) -> s.Expr:
        """An expression in parentheses, which belong to what it stands in."""
        return parts[0]  # type: ignore[no-any-return]

    count = inner

    def unique(self, names: list[s.Name]) -> None:
        seen: set[str] = set()
        for name in names:
            if name.name in seen:
                raise wrong(f"'{name.name}' stands here twice", name.span)
            seen.add(name.name)


class Formals:
    """The names in the `< >` of a header."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names


class Params:
    """The parameters in the `( )` of a header."""

    def __init__(self, params: tuple[s.Param, ...]) -> None:
        self.params = params


class Angle:
    """The bodies in the `< >` of a call."""

    def __init__(self, bodies: tuple[s.Seq, ...]) -> None:
        self.bodies = bodies


class Body:
    """The lines of a declaration."""

    def __init__(self, lines: list[Any]) -> None:
        self.lines = lines


def words(parts: list[Any]) -> list[Any]:
    """What remains of a rule's parts without signs."""
    return [p for p in parts if not isinstance(p, Token)]


def item(part: s.Item | s.Unit) -> s.Item:
    """An item, which without a label is its unit alone."""
    return part if isinstance(part, s.Item) else s.Item(None, part, part.span)


def argument(part: s.Arg | s.Expr) -> s.Arg:
    """An argument, which without a name is its value alone."""
    return part if isinstance(part, s.Arg) else s.Arg(None, part, part.span)


def named(part: s.Name | s.Label) -> s.Name:
    """The name of an item elsewhere, told by its label or by its path."""
    return s.Name(part.name, part.span)


def is_input(item: s.Item) -> bool:
    """Whether an item is an `input` line."""
    return isinstance(item.unit, s.Call) and item.unit.name == "input"


def wrong(message: str, span: Span, help: str = "") -> ArchError:
    """A mistake that the grammar lets pass."""
    return ArchError(Diagnostic("syntax", message, span, help=help))


# ---- words that mean something by themselves -----------------------------------------------


def number(word: str, span: Span) -> s.Number:
    factor = SUFFIX.get(word[-1], 1)
    digits = word[:-1] if factor > 1 else word
    if digits.isascii() and digits.isdigit():
        return s.Number(integer(digits, span) * factor, span)
    value = float(digits) * factor
    if abs(value) > s.MAX_NUMBER:
        raise too_large(span)
    return s.Number(int(value) if factor > 1 and value == int(value) else value, span)


def integer(digits: str, span: Span) -> int:
    if len(digits) > 12:
        raise too_large(span)
    return int(digits)


def too_large(span: Span) -> ArchError:
    return ArchError(Diagnostic("limit", f"numbers go up to {s.MAX_NUMBER:,}", span))


def size(word: str, span: Span) -> s.Size:
    return s.Size(tuple(integer(part, span) for part in word.split("x")), span)


def in_axis(word: str, span: Span) -> s.InputAxis:
    axis = word[3:]
    if axis not in ("c", "d", "h", "w"):
        raise wrong(f"'in' has no axis '{axis}'", span, "in.c, in.d, in.h, in.w")
    return s.InputAxis(axis, span)


def label(word: str, span: Span) -> s.Label:
    text = word.rstrip(" \t:")
    span = Span(span.source, span.start, span.start + len(text))
    if text.endswith("#0"):
        return s.Label(text[:-2], 0, span)
    if text.endswith("#"):
        return s.Label(text[:-1], 1, span)
    return s.Label(text, None, span)


# Words and signs of which a rule asks which they are; others have said all by standing there.
SIGNS = frozenset(
    """LET BLOCK AFTER BEFORE ON AND OR NOT REF ARROW LESS COMPARE
    BAR PLUS MINUS STAR SLASH FLOOR PERCENT""".split()
)
WORDS: dict[str, Callable[[str, Span], s.Expr | s.Label]] = {
    "NUMBER": number,
    "SIZE": size,
    "X_COUNT": lambda word, span: s.Number(integer(word[1:], span), span),
    "STRING": lambda word, span: s.Text(word[1:-1], span),
    "NAME": s.Name,
    "NETNAME": s.Name,
    "PATH": s.Name,
    "HOLE": lambda word, span: s.Hole(span),
    "IN_AXIS": in_axis,
    "LABEL": label,
}
