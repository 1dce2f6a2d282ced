"""Labels as Graphviz reads them: its HTML, with every word of a spec escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from archdsl.draw.boxes import Box, Frame, View
from archdsl.draw.style import Style, Theme

UNPRINTABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f]")

NARROW = 24  # letters of a line that does not widen a frame
LINE = 34  # letters of a line of a mistake's message


def safe(text: str) -> str:
    """A text that can neither end its label nor be read as markup, in HTML, DOT or SVG."""
    return escape(UNPRINTABLE.sub("\ufffd", text))


def bold(text: str) -> str:
    """A heading; Graphviz takes no empty element."""
    return f"<B>{safe(text)}</B>" if text else ""


def colored(text: str, color: str, size: int = 8) -> str:
    """Small words in a colour."""
    return f'<FONT POINT-SIZE="{size}" COLOR="{color}">{safe(text)}</FONT>' if text else ""


def stacked(lines: Iterable[str]) -> str:
    """Lines under each other, empty ones left out."""
    said = [line for line in lines if line]
    if len(said) < 2:
        return "".join(said) or " "
    return table((f"<TD>{line}</TD>" for line in said), cellspacing=1)


def label(content: str) -> str:
    """A label in Graphviz's HTML, as the `graphviz` package tells it from plain text."""
    return f"<{content}>"


def table(rows: Iterable[str], **attributes: object) -> str:
    """A table without lines of its own."""
    plain = {"border": 0, "cellborder": 0, "cellspacing": 0, "cellpadding": 0} | attributes
    words = " ".join(f'{key.upper()}="{value}"' for key, value in plain.items())
    return f"<TABLE {words}>{''.join(f'<TR>{row}</TR>' for row in rows)}</TABLE>"


def wrapped(text: str) -> list[str]:
    """A sentence in short lines."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


class Markup:
    """The labels of a figure in a theme."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme

    def small(self, text: str, size: int = 8) -> str:
        """A remark."""
        return colored(text, self.theme.dim, size)

    def words(self, box: Box) -> str:
        """What stands in a box."""
        detail, fault = box.detail, self.fault(box)
        if box.kind == "joint" and not fault:
            parts = bold(box.title), self.small(" ".join(detail), 9)
            return " ".join(part for part in parts if part)
        if box.kind == "output":
            return stacked([bold(box.title), *(self.small(line, 9) for line in detail)])
        about = self.small(" · ".join(detail), 9)
        costs = self.small(" · ".join(box.costs))
        return stacked([bold(box.title), about, self.small(box.place), costs, *fault])

    def fault(self, box: Box) -> list[str]:
        """What is wrong with a box."""
        lines = wrapped(box.fault) if box.fault else []
        return [colored(line, self.theme.mistake.line) for line in lines]

    def caption(self, frame: Frame) -> str:
        """What stands in a frame's corner: what it is, how often, and where."""
        times = f" ×{frame.repeat}" if frame.repeat > 1 else ""
        lines = [*frame.detail, frame.place]
        if sum(map(len, lines)) < NARROW:
            lines = [" · ".join(line for line in lines if line)]
        lines.append(" · ".join(frame.costs))
        return stacked([self.small(frame.title, 9) + bold(times), *map(self.small, lines)])

    def repeated(self, box: Box, style: Style, *, beside: bool) -> str:
        """A box with how often it stands there, beside it or below; edges go to its port `box`."""
        inner = table(
            [f"<TD>{self.words(box)}</TD>"],
            border=1 + bool(box.change),
            cellpadding=4,
            color=style.line,
            bgcolor=style.fill,
            style="ROUNDED,DASHED" if box.dashed else "ROUNDED",
        )
        cells = f'<TD PORT="box">{inner}</TD>', f"<TD> <B>×{box.repeat}</B></TD>"
        return table(["".join(cells)] if beside else cells)

    def heading(self, view: View) -> str:
        """What stands above a figure: title, caption, and what the colours mean."""
        rows = [
            f'<TD><FONT POINT-SIZE="14">{bold(view.title)}</FONT></TD>',
            f"<TD>{self.small(view.about, 10)}</TD>",
        ]
        styles = self.legend_styles(view)
        if styles:
            rows.append(f"<TD>{self.legend(styles)}</TD>")
        return table(rows, cellpadding=2)

    def inset(self, view: View) -> str:
        """What stands above an inset."""
        return stacked([bold(view.title), self.small(view.about)])

    def legend_styles(self, view: View) -> list[Style]:
        """The styles that a figure uses, in the theme's order."""
        boxes = view.boxes()
        if view.scale:
            return self.heat_styles(view)
        found = [style for family, style in self.theme.styles.items() if family in view.families]
        found += [self.theme.unsure] if any(box.unsure for box in boxes) else []
        marks = {box.change for box in boxes} | {edge.change for edge in view.edges}
        found += [style for change, style in self.theme.changes.items() if change in marks]
        return found + ([self.theme.mistake] if any(box.fault for box in boxes) else [])

    def heat_styles(self, view: View) -> list[Style]:
        """The styles of a figure that is coloured by cost, cold to hot."""
        fills = zip(view.scale, self.theme.heat, strict=True)
        return [Style(name, fill, self.theme.plain.line) for name, fill in fills]

    def legend(self, styles: list[Style]) -> str:
        """A row of swatches; of a fixed width, or Graphviz would spread it below a long caption."""
        swatches = "".join(
            f'<TD WIDTH="11" HEIGHT="11" FIXEDSIZE="TRUE" BORDER="1" COLOR="{style.line}" '
            f'BGCOLOR="{style.fill}"></TD><TD ALIGN="LEFT">{self.small(style.name)}  </TD>'
            for style in styles
        )
        width = sum(32 + 5.5 * len(style.name) for style in styles)
        return table([swatches], cellspacing=3, fixedsize="TRUE", width=round(width), height=26)
