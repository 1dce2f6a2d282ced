"""Random texts of specs, most of which are networks: hypothesis shrinks them to short ones.

A writer keeps just enough in mind to be right mostly: the rank, whether the map may still be
made smaller, the labels in reach. What the compiler refuses is thrown away by the tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[str]], str]
WIDTHS = ("4", "8", "12", "16")
LABELS = (
    "a b c x y z k e self lambda class nn torch relu conv bn branches residual int print list "
    "stride in_channels Tensor unit b-1 super dropout x1 groups"
).split()
NAMES = "unit tensor timer ordered_dict stem lower same_conv2d net module Sequence nn".split()
ACTIVATIONS = (
    "relu",
    "relu",
    "relu",
    "relu6",
    "leaky 0.2",
    "elu",
    "selu",
    "silu",
    "mish",
    "sigmoid",
    "hardswish",
    "hardsigmoid",
    "softplus",
    "gelu",
    "gelu tanh",
    "prelu",
    "prelu shared",
    "tanh",
    "tanh 1.7 0.6",
    "softmax",
)
SCHEDULED = ("leaky", "elu", "scale", "dropout", "droppath")
STILL = (
    "bn",
    "bn",
    "bn eps=1e-3",
    "ln",
    "gn 2",
    "gn 4",
    "lrn 3",
    "dropout 0.3",
    "dropout2d 0.3",
    "droppath 0.3",
    "scale",
    "scale 0.5 bias",
    "scale fixed=0.3",
    "shuffle 2",
    "shuffle 1",
    "permute last > ln > gelu > permute first",
    "identity",
    "dwconv 3x3",
    "dwconv 3x3 nobias mult=2",
    "maxpool 3x3/1 same",
    "avgpool 3x3/1 same nopadcount",
    "slice 0 4",
)
SMALLER = (
    "maxpool 2x2",
    "maxpool 3x3/2 same ceil",
    "maxpool 2x2 same_tf",
    "avgpool 2x2",
    "avgpool 3x3/2 same",
    "avgpool out=4x4",
    "dwconv 3x3/2 same_tf",
    "pad 1",
    "upsample 2",
    "pixelshuffle 2",
    "pad channels=24 subsample=2",
)


@dataclass(frozen=True)
class Definition:
    """A block or let: its parameters with values to call it by, and how many bodies it takes."""

    name: str
    kind: str
    params: tuple[str, ...]
    bodies: tuple[str, ...]
    strided: bool


@dataclass
class Place:
    """Where text is written: what can be named there."""

    widths: tuple[str, ...] = WIDTHS
    numbers: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    stride: str | None = None
    still: bool = False  # the map's extents have to stay
    top: bool = False  # the network's own body
    depth: int = 0
    used: set[str] = field(default_factory=set)
    labelled: list[str] = field(default_factory=list)
    refs: tuple[str, ...] = ()  # labels of enclosing bodies


@dataclass
class Writer:
    """Writes one spec."""

    draw: Draw
    rank: int
    definitions: list[Definition] = field(default_factory=list)
    heads: int = 0

    def one(self, *options: str) -> str:
        return self.draw(st.sampled_from(options))

    def chance(self, percent: int) -> bool:
        return int(self.one(*map(str, range(10)))) * 10 >= 100 - percent

    def count(self, most: int, least: int = 1) -> int:
        return int(self.one(*map(str, range(least, most + 1))))

    def adapted(self, text: str) -> str:
        """Text with its sizes in as many axes as the network has."""
        words = []
        for word in text.split():
            key, equals, size = word.rpartition("=")
            extents, slash, stride = size.partition("/")
            parts = extents.split("x")
            if len(parts) == 2 and all(part.isdigit() for part in parts):
                size = "x".join(parts[:1] * self.rank)
                word = key + equals + size + slash + stride
            words.append(word)
        return " ".join(words)

    # ---- chains ----

    def chain(self, place: Place, most: int = 4) -> str:
        """One to several steps."""
        steps = [self.item(place) for _ in range(self.count(most))]
        separator = self.one("\n", " > ")
        return separator.join(steps)

    def item(self, place: Place) -> str:
        text = self.unit(place)
        if not self.chance(25):
            return text
        free = [label for label in LABELS if label not in place.used]
        if not free or text.startswith(("aux", "output", "on", "@")) or ": " in text[:8]:
            return text
        label = self.one(*free)
        place.used.add(label)
        if not place.still:
            place.labelled.append(label)
        return f"{label}: {text}"

    def unit(self, place: Place) -> str:
        kinds = [self.conv, self.conv, self.simple, self.simple, self.simple, self.change]
        if place.depth < 3:
            kinds += [self.join, self.join, self.shortcut, self.group, self.decision, self.gate]
        if self.definitions:
            kinds += [self.call] * 4
        if place.bodies:
            kinds += [self.body] * 3
        if place.labelled or place.refs:
            kinds += [self.reference]
        if place.top:
            kinds += [self.network_only]
        index = int(self.one(*map(str, range(len(kinds)))))
        return kinds[index](place)

    def conv(self, place: Place) -> str:
        size = self.one("3x3", "1x1", "3x3", "3x1" if self.rank == 2 else "3x3")
        if not place.still and self.chance(20):
            size += f"/{place.stride or 2}"
            size = self.one(size, size + " same_tf")
        elif self.chance(10):
            size += " dilation=2"
        op = "conv"
        if not place.still and self.chance(10):
            op, size = "convt", self.one("2x2/2 valid", "3x3/2 extra=1", "3x3")
        size = self.adapted(size)
        first, *rest = size.split(" ")
        more = [*rest, *([self.one("nobias", "groups=2", "groups=4")] if self.chance(30) else [])]
        text = " ".join([op, first, self.one(*place.widths), *more])
        return f"{text} > {self.one(*ACTIVATIONS)}" if self.chance(40) else text

    def simple(self, place: Place) -> str:
        return self.adapted(self.one(*ACTIVATIONS) if self.chance(50) else self.one(*STILL))

    def change(self, place: Place) -> str:
        return self.simple(place) if place.still else self.adapted(self.one(*SMALLER))

    # ---- structure ----

    def inside(self, place: Place, *, still: bool | None = None, scope: bool = False) -> Place:
        """The place within brackets; a scope of its own has labels of its own."""
        found = replace(place, depth=place.depth + 1, top=False)
        found.still = place.still if still is None else still
        if scope:
            found.used, found.labelled = set(), []
            found.refs = (*place.refs, *place.labelled)
        return found

    def join(self, place: Place) -> str:
        still = self.inside(place, still=True)
        sign = self.one("|", "|", "+", "*")
        if sign == "|":
            branches = [self.branch(still) for _ in range(self.count(3, 2))]
        else:
            branches = [self.branch(still), self.one("identity", self.branch(still))]
            last = branches[0] + f" > {self.adapted('conv 1x1')} 8"
            branches = [last, branches[1] + f" > {self.adapted('conv 1x1')} 8"]
        return self.bracketed(f" {sign} ", branches)

    def branch(self, place: Place) -> str:
        text = self.chain(place, 2).replace("\n", " > ")
        return self.one("identity", text, text, text)

    def bracketed(self, sign: str, branches: list[str]) -> str:
        if self.chance(20):
            branches = branches[::-1]
        return f"[ {sign.join(branches)} ]"

    def shortcut(self, place: Place) -> str:
        unit = self.chain(self.inside(place), 3).replace("\n", " > ")
        if place.bodies and self.chance(60):
            unit = self.one(*place.bodies)
        pointwise = self.adapted("conv 1x1/_ _")
        label = ""
        free = [x for x in ("down", "skip", "short") if x not in place.used]
        if free and self.chance(50):
            place.used.add(free[0])
            label = f"{free[0]}: "
        other = self.one(
            f"(identity or {label}{pointwise})",
            f"(identity or {label}({pointwise} nobias > bn))",
            "(identity or none)",
            f"(identity or {pointwise} > relu)",
            f"(identity or pad channels=_ subsample=_ or {pointwise})",
            pointwise,
        )
        return self.bracketed(" + ", [unit, other])

    def gate(self, place: Place) -> str:
        pointwise = self.adapted("conv 1x1")
        return f"[ identity * avgpool global > {pointwise} _ > {self.one('sigmoid', 'relu')} ]"

    def group(self, place: Place) -> str:
        text = self.chain(self.inside(place, scope=True), 3)
        return f"( {text} )" + (f" x{self.count(3)}" if self.chance(30) else "")

    def decision(self, place: Place) -> str:
        condition = f"{self.one(*place.numbers, *place.widths, 'in.c')} {self.one('==', '!=')} "
        condition += self.one(*place.numbers, "1", "8", "in.c")
        inner = self.inside(place, still=True)
        then = self.one(f"( {self.chain(inner, 2)} )", self.simple(place), self.conv(inner))
        then = then if " > " not in then or then[0] == "(" else f"( {then} )"
        if self.chance(30):
            return f"{then} if ({condition})"
        other = self.one("identity", self.simple(place), f"( {self.chain(inner, 2)} )")
        return f"{then} if ({condition}) else {other}"

    def reference(self, place: Place) -> str:
        label = self.one(*place.labelled, *place.refs)
        if place.still:
            pool = self.adapted("avgpool out=1x1")
            return f"[ identity * @{label} > {pool} > {self.adapted('conv 1x1')} _ ]"
        pool = self.adapted("avgpool out=2x2")
        return self.one(
            f"[ upsample to=@{label} | @{label} ]",
            f"[ {pool} | @{label} > {pool} ]",
            f"[ @{label} > relu | upsample to=@{label} ]",
            f"@{label}",
        )

    def body(self, place: Place) -> str:
        return self.one(*place.bodies)

    def network_only(self, place: Place) -> str:
        self.heads += 1
        inner = self.inside(place, scope=True)
        kind = self.one("aux", "output", "on 0", "on 1")
        if kind == "output":
            return f"output {self.one('mask', 'x', 'count', 'deep', 'y')}"
        label = self.one(f"h{self.heads}: ", "") if kind == "aux" else ""
        if kind == "aux":
            return f"{label}aux<{self.chain(inner, 2).replace(chr(10), ' > ')}>(weight=0.3)"
        part = self.chain(inner, 2).replace("\n", " > ")
        return f"{kind}<{part}>"

    # ---- definitions and their uses ----

    def define(self, index: int) -> str:
        """A block or let as text; it can be used by what is written later."""
        kind = self.one("block", "block", "let")
        name = f"{self.one(*NAMES)}{index}"
        bodies: tuple[str, ...] = ("unit",) if self.chance(30) else ()
        params = tuple(self.one("c", "in_channels", "x") for _ in "a")
        params += ("e",) if self.chance(40) else ()
        strided = self.chance(40)
        width = params[0]
        place = Place(
            widths=(width, width, f"({width} * 2)", "(in.c)", *WIDTHS[:2]),
            numbers=params[1:],
            bodies=bodies,
            stride="stride" if strided else None,
            depth=1,
            refs=("outer",) if self.chance(15) else (),
        )
        if kind == "let" and self.chance(80):  # its labels would stand twice where it is used twice
            place.used.update(LABELS)
        body = self.chain(place, 5)
        if strided and "stride" not in body:
            body = f"{self.adapted('conv 3x3')}/stride {width}\n" + body
        bodies, params = named(bodies, body), named(params, body)
        formals = f"<{', '.join(bodies)}>" if bodies else ""
        listed = [p if p == width else f"{p}=1" for p in params]
        header = ", ".join([*listed, *(["stride=1"] if strided else [])])
        self.definitions.append(Definition(name, kind, params, bodies, strided))
        return f"{kind} {name}{formals}({header})\n{indented(body)}\n"

    def call(self, place: Place) -> str:
        made = self.definitions[int(self.one(*map(str, range(len(self.definitions)))))]
        stride = ""
        if made.strided and not place.still and self.chance(40):
            stride = f"/{place.stride or 2}"
        bodies = ""
        if made.bodies:
            inner = self.inside(place)
            inner.depth += 1
            bodies = f"<{self.chain(inner, 2).replace(chr(10), ' > ')}>"
        width = self.one(*place.widths)
        given = [p for p in made.params if p == "e"] if self.chance(50) else []
        more = [f"{p}={self.one('1', '2', *place.numbers)}" for p in given]
        if not set(made.params) - {"e"}:
            width = ""
        if not width and not more:
            return f"{made.name}{stride}{bodies}{self.one('', '', ' x2', ' x3')}"
        if not width or bodies or more or self.chance(30):
            text = f"{made.name}{stride}{bodies}({', '.join([*([width] if width else []), *more])})"
            return text + (f" x{self.count(3)}" if self.chance(30) else "")
        if width.isdigit() and self.chance(30):
            width += f"x{self.count(3)}"
        return f"{made.name}{stride} {width}"

    def schedule(self, definitions: list[str], lines: list[str]) -> list[str]:
        """A line for an operator that stands in the text, and maybe for a block that has it."""
        text = "\n".join([*definitions, *lines])
        scheduled = [name for name in SCHEDULED if re.search(rf"\b{name}\b", text)]
        if not scheduled or self.chance(40):
            return []
        operator = self.one(*scheduled)
        blocks = [
            f"{made.name} "
            for made, part in zip(self.definitions, definitions, strict=True)
            if made.kind == "block" and operator in part and made.name in lines[-1]
        ]
        value = self.one("0.5*i / n", "1 / (i + 2)", "0.25", "i / (width + n)", "(i + 1) // n")
        return [f"schedule {self.one('', *blocks)}{operator}: {value}"]

    def network(self) -> str:
        definitions = [self.define(i) for i in range(self.count(3, 0))]
        size = {1: "16", 2: "8x12", 3: "4x4x6"}[self.rank]
        place = Place(widths=(*WIDTHS, "width", "width"), numbers=("width",), top=True)
        lines = [f"input {self.one('4', '8')}x{size}"]
        if self.chance(15):
            second = self.one("meta", "y", "self", "branches")
            lines.append(f"{second}: input 8x{size}")
            place.labelled.append(second)
            place.used.add(second)
        if "@outer" in "".join(definitions):
            lines.append(f"outer: {self.conv(replace(place, still=True))}")
            place.used.add("outer")
        lines.append(self.chain(place, 6))
        if self.definitions and self.chance(50):  # several uses of a class
            lines += [self.call(place) for _ in range(self.count(5, 2))]
        if self.chance(50):
            lines.append("avgpool global > flatten")
            lines.append(self.one("fc classes", "fc: fc classes > softmax", "rbf classes"))
        lines += self.schedule(definitions, lines)
        name = self.one("net", "main", "Model", "torch", "test", "unit", "resnet@2", "x")
        params = named(("classes", "width"), "\n".join(lines))
        listed = ", ".join(f"{p}={8 if p == 'width' else 6}" for p in params)
        header = f'network {name}({listed}) "{self.one("Somebody, 2020", "")}"'
        return "".join(definitions) + f"{header}\n{indented(chr(10).join(lines))}\n"


def indented(text: str) -> str:
    """Lines as the body of a declaration."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def named(names: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Those of some names that a text uses; labels do not count."""
    words = set(re.findall(r"\w+", re.sub(r"[\w-]+: |@\w+", "", text)))
    return tuple(name for name in names if name in words)


@st.composite
def specs(draw: Draw) -> str:
    """Texts of specs."""
    rank = int(draw(st.sampled_from(["2", "2", "2", "1", "3"])))
    return Writer(draw, rank).network()


class Foldable(Writer):
    """Writes what passes for inference look for, more often than chance would have it."""

    def conv(self, place: Place) -> str:
        layer, width = super().conv(place), self.one(*place.widths)
        affine = self.one("bn", "bn eps=1e-3", "scale 0.5 bias", "scale", "scale fixed=0.3")
        pointwise = self.adapted("conv 1x1") + f" {width}" + self.one("", " nobias")
        forms = [
            layer,
            f"{layer} > {affine}",
            f"{layer} > {affine} > {self.one(*ACTIVATIONS)}",
            f"{affine} > {pointwise}",
            f"{affine} > {layer}",
            self.adapted(f"pad 1 > conv 3x3 {width} valid"),
            f"{pointwise} > {layer}",
            f"{layer} > {pointwise}",
            self.siblings(place, pointwise),
        ]
        if not place.still:
            pool = self.adapted(self.one("maxpool 2x2", "maxpool 3x3/2 same", "avgpool 2x2"))
            forms += [f"{pointwise} > {pool}", f"{self.one(*ACTIVATIONS)} > {pool}"]
        return self.one(*forms)

    def siblings(self, place: Place, pointwise: str) -> str:
        """Layers on one input, with something behind some of them."""
        behind = self.one("", " > relu", " > bn > relu", " > tanh")
        branches = [pointwise + behind, pointwise + behind + self.one("", " > bn"), "identity"]
        return self.bracketed(" | ", branches[: self.count(3, 2)])

    def network_only(self, place: Place) -> str:
        return super().network_only(place) if self.chance(60) else self.conv(place)


@st.composite
def foldable_specs(draw: Draw) -> str:
    """Texts of specs that passes find something to do in."""
    rank = int(draw(st.sampled_from(["2", "2", "2", "1", "3"])))
    return Foldable(draw, rank).network()
