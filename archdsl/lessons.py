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
}
