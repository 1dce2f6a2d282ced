"""Curves and clouds for people who compare: costs of networks, and along the depth of each.

A layer here is one that has weights to multiply, a convolution or a linear layer, in the order of
the network; what exists in training only is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from itertools import cycle, product
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics import known, mistake, printable
from archdsl.field import fields
from archdsl.graph import Network
from archdsl.measure import Row, measure
from archdsl.records import dataclass
from archdsl.timings import Contest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")
MOST_CURVES = 12  # of a figure in which they can be told apart
COLORS = "#4A76A8 #B5762A #558B58 #7861A6 #AD6475 #5F8A8A #A8942E #2B4A6B #7A4A12".split()
MARKERS = "osD^v"
LOOK: Any = {
    "svg.hashsalt": "archdsl",  # the same bytes each time
    "svg.fonttype": "none",
    "text.parse_math": False,  # a spec's words are no formulas
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E4E8EC",
    "axes.axisbelow": True,
    "legend.framealpha": 1,  # so that its dots are none of the plot's
    "legend.edgecolor": "#B8C2CC",
}


@dataclass(frozen=True)
class Subject:
    """A network to plot, and the family that it belongs to."""

    network: Network
    family: str


def plot(subjects: Sequence[Subject], kind: str = "size", format: str = "svg") -> bytes:
    """A picture of networks, of a kind in `KINDS` and a format in `FORMATS`; raises ArchError."""
    known("figure", "kind of plot", kind, KINDS)
    return painted(lambda figure: KINDS[kind](figure.add_subplot(), subjects), format)


def plot_timings(contest: Contest, format: str = "svg") -> bytes:
    """A picture of a contest, in a format in `FORMATS`; raises ArchError."""
    return painted(lambda figure: bars(figure, contest), format)


def painted(paint: Callable[[Figure], None], format: str) -> bytes:
    """A figure as a file."""
    known("figure", "format", format, FORMATS)
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise mistake(
            "matplotlib",
            "plots need matplotlib, which is not installed",
            help="pip install 'archdsl[plot]'",
        ) from None
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(8.2, 4.9), layout="constrained")
        paint(figure)
        page = BytesIO()
        figure.savefig(page, format=format, dpi=150, metadata=DATELESS[format])
    return page.getvalue()


DATELESS: dict[str, dict[str, Any]] = {
    "svg": {"Date": None},
    "png": {},
    "pdf": {"CreationDate": None},
}


# ---- networks among each other -------------------------------------------------------------


def size(axes: Axes, subjects: Sequence[Subject]) -> None:
    """Parameters against multiply-accumulates, a colour for each family."""
    families = dict.fromkeys(subject.family for subject in subjects)
    named: list[tuple[float, float]] = []
    for (marker, color), family in zip(looks(), families, strict=False):
        own = [subject.network for subject in subjects if subject.family == family]
        reports = [measure(network) for network in own]
        macs, params = [r.macs for r in reports], [r.params for r in reports]
        look: dict[str, Any] = {"marker": marker, "color": color, "s": 28, "zorder": 3}
        axes.scatter(macs, params, label=printable(family), **look)
        for network, x, y in zip(own, macs, params, strict=True):
            if any(close(x, other, 6) and close(y, level, 1.5) for other, level in named):
                continue  # its name would stand on another's
            named.append((x, y))
            words: dict[str, Any] = {
                "xytext": (4, 3),
                "textcoords": "offset points",
                "fontsize": 6.5,
            }
            axes.annotate(printable(network.name), (x, y), color="#4F4F4F", **words)
    axes.set(xscale="log", yscale="log", xlabel="multiply-accumulates", ylabel="parameters")
    axes.margins(x=0.12)
    for axis, values in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        axis.set_major_formatter(engineering())
        narrow = close(*values, 10)  # no power of ten lies between, so the steps are numbered
        axis.set_minor_formatter(engineering() if narrow else lambda value, position: "")
    if (figure := axes.get_figure(root=True)) is not None:
        figure.legend(loc="outside right upper", fontsize=7.5)


def close(one: float, other: float, times: float) -> bool:
    """Whether two numbers are less than so many times apart."""
    return max(one, other) < times * min(one, other)


def looks() -> Iterator[tuple[str, str]]:
    """Markers and their colours: dots in all colours, then squares, and so on."""
    return cycle(product(MARKERS, COLORS))


def engineering() -> Any:
    """Numbers on an axis as papers write them: 10 M, 1 G."""
    from matplotlib.ticker import EngFormatter

    return EngFormatter()


# ---- along the depth -----------------------------------------------------------------------


def weighing(network: Network) -> list[Row]:
    """The rows of the layers that multiply by weights."""
    return [row for row in measure(network).rows if row.macs and not row.training_only]


def curves(
    axes: Axes, subjects: Sequence[Subject], label: str, values: Callable[[Network], list[int]]
) -> None:
    """A step for each layer, a line for each network."""
    if len(subjects) > MOST_CURVES:
        raise mistake(
            "limit",
            f"{len(subjects)} curves cannot be told apart",
            help=f"name at most {MOST_CURVES} networks",
        )
    for color, subject in zip(cycle(COLORS), subjects, strict=False):
        heights = values(subject.network)
        places = range(1, len(heights) + 1)
        look: dict[str, Any] = {"color": color, "drawstyle": "steps-mid", "linewidth": 1.4}
        axes.plot(places, heights, label=printable(subject.network.name), **look)
    axes.set(xlabel="layer", ylabel=label)
    axes.yaxis.set_major_formatter(engineering())
    axes.yaxis.set_minor_formatter(lambda value, position: "")
    axes.legend()


def macs(axes: Axes, subjects: Sequence[Subject]) -> None:
    """Multiply-accumulates of each layer."""
    curves(axes, subjects, "multiply-accumulates", lambda n: [row.macs for row in weighing(n)])


def params(axes: Axes, subjects: Sequence[Subject]) -> None:
    """Parameters of each layer."""
    axes.set_yscale("log")
    curves(axes, subjects, "parameters", lambda n: [row.params for row in weighing(n)])


def field(axes: Axes, subjects: Sequence[Subject]) -> None:
    """What each layer's output sees of the input, along the last axis."""
    axes.set_yscale("log")
    curves(axes, subjects, "receptive field", seen)


def seen(network: Network) -> list[int]:
    """The receptive field of each layer that works on a map."""
    every = fields(network)
    found = (every[row.node].axes for row in weighing(network))
    return [axes[-1].extent for axes in found if axes]


KINDS: dict[str, Callable[[Axes, Sequence[Subject]], None]] = {
    "size": size,
    "macs": macs,
    "params": params,
    "field": field,
}


# ---- times ---------------------------------------------------------------------------------


def bars(figure: Figure, contest: Contest) -> None:
    """A bar for each contestant's median, a line from quartile to quartile, by work."""
    works = contest.works()
    sizes = [len(contest.of(work)) for work in works]
    for axes, work in zip(
        figure.subplots(len(works), squeeze=False, height_ratios=sizes)[:, 0], works, strict=True
    ):
        found = contest.of(work)
        medians = [1000 * timing.median for timing in found]
        lower, upper = zip(*(timing.quartiles for timing in found), strict=True)
        spread = [
            [m - 1000 * q for m, q in zip(medians, lower, strict=True)],
            [1000 * q - m for m, q in zip(medians, upper, strict=True)],
        ]
        colors = [COLORS[0] if t.contestant.startswith("archdsl") else "#B8C2CC" for t in found]
        names = [printable(timing.contestant) for timing in found]
        look: dict[str, Any] = {"color": colors, "height": 0.7, "zorder": 2}
        axes.barh(names, medians, xerr=spread, error_kw={"ecolor": "#4F4F4F", "lw": 1}, **look)
        for place, timing in enumerate(found):
            words = f" {contest.speedup(timing):.2f}x"
            axes.text(1000 * timing.quartiles[1], place, words, va="center", fontsize=7.5)
        axes.margins(x=0.12)
        axes.invert_yaxis()
        axes.set(xlabel=f"{work}, ms", title="")
    figure.suptitle(printable(f"{contest.network}: {contest.setting}"), fontsize=9)
