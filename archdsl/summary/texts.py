"""A summary for other programs and papers: Markdown, CSV, JSON, LaTeX."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO

from archdsl import latex
from archdsl.summary.columns import Column
from archdsl.summary.rows import Line

Rows = Sequence[Line]
Wholes = Mapping[str, int]


def markdown(columns: Sequence[Column], rows: Rows, total: Line, wholes: Wholes) -> str:
    """A pipe table."""

    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    body = [
        [column.cell(line, wholes, bars=False) for column in columns] for line in (*rows, total)
    ]
    rule = "| " + " | ".join("---:" if column.right else "---" for column in columns) + " |"
    return "\n".join([row([c.heading for c in columns]), rule, *map(row, body)])


def comma_separated(columns: Sequence[Column], rows: Rows, total: Line, wholes: Wholes) -> str:
    """CSV with plain numbers; names are paths, shares parts of one; no total."""
    page = StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow([*(column.name for column in columns), "repeat"])
    for line in rows:
        writer.writerow([*(plain(column, line, wholes) for column in columns), line.repeat])
    return page.getvalue().rstrip("\n")


def plain(column: Column, line: Line, wholes: Wholes) -> str | int | float:
    """A value without layout."""
    return line.path if column.name == "name" else column.value(line, wholes)


def as_json(columns: Sequence[Column], rows: Rows, total: Line, wholes: Wholes) -> str:
    """The rows and their total as objects; a row also says its depth and how often it stands."""

    def entry(line: Line) -> dict[str, object]:
        values = {column.name: plain(column, line, wholes) for column in columns}
        return {**values, "depth": line.depth, "repeat": line.repeat}

    figures = {c.name: c.value(total, wholes) for c in columns if c.right and not c.share}
    return json.dumps({"rows": [entry(line) for line in rows], "total": figures}, indent=2)


def tabular(columns: Sequence[Column], rows: Rows, total: Line, wholes: Wholes) -> str:
    """A LaTeX tabular in booktabs' style."""

    def row(cells: Sequence[str]) -> str:
        return "  " + " & ".join(map(latex.escaped, cells)) + " \\\\"

    def cells(line: Line) -> list[str]:
        return [column.cell(line, wholes, bars=False) for column in columns]

    spec = "".join("r" if column.right else "l" for column in columns)
    return "\n".join(
        [
            "% Needs \\usepackage{booktabs} and \\usepackage{textcomp}.",
            f"\\begin{{tabular}}{{{spec}}}",
            "  \\toprule",
            row([column.heading for column in columns]),
            "  \\midrule",
            *(row(cells(line)) for line in rows),
            "  \\midrule",
            row(cells(total)),
            "  \\bottomrule",
            "\\end{tabular}",
        ]
    )
