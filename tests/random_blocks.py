"""Random blocks and lets, each used several times with other arguments.

Their bodies say numbers in all ways that an argument can, so that some of the uses can be cast from
others, some cannot, and some are refused.
"""

from __future__ import annotations

from random import Random

NUMBERS = """c d 8 12 (2*c) (c+d) (max(c,d)) (round_to(c/3,4)) (in.c) (in.c+c) (c//2+1)
(min(in.c,d)) (int(c*p)+1)""".split()
PLAIN = [
    "relu",
    "leaky p",
    "silu",
    "identity",
    "elu (p / 2)",
    "bn",
    "bn eps=(p / 100)",
    "ln",
    "scale p",
    "dropout p",
    "maxpool 3x3/1 same",
    "avgpool 3x3/1 same",
    "maxpool 2x2/s same",
    "avgpool out=8x8",
    "dwconv 3x3",
]
RARE = [
    "conv 3x3 c x(s)",
    "conv 3x3 8 x(d // 4)",
    "relu if (c > 10) else tanh",
    "bn if (flag)",
    "relu if (in.c == c)",
    "[ conv 3x3/s c + (identity or conv 1x1/_ _) ]",
    "conv (in.h // 8 + 1) c",
    "conv 1x1 (in.w)",
]
HEADER = "(c, d, k=3x3, s=1, p=0.5, flag=true)"
END = "scale p > conv 1x1/s c > maxpool k/1 same > conv 1x1 d nobias=(flag)"  # all are used


class Writer:
    """Writes one text; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.names: list[str] = []

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def often(self, chance: float) -> bool:
        return self.random.random() < chance

    def text(self) -> str:
        lines = [self.declaration(i) for i in range(self.random.randint(2, 4))]
        lines += ["network net(width=8, depth=4, rate=0.5)", "  input 6x16x16"]
        lines.append("  conv 1x1 width > leaky rate > conv 1x1 depth")
        for _ in range(self.random.randint(6, 10)):
            behind = self.one("", "", " > avgpool out=16x16")
            lines.append(f"  {self.use(('4', '8', '12', 'width'), 'depth', 'rate')}{behind}")
        return "\n".join(lines) + "\n"

    def declaration(self, i: int) -> str:
        kind = self.one("block", "block", "let")
        around = kind == "block" and self.often(0.3)
        body = f"{self.chain(2)} > part" if around else self.chain(2)
        self.names.append(name := f"{'around' if around else kind}{i}")
        return f"{kind} {name}{'<part>' if around else ''}{HEADER} = {body} > {END}"

    def chain(self, depth: int) -> str:
        return " > ".join(self.item(depth) for _ in range(self.random.randint(1, 3)))

    def item(self, depth: int) -> str:
        number = self.one(*NUMBERS)
        forms = [self.one(*PLAIN), self.one(*PLAIN), self.one(*RARE) if self.often(0.2) else "bn"]
        forms += [f"conv 1x1/s {number}", f"conv k {number} pad=(d // 4)"]
        forms += [f"conv k {number}{self.one('', ' nobias', ' nobias=(c > 9)')}"] * 3
        if depth and self.names:
            forms += [self.use(NUMBERS, *NUMBERS[:3], "p")] * 4
        if depth:
            forms.append(f"{self.one('', 'a: ', 'b: ')}({self.chain(depth - 1)})")
            forms.append(self.join(depth - 1))
        return self.one(*forms)

    def join(self, depth: int) -> str:
        one, other = self.chain(depth), self.chain(depth)
        last = self.one("conv 1x1 c", "avgpool out=4x4")
        sign = "+" if last.startswith("conv") else "|"
        return f"[ {one} > {last} {sign} {other} > {last} ]"

    def use(self, first: tuple[str, ...] | list[str], *others: str) -> str:
        *numbers, rate = others
        given = [self.one(*first), self.one("8", "9", *numbers)]
        more = [f"k={self.one('3x3', '5x5', '1x1')}", f"s={self.one('1', '2')}"]
        more += [f"p={self.one('0.5', rate)}", f"flag={self.one('true', 'false')}"]
        given += [argument for argument in more if self.often(0.3)]
        name = self.one(*self.names)
        body = f"<{self.one('relu', 'conv 1x1 8', 'bn > relu')}>" if "around" in name else ""
        return f"{name}{body}({', '.join(bare(argument) for argument in given)})"


def bare(argument: str) -> str:
    """An argument without the parentheses that it needs elsewhere."""
    return argument[1:-1] if argument.startswith("(") else argument
