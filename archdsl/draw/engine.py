"""The one small door to the layout engine: Graphviz from pygraphviz's wheel, or the system's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from archdsl.diagnostics import mistake


def layout(dot: str) -> bytes:
    """Where everything in a DOT text comes to lie, as Graphviz's JSON."""
    return render(dot, "json0")


def render(dot: str, format: str) -> bytes:
    """Lay a DOT text out and draw it in a format of Graphviz's; raises ArchError."""
    try:
        import pygraphviz
    except ImportError:
        return by_system(dot, format)
    graph = pygraphviz.AGraph(string=dot)
    with quiet():
        drawn: bytes = graph.draw(format=format, prog="dot")
    graph.close()
    return drawn


@contextmanager
def quiet() -> Iterator[None]:
    """Keep C libraries from writing to the terminal.

    The fontconfig in pygraphviz's wheel warns of settings that the system's own, of another
    version, has put down. What goes wrong in Graphviz itself comes as an exception.
    """
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


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
    except graphviz.CalledProcessError as error:
        raise mistake(
            "graphviz",
            f"the program 'dot' failed with exit code {error.returncode}",
            help="pip install pygraphviz brings a newer Graphviz",
        ) from None
    return drawn
