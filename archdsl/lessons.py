"""What a syntax mistake teaches: the lesson, and texts that stop the parser where it holds."""

from __future__ import annotations

# A `!` stands for a `>` that closes `< >`.
EXAMPLES = {
    "calculate in parentheses, as in conv 1x1 (4*c), and join in brackets, [ a + b ]": [
        "let a\n conv 3x3 c*2\n",
        "let a = conv 3x3 4*c\n",
        "let a = conv 3x3 4+c\n",
        "let a\n relu\n conv 3x3 4*c\n",
        "let a\n (conv 3x3 4*c)\n",
        "let a\n (conv 3x3 4+c)\n",
        "let a\n f<conv 3x3 4*c!\n",
        "let a\n conv 3x3 c-1\n",
        "let a\n conv 3x3 c+1\n",
    ],
    "a chain ends in nothing: start the next line with '>', or leave it out": [
        "let a\n relu >\n",
        "let a\n relu > | relu\n",
        "let a\n (relu >)\n",
    ],
    "a label needs an item behind it": ["let a\n b:\n", "let a\n b: > relu\n"],
    "'if' is followed by a condition in parentheses": ["let a\n relu if c\n"],
    "a join uses one sign throughout: nest brackets to mix '|', '+' and '*'": [
        "let a\n [ relu | relu + relu ]\n",
        "let a\n [ relu + relu | relu ]\n",
        "let a\n [ relu * relu | relu ]\n",
    ],
    "a branch of the join is empty": [
        "let a\n [ | relu ]\n",
        "let a\n [ relu | ]\n",
        "let a\n [ + relu ]\n",
        "let a\n [ relu + ]\n",
    ],
    "parentheses with nothing in them": ["let a\n ()\n"],
    "the '>' that should close '< >' is missing": [
        "let a\n f<relu\n",
        "let a\n f<relu\n bn\n",
        "let a\n f<relu)\n",
    ],
    "a declaration needs a name": [
        "let\n",
        "block (c)\n",
        "network\n",
        "network 3\n",
        "let 3\n",
        "let = relu\n",
    ],
    "the long form has commas between arguments, conv(3x3, 64)": [
        "let a\n f(64 96)\n",
        "let a\n f(3x3 64)\n",
        "let a\n f(c 64)\n",
        "let a\n f(96>128 64)\n",
    ],
    "branches of a join are parted by '|', '+' or '*'": [
        "let a\n [ relu, bn ]\n",
        "let a\n [ conv 3x3, bn ]\n",
    ],
    "the short form has no commas: conv 3x3 64, or the long form conv(3x3, 64)": [
        "let a\n conv 3x3, 64\n",
        "let a = conv 3x3, 64\n",
        "let a\n relu\n conv 3x3, 64\n",
        "let a\n (conv 3x3, 64)\n",
    ],
    "a label ends in ':'": ["let a\n x = conv 3x3\n", "let a = x = conv 3x3\n"],
    "an item has one label": ["let a\n b: c: relu\n"],
    "an item begins with the name of an operator or block": [
        "let a\n 3x3 conv\n",
        "let a\n 64\n",
        "let a\n relu > 64\n",
    ],
    "there is no item between two '>'": ["let a\n relu > > bn\n"],
    "branches stand in brackets, [ a | b ]": ["let a\n relu | bn\n", "let a = relu | bn\n"],
    "one count stands behind a unit: (relu x3) x2": ["let a\n relu x3 x2\n"],
    "a body on the header's line ends with that line: put all lines below the header": [
        "let a = relu\n bn\n",
        "let a = relu\n b: bn\n",
        "let a = relu\n (bn)\n",
    ],
    "'< >' with nothing in them": ["let a\n f<!\n"],
    "a condition is a measure, a comparison and a bound: assert params < 5M": [
        "network n\n assert\n",
        "network n\n assert params\n",
        "network n\n assert params 5M\n",
        "network n\n assert params = 5M\n",
        "network n\n assert params < 5M,\n",
        "network n\n assert 5M > params\n",
        "network n\n assert < 5M\n",
        "network n\n assert > 5M\n",
        "network n\n assert (params < 5M)\n",
    ],
    "conditions are parted by commas: assert params < 5M, macs < 600M": [
        "network n\n assert params < 5M macs < 600M\n",
        "network n\n assert params < 5M and macs < 600M\n",
        "network n\n assert params < 5M > 3M\n",
        "network n\n assert params < 5M < 6M\n",
        "network n\n assert params < 5M == 6M\n",
    ],
    "an input stands behind 'fits': assert fits 3x192x192": [
        "network n\n assert fits\n",
        "network n\n assert fits < 3x192x192\n",
        "network n\n assert fits == 3x192x192\n",
    ],
}
