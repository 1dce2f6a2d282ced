"""Makes zoo.md and the README's table of networks. `make docs` runs it.

What is proved, and how, is what the tests say: tests/published.py and tests/facts.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import import_module
from io import StringIO
from itertools import groupby, takewhile
from pathlib import Path
from tokenize import COMMENT, DEDENT, ENDMARKER, INDENT, NEWLINE, NL, TokenInfo, generate_tokens
from typing import TypeGuard

from published import PUBLISHED

from archdsl.library import shipped_networks
from archdsl.pipeline import zoo
from archdsl.zoo import Listed

DOCS = Path(__file__).parent
PAGE = DOCS / "zoo.md"
README = DOCS.parent / "README.md"
TABLE = re.compile(r"(<!-- made by docs/zoo.py -->\n).*(<!-- end -->\n)", re.DOTALL)
HEAD = """\
# The zoo

Every network that comes with archdsl, as `archdsl list` shows it, and what the tests hold it to.
*torchvision, bit for bit* means: the keys and shapes of the state_dict, parameters,
multiply-accumulates and receptive field are those of torchvision's builder of that name; with the
same weights, which load with `strict=True`, `torch.equal` holds for the outputs in evaluation and
in training, for the gradient of every weight and for the statistics after a step; and first
weights are drawn alike. *Figures* means: parameters, multiply-accumulates, receptive field and
depth, as far as papers and tables state them. The tool made this page: `make docs`.

"""
# Tokens that make no line of code.
BLANK = {COMMENT, DEDENT, ENDMARKER, INDENT, NEWLINE, NL}
HEADS = "network | year | parameters | multiply-accumulates | proof"
README_HEADS = (
    "networks | year | paper | parameters | MACs | lines of spec | lines in torchvision | proof"
)


def page() -> str:
    """The page of all networks, a table for each spec."""
    parts = [HEAD]
    for family, networks in families():
        parts.append(f"## [{family}](../specs/{family}.arch)\n\n{paper(family)}.\n\n")
        parts.append(table(HEADS, [line(network) for network in networks]) + "\n")
    return "".join(parts).rstrip("\n") + "\n"


def readme(text: str) -> str:
    """The README with its table made anew: a line for each spec."""
    lines = [family_line(family, networks) for family, networks in families()]
    return TABLE.sub(lambda found: f"{found[1]}{table(README_HEADS, lines)}{found[2]}", text)


@cache
def families() -> list[tuple[str, list[Listed]]]:
    """The shipped networks by spec."""
    stem = {name: path.stem for name, path in shipped_networks().items()}
    return [(k, list(v)) for k, v in groupby(zoo(""), lambda listed: stem[listed.name])]


def table(heads: str, lines: list[list[str]]) -> str:
    cells = heads.split(" | ")
    rule = ["---:" if cell.startswith(("para", "m", "MAC", "lines")) else "---" for cell in cells]
    return "".join(f"| {' | '.join(row)} |\n" for row in [cells, rule, *lines])


def line(network: Listed) -> list[str]:
    twin = PUBLISHED.get(network.name)
    proof = f"torchvision's `{twin['builder']}`, bit for bit" if twin else "figures"
    return [
        f"`{network.name}`",
        network.year,
        f"{network.params:,}",
        f"{network.macs:,}",
        proof,
    ]


def family_line(family: str, networks: list[Listed]) -> list[str]:
    years = sorted({network.year for network in networks if network.year})
    builders = [PUBLISHED[n.name]["builder"] for n in networks if n.name in PUBLISHED]
    proofs = {"bit for bit": len(builders), "by figures": len(networks) - len(builders)}
    return [
        f"[{family}](specs/{family}.arch): " + ", ".join(f"`{n.name}`" for n in networks),
        years[0] if years else "",
        paper(family),
        span([network.params for network in networks]),
        span([network.macs for network in networks]),
        str(lines_of_spec(shipped_networks()[networks[0].name])),
        str(lines_of_torchvision(builders[0])) if builders else "",
        ", ".join(f"{number} {how}" for how, number in proofs.items() if number),
    ]


def paper(family: str) -> str:
    """What a spec begins with: the paper's title, authors and place."""
    path = next(path for path in shipped_networks().values() if path.stem == family)
    comment = "".join(takewhile(lambda line: line[0] == "#", path.open(encoding="utf-8")))
    sentence = " ".join(re.sub(r"^# ?", "", comment, flags=re.MULTILINE).split())
    return re.split(r"(?<=\))[.,:]|\. ", sentence)[0].rstrip(".")


def span(numbers: list[int]) -> str:
    """`11.7 M to 60.2 M`."""
    least, most = rounded(min(numbers)), rounded(max(numbers))
    return least if least == most else f"{least} to {most}"


def rounded(number: int) -> str:
    """A number to three digits."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("K", 10**3)):
        if number >= size:
            return f"{float(f'{number / size:.3g}'):g} {unit}"
    return str(number)


def lines_of_spec(path: Path) -> int:
    """Lines of a spec that are neither empty nor comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return sum(not re.match(r"\s*(#|$)", line) for line in lines)


@cache
def lines_of_torchvision(builder: str) -> int:
    """Lines of code in the file of a builder, without docstrings and the tables of its weights."""
    from torchvision import models

    file = Path(str(import_module(getattr(models, builder).__module__).__file__))
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    left_out = [*filter(is_docstring, ast.walk(tree)), *filter(is_table_of_weights, tree.body)]
    tokens = generate_tokens(StringIO(text).readline)
    code = {n for token in tokens if token.type not in BLANK for n in lines_of(token)}
    return len(
        code.difference(*(range(n.lineno, (n.end_lineno or n.lineno) + 1) for n in left_out))
    )


def lines_of(token: TokenInfo) -> range:
    """The numbers of the lines that a token stands on."""
    return range(token.start[0], token.end[0] + 1)


def is_docstring(node: ast.AST) -> TypeGuard[ast.Expr]:
    """Whether it is a text that stands by itself."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_table_of_weights(node: ast.stmt) -> bool:
    """Whether it lists where published weights lie, or what is known of them."""
    if isinstance(node, ast.ClassDef):
        return any(isinstance(base, ast.Name) and base.id == "WeightsEnum" for base in node.bases)
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("_COMMON")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
