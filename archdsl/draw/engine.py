"""The one small door to the layout engine: Graphviz from pygraphviz's wheel, or the system's."""

from __future__ import annotations

from archdsl.diagnostics import mistake

FORMATS = ("svg", "png", "pdf")


def render(dot: str, format: str) -> bytes:
    """Lay a DOT text out and draw it as svg, png or pdf; raises ArchError."""
    if format not in FORMATS:
        raise mistake(
            "format",
            f"there is no format '{format}' for pictures",
            help=f"one of {', '.join(FORMATS)}, dot",
        )
    try:
        import pygraphviz
    except ImportError:
        return by_system(dot, format)
    graph = pygraphviz.AGraph(string=dot)
    drawn: bytes = graph.draw(format=format, prog="dot")
    graph.close()
    return drawn


def by_system(dot: str, format: str) -> bytes:
    """The same with the system's `dot`."""
    import graphviz

    try:
        drawn: bytes = graphviz.Source(dot).pipe(format=format)
    except graphviz.ExecutableNotFound:
        raise mistake(
            "graphviz",
            "drawing needs Graphviz, and neither pygraphviz nor the program 'dot' is installed",
            help="pip install pygraphviz, or install Graphviz; '-o picture.dot' needs neither",
        ) from None
    return drawn
