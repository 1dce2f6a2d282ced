"""The compiler on one screen: each verb as the chain of stages that answers it.

SPEC is a shipped name, a path, or `path:network`; settings give a network's parameters other
values than their defaults. A mistake in either leaves as an ArchError.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archdsl import library
from archdsl.diagnostics import ArchError, Diagnostic, mistake
from archdsl.garbage import search_put_off
from archdsl.runtime import needed
from archdsl.source import Source

if TYPE_CHECKING:
    from archdsl.compiled import Compiled
    from archdsl.diff import Diff
    from archdsl.graph import Network
    from archdsl.measure import Report
    from archdsl.memory import Memory
    from archdsl.modules import DeclaredNetwork, Loader, Module
    from archdsl.plot import Subject
    from archdsl.runtime.run import Outcome
    from archdsl.runtime.verify import Verification
    from archdsl.shapes import Shape
    from archdsl.sizes import Sizes
    from archdsl.timings import Contest
    from archdsl.zoo import Listed

Settings = Mapping[str, Any]
NONE: Settings = {}


def loader() -> Loader:
    """What reads files for one verb; a compiled network that was kept needs none."""
    from archdsl.modules import Loader

    return Loader()


def declared(spec: str) -> DeclaredNetwork:
    """Spec to the declaration of its network."""
    target = whole(spec)
    return loader().file(target.path).network(target.network)


def whole(spec: str) -> library.Target:
    """What a spec names, which has to be all of a network."""
    target = library.resolve(spec)
    if target.part is not None:
        raise mistake(
            "network",
            f"'{target.part}' is a part of {target.network}, and this takes all of a network",
            help=f"'archdsl draw {spec}' draws the part",
        )
    return target


def declared_part(spec: str) -> tuple[DeclaredNetwork, str | None]:
    """Spec to the declaration of its network, and the name of the part that it asks for.

    In `path:name` the name may be that of a block in the file's network.
    """
    target = library.resolve(spec)
    found = loader().file(target.path)
    named = target.network is None or target.network in found.networks
    if named or target.part is not None:
        return found.network(target.network), target.part
    return found.network(), target.network


def declared_in(text: str, name: str | None = None) -> DeclaredNetwork:
    """The text of a spec to the declaration of its network."""
    return loader().module(Source("<text>", text)).network(name)


def network(spec: str, settings: Settings = NONE) -> Network:
    """Spec to network: every shape known."""
    return expanded(declared(spec), settings)


def expanded(declared: DeclaredNetwork, settings: Settings = NONE) -> Network:
    """Declaration to network."""
    from archdsl.expand import expand

    return expand(declared, settings)


def asserted(declared: DeclaredNetwork, settings: Settings = NONE) -> Network:
    """Declaration to network that is as its `assert` lines say."""
    return held(expanded(declared, settings), settings)


def held(network: Network, settings: Settings) -> Network:
    """Network to the same, held to its `assert` lines."""
    from archdsl.asserts import failures

    if found := failures(network, settings):
        raise ArchError(*found)
    return network


def sketched(declared: DeclaredNetwork, settings: Settings, refusal: ArchError) -> Network | None:
    """What was understood of a declaration that is refused."""
    from archdsl.expand import sketch

    return sketch(declared, settings, refusal)


def module(spec: str) -> Module:
    """Spec to tree, with the names in it resolved."""
    return loader().file(whole(spec).path)


def asked(spec: str) -> tuple[Module, tuple[DeclaredNetwork, ...]]:
    """The network that a spec names, or all networks of its file where it names none; the file."""
    target = whole(spec)
    found = loader().file(target.path)
    if target.network is None:
        return found, found.own_networks
    declared = found.network(target.network)
    return declared.module, (declared,)


def files(spec: str) -> set[Path]:
    """The files that a spec is read from, and those that it asks for in vain."""
    reading = loader()
    try:
        reading.file(library.resolve(spec).path)
    except ArchError:
        reading.paths.add(library.named(spec))
    return reading.paths


def warnings(
    module: Module, networks: Mapping[DeclaredNetwork, Network], *, whole: bool = False
) -> tuple[Diagnostic, ...]:
    """Some networks of a file to warnings; `whole` where these are all, with their own values."""
    from archdsl.lint import lint

    return lint(module, networks, whole=whole)


def zoo(word: str = "") -> Iterator[Listed]:
    """All shipped networks whose names hold a word, with their figures."""
    from archdsl.zoo import listed

    reading = loader()
    shipped = library.shipped_networks()
    for name in sorted(shipped, key=lambda name: (shipped[name], library.natural(name))):
        if word in name:
            yield listed(reading.file(shipped[name]).network(name))


def report(network: Network) -> Report:
    """Network to figures."""
    from archdsl.measure import measure

    return measure(network)


def sizes(network: Network) -> Sizes:
    """Network to the sizes of input that it takes, and its shapes as formulas."""
    from archdsl.sizes import sizes

    return sizes(network)


def sizes_text(network: Network, *, color: bool = False, width: int | None = None) -> str:
    """Network to a text of the sizes that it takes, with its blocks' shapes as formulas."""
    from archdsl.summary import sizes_text

    return sizes_text(network, sizes(network), color=color, width=width)


def memory(
    network: Network, batch: int = 1, dtype: str = "fp32", optimizer: str = "adam"
) -> Memory:
    """Network to the bytes that it takes for a batch."""
    from archdsl.memory import memory

    return memory(network, batch, dtype, optimizer)


def compile(
    declared: DeclaredNetwork, settings: Settings = NONE, template: Path | None = None
) -> str:
    """Declaration to PyTorch source."""
    return generated(declared, expanded(declared, settings), settings, template)


def compile_inference(
    declared: DeclaredNetwork,
    settings: Settings = NONE,
    template: Path | None = None,
    passes: Collection[str] | None = None,
) -> str:
    """Declaration to PyTorch source rewritten for inference, by all passes or those named."""
    chosen = pass_names() if passes is None else passes
    return generated(declared, expanded(declared, settings), settings, template, chosen)


def generated(
    declared: DeclaredNetwork,
    network: Network,
    settings: Settings,
    template: Path | None = None,
    passes: Collection[str] | None = None,
) -> str:
    """Network, held to its `assert` lines, to PyTorch source.

    The declaration tells which parameters the source can keep.

    With `passes` the network is rewritten by them, and the source is for inference.
    """
    from archdsl.probes import probes
    from archdsl.torchgen import generate, generate_inference

    found = probes(declared, held(network, settings), settings)
    if passes is None:
        return generate(network, found, template)
    from archdsl.passes import rewrite

    rewritten = tuple(rewrite(probe, passes)[0].network for probe in found)
    return generate_inference(rewrite(network, passes)[0], rewritten, template)


def compiled(
    spec: str,
    settings: Settings = NONE,
    template: Path | None = None,
    passes: Sequence[str] | None = None,
) -> Compiled:
    """Spec to PyTorch source and warnings; kept between runs, but for a user's own template.

    With `passes`, names of rewritings, the source is for inference.
    """
    from archdsl.compiled import Compiled, keep, kept

    target = whole(spec)
    if template is None and (found := kept(target, settings, passes)) is not None:
        return found
    reading = loader()
    declared = reading.file(target.path).network(target.network)
    network = expanded(declared, settings)
    made = Compiled(
        network.name,
        generated(declared, network, settings, template, passes),
        warnings(declared.module, {declared: network}),
        reading.texts,
    )
    if template is None:
        keep(made, target, settings, passes)
    return made


def verify(declared: DeclaredNetwork, settings: Settings = NONE, **wishes: Any) -> Verification:
    """Declaration to what PyTorch says of it; the wishes are those of `runtime.verify.verify`."""
    with needed("verifying a network"):
        from archdsl.runtime.verify import verify
    network = expanded(declared, settings)
    return verify(network, generated(declared, network, settings), **wishes)


def bench(declared: DeclaredNetwork, settings: Settings = NONE, **wishes: Any) -> Contest:
    """Declaration to how long its code takes; the wishes are those of `runtime.bench.bench`."""
    with needed("timing a network"):
        from archdsl.runtime.bench import bench
    network = expanded(declared, settings)
    kinds = None, pass_names(), passes_for_engines()
    sources = (generated(declared, network, settings, passes=passes) for passes in kinds)
    return bench(network, *sources, **wishes)


def timings(contest: Contest, *, color: bool = False, width: int | None = None) -> str:
    """A contest to a table."""
    from archdsl.summary.timings import timings

    return timings(contest, color=color, width=width)


def plot_timings(contest: Contest, format: str = "svg") -> bytes:
    """A contest to a picture."""
    from archdsl.plot import plot_timings

    return plot_timings(contest, format)


def run(
    declared: DeclaredNetwork, settings: Settings = NONE, *, engine: str = "torch", **wishes: Any
) -> Outcome:
    """Declaration to what comes out of it; the wishes are those of `runtime.run.run`."""
    with needed("running a network"):
        from archdsl.runtime.run import run
    network = expanded(declared, settings)
    passes = pass_names() if engine == "torch" else passes_for_engines()
    source = generated(declared, network, settings)
    rewritten = generated(declared, network, settings, passes=passes)
    return run(network, source, rewritten, engine=engine, **wishes)


def passes_for_engines() -> Collection[str]:
    """The rewritings for what runs a network as a whole."""
    from archdsl.passes import FOR_ENGINES

    return FOR_ENGINES


def pass_names() -> list[str]:
    """The names of the rewritings for inference, in their order."""
    from archdsl.passes import PASSES

    return [each.name for each in PASSES]


def rewriting(network: Network, passes: Collection[str] | None = None) -> str:
    """Network to a table of what each pass does to it."""
    from archdsl.passes import rewrite
    from archdsl.summary.rewriting import rewriting

    return rewriting(network, rewrite(network, passes)[1])


def draw(network: Network, level: str = "block", format: str = "svg", **wishes: Any) -> bytes:
    """Network to a picture in one of `draw.FORMATS`; the wishes are those of `draw.Figure`."""
    from archdsl import draw

    return draw.draw(network, draw.Figure(level, **wishes), format)


def draw_diff(diff: Diff, level: str = "block", format: str = "svg") -> bytes:
    """A diff to a picture of both networks in one."""
    from archdsl import draw

    return draw.draw_diff(diff, draw.Figure(level), format)


def counted(network: Network, count: str) -> Report:
    """Network to figures whose costs are counted in one of the ways of `counts.CONVENTIONS`."""
    from archdsl.counts import counted
    from archdsl.torchgen import functions

    return counted(network, count, functions(network))


@search_put_off()
def summary(network: Network, level: str = "block", count: str = "macs", **wishes: Any) -> str:
    """Network to a table; `count` is one of `counts.CONVENTIONS`, wishes those of `summary`."""
    from archdsl.counts import CONVENTIONS
    from archdsl.summary import summary

    figures = report(network) if count == "macs" else counted(network, count)
    return summary(network, figures, level, unit=CONVENTIONS[count].unit, **wishes)


def subjects(specs: Sequence[str]) -> list[Subject]:
    """The networks that specs name, all of a file's where one names none; without any, the zoo."""
    from archdsl.plot import Subject

    found = []
    for spec in specs or library.shipped_networks():
        module, declared = asked(spec)
        family = Path(module.spec.source.name).stem
        found += [Subject(expanded(each), family) for each in declared]
    return found


def plot(subjects: Sequence[Subject], kind: str = "size", format: str = "svg") -> bytes:
    """Networks to a plot of a kind in `plot.KINDS`."""
    from archdsl.plot import plot

    return plot(subjects, kind, format)


def diff(before: Network, after: Network, names: tuple[str, str] | None = None) -> Diff:
    """Two networks to what differs between them."""
    from archdsl.diff import diff

    return diff(before, after, names)


def changes(
    diff: Diff, level: str = "block", *, color: bool = False, width: int | None = None
) -> str:
    """A diff to a table of what was added, removed and changed."""
    from archdsl.summary.changes import changes

    return changes(diff, level, color=color, width=width)


def imported(reference: str, shape: Shape, name: str) -> str:
    """A PyTorch model, by its reference and the shape of its input, to a spec's text."""
    from archdsl.importing import imported

    with needed("importing a model"):
        from archdsl.runtime.models import model
        from archdsl.runtime.record import record
    module = model(reference)
    training = record(module, name, shape, training=True)
    return imported(training, record(module, name, shape, training=False))


def formatted(source: Source) -> str:
    """A spec's text as the formatter lays it out."""
    from archdsl.format import format

    return format(source)
