"""Labels as Graphviz reads them: its HTML, with every word of a spec escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from archdsl.draw.boxes import Box, Frame
from archdsl.draw.style import DIM, Style

UNPRINTABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f]")

NARROW = 24  # letters of a line that does not widen a frame


def safe(text: str) -> str:
    """A text that can neither end its label nor be read as markup, in HTML, DOT or SVG."""
    return escape(UNPRINTABLE.sub("\ufffd", text))


def bold(text: str) -> str:
    """A heading; Graphviz takes no empty element."""
    return f"<B>{safe(text)}</B>" if text else ""


def small(text: str, size: int = 8, color: str = DIM) -> str:
    """A remark."""
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


def words(box: Box) -> str:
    """What stands in a box."""
    detail = box.detail
    if box.kind == "joint":
        return " ".join(part for part in (bold(box.title), small(" ".join(detail), 9)) if part)
    if box.kind == "output":
        return stacked([bold(box.title), *(small(line, 9) for line in detail)])
    return stacked([bold(box.title), small(" · ".join(detail), 9), small(box.place)])


def caption(frame: Frame) -> str:
    """What stands in a frame's corner: what it is, how often, and where."""
    times = f" ×{frame.repeat}" if frame.repeat > 1 else ""
    lines = [*frame.detail, frame.place]
    if sum(map(len, lines)) < NARROW:
        lines = [" · ".join(line for line in lines if line)]
    return stacked([small(frame.title, 9) + bold(times), *map(small, lines)])


def repeated(box: Box, style: Style) -> str:
    """A box with how often it stands there beside it; edges go to its port `box`."""
    inner = table(
        [f"<TD>{words(box)}</TD>"],
        border=1,
        cellpadding=4,
        color=style.line,
        bgcolor=style.fill,
        style="ROUNDED,DASHED" if box.dashed else "ROUNDED",
    )
    return table([f'<TD PORT="box">{inner}</TD><TD> <B>×{box.repeat}</B></TD>'])


def heading(title: str, about: str, styles: list[Style]) -> str:
    """What stands above a figure: title, caption, and what the colours mean."""
    rows = [f'<TD><FONT POINT-SIZE="14">{bold(title)}</FONT></TD>', f"<TD>{small(about, 10)}</TD>"]
    if styles:
        rows.append(f"<TD>{legend(styles)}</TD>")
    return table(rows, cellpadding=2)


def legend(styles: list[Style]) -> str:
    """A row of swatches; of a fixed width, or Graphviz would spread it below a long caption."""
    swatches = "".join(
        f'<TD WIDTH="11" HEIGHT="11" FIXEDSIZE="TRUE" BORDER="1" COLOR="{style.line}" '
        f'BGCOLOR="{style.fill}"></TD><TD ALIGN="LEFT">{small(style.name)}  </TD>'
        for style in styles
    )
    width = sum(32 + 5.5 * len(style.name) for style in styles)
    return table([swatches], cellspacing=3, fixedsize="TRUE", width=round(width), height=26)
