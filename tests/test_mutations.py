"""Whatever a spec says, it is compiled or refused: never a traceback, a hang or much memory."""

from __future__ import annotations

import ast
import os
import re
import resource
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from random_texts import (
    ACCEPTED,
    BYTES,
    EXAMPLES,
    GOOD,
    MISTAKES,
    SHIPPED,
    SMALL,
    SOUP,
    STIRRED,
    TESTS,
    Original,
    exchanged,
    mutated_characters,
    mutated_words,
    spliced,
)
from test_format import check as keeps_its_meaning

from archdsl import documents, pipeline
from archdsl.diagnostics import ArchError, Diagnostic, render
from archdsl.draw import LEVELS
from archdsl.graph import Network
from archdsl.library import read
from archdsl.measure import measure
from archdsl.modules import DeclaredNetwork, Loader
from archdsl.outline import outline
from archdsl.source import Source, Span

SECONDS = 30  # of processor time that a case may take; the limits on size take some of them
MEMORY = 800 * 2**20  # that all cases of a test may add: the process stays below 1 GB with it
COLORS = re.compile(r"\x1b\[[\d;]*m")
COUNTS: list[int] = []


def cases(count: int) -> settings:
    """So many cases of a property, or as many as are asked for."""
    COUNTS.append(count)
    return settings(
        deadline=None,
        max_examples=int(os.environ.get("ARCHDSL_EXAMPLES", count)),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


class TooLong(Exception):
    """A case has used up its processor time."""


@contextmanager
def ending(seconds: float) -> Iterator[None]:
    """Ends what takes longer; counts processor time, so that a busy machine does not matter."""

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    """Refuses memory beyond what a test may take: who asks for more gets a MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def endless() -> None:
    while True:
        pass


def test_the_bounds_hold() -> None:
    with pytest.raises(MemoryError):
        bytearray(2**30)
    with pytest.raises(TooLong), ending(0.01):
        endless()


# ---- what must hold ------------------------------------------------------------------------


@cache
def loader() -> Loader:
    """Reads the library once for all cases."""
    return Loader()


def networks(text: str, folder: Path = TESTS) -> tuple[DeclaredNetwork, ...]:
    """The networks of a text that lies in a folder."""
    source = Source("mutated.arch", text)
    return loader().module(source, folder / "mutated.arch").own_networks


def expanded(declared: DeclaredNetwork) -> Network | None:
    """The network, or nothing where mistakes were told."""
    try:
        return pipeline.expanded(declared)
    except ArchError as error:
        assert_told(error)
        return None


def survives(one: Original) -> list[Network]:
    """Compiles the first networks of a text; what is wrong can be told."""
    with ending(SECONDS):
        try:
            found = [expanded(declared) for declared in networks(one.text, one.folder)[:2]]
        except ArchError as error:
            assert_told(error)
            return []
    return [network for network in found if network is not None]


def assert_told(error: ArchError) -> None:
    """Mistakes can be shown, with and without colours, and point into their texts."""
    assert error.diagnostics
    plain = render(error.diagnostics)
    assert COLORS.sub("", render(error.diagnostics, color=True)) == plain
    assert all(letter.isprintable() or letter == "\n" for letter in plain)
    for span in spans(error.diagnostics):
        assert 0 <= span.start <= span.end <= len(span.source.text)


def spans(diagnostics: Iterable[Diagnostic]) -> Iterator[Span]:
    """All places that messages point at."""
    for diagnostic in diagnostics:
        if diagnostic.span is not None:
            yield diagnostic.span
        yield from (note.span for note in diagnostic.notes)


# ---- cases ---------------------------------------------------------------------------------


def test_there_are_enough_cases() -> None:
    assert sum(COUNTS) >= 20_000


@pytest.mark.parametrize("one", [*SHIPPED, *ACCEPTED, *EXAMPLES], ids=lambda one: one.text[:30])
def test_the_unchanged_specs_compile(one: Original) -> None:
    assert all(pipeline.expanded(declared).nodes for declared in networks(one.text, one.folder))


ANY = st.one_of(
    mutated_words(SMALL),
    mutated_words(SHIPPED),
    exchanged(SMALL),
    mutated_characters(SMALL),
    spliced(SMALL),
    STIRRED,
    SOUP,
)


@cases(300)
@given(ANY)
def test_some_of_each_sort(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(3000)
@given(mutated_words(MISTAKES))
@example(Original("use googlnet: bn\n", TESTS))  # the place ended behind the text
def test_mutated_mistakes(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(3000)
@given(mutated_words([*ACCEPTED, *EXAMPLES]))
def test_mutated_cases_of_the_language(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(3000)
@given(exchanged(SMALL))
def test_words_exchanged_for_others_of_their_sort(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(1000)
@given(exchanged(SHIPPED))
def test_words_exchanged_in_shipped_specs(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(1500)
@given(mutated_words(SHIPPED))
def test_mutated_shipped_specs(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(3500)
@given(mutated_characters([*SMALL, *SHIPPED]))
def test_mutated_characters(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(2500)
@given(spliced(SMALL))
def test_spliced_halves(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(1500)
@given(STIRRED)
def test_words_in_any_order(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(2000)
@given(SOUP)
def test_well_formed_nonsense(one: Original) -> None:
    survives(one)


@pytest.mark.slow
@cases(1000)
@given(BYTES)
def test_bytes_are_a_text_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.arch"
    path.write_bytes(data)
    with ending(SECONDS):
        try:
            source = read(path)
        except ArchError as error:
            assert_told(error)
        else:
            survives(Original(source.text, TESTS))


@pytest.mark.slow
@cases(800)
@given(st.one_of(mutated_words(SMALL), mutated_characters(SMALL), exchanged(SMALL), SOUP))
def test_what_parses_is_formatted(one: Original) -> None:
    with ending(SECONDS):
        try:
            loader().module(Source("mutated.arch", one.text), one.folder / "mutated.arch")
        except ArchError:
            return
        keeps_its_meaning(one.text)


# ---- later stages --------------------------------------------------------------------------


def outlined(network: Network) -> None:
    assert sum(entry.size * entry.repeat for entry in outline(network)) == len(network.nodes)


def summarised(network: Network) -> None:
    for level in ("block", "layer"):
        assert network.name in pipeline.summary(network, level)


def drawn(network: Network) -> None:
    for level in LEVELS:
        assert pipeline.draw(network, level, "dot").startswith(b"digraph")


def documented(network: Network) -> None:
    text = documents.json_of(documents.graph_document(network))
    read_back = documents.network_from_json(text)
    assert documents.json_of(documents.graph_document(read_back)) == text
    report = measure(read_back)
    assert report == measure(network)
    documents.json_of(documents.report_document(report))


STAGES: list[Callable[[Network], None]] = [outlined, summarised, drawn, documented]
LARGEST = 500  # operators: what repeats a hundred times more finds nothing else


@pytest.mark.slow
@cases(1200)
@given(st.one_of(exchanged([*ACCEPTED, *EXAMPLES]), SOUP, GOOD), st.sampled_from(STAGES))
def test_what_is_accepted_goes_through_every_stage(
    one: Original, stage: Callable[[Network], None]
) -> None:
    for network in survives(one):
        if len(network.nodes) <= LARGEST:
            with ending(SECONDS):
                stage(network)


def sketched(declared: DeclaredNetwork) -> Network | None:
    """What is understood of a network that is refused."""
    try:
        pipeline.expanded(declared)
    except ArchError as error:
        return pipeline.sketched(declared, {}, error)
    return None


@pytest.mark.slow
@cases(1500)
@given(st.one_of(exchanged(SMALL), mutated_words(MISTAKES), SOUP), st.sampled_from(LEVELS))
def test_what_is_refused_is_drawn_as_far_as_it_goes(one: Original, level: str) -> None:
    with ending(SECONDS), suppress(ArchError):
        for declared in networks(one.text, one.folder)[:2]:
            network = sketched(declared)
            if network is not None and len(network.nodes) <= LARGEST:
                assert network.mistakes
                assert pipeline.draw(network, level, "dot").startswith(b"digraph")


@pytest.mark.slow
@cases(1000)
@given(st.one_of(exchanged([*ACCEPTED, *EXAMPLES]), mutated_words(ACCEPTED), SOUP))
def test_what_is_probably_wrong_is_told(one: Original) -> None:
    with ending(SECONDS), suppress(ArchError):
        source = Source("mutated.arch", one.text)
        module = loader().module(source, one.folder / "mutated.arch")
        found = {each: pipeline.expanded(each) for each in module.own_networks[:2]}
        if warnings := pipeline.warnings(module, found):
            assert_told(ArchError(*warnings))
            assert {each.severity for each in warnings} == {"warning"}


def is_as_it_says(declared: DeclaredNetwork) -> bool:
    """Whether a network's `assert` lines hold; if not, that can be told."""
    try:
        return bool(pipeline.asserted(declared))
    except ArchError as error:
        assert_told(error)
        return False


@pytest.mark.slow
@cases(800)
@given(st.one_of(exchanged([*ACCEPTED, *EXAMPLES]), SOUP, GOOD))
def test_what_is_accepted_is_compiled_to_python(one: Original) -> None:
    for network in survives(one):
        if len(network.nodes) <= LARGEST:
            (declared,) = (
                found
                for found in networks(one.text, one.folder)[:2]
                if found.definition.name == network.name
            )
            with ending(SECONDS):
                if is_as_it_says(declared):
                    ast.parse(pipeline.compile(declared))


# ---- what is deep or large -----------------------------------------------------------------

DEEP = [
    "(" * 59 + "relu" + ")" * 59,
    "a: (" * 59 + "relu" + ")" * 59,
    "[ relu + " * 59 + "relu" + " ]" * 59,
    "[ relu + (identity or " * 29 + "relu" + ") ]" * 29,
    "f<" * 59 + "relu" + ">" * 59,
    "a if (1 < 2) else " * 3000 + "relu",
    "conv 1x1 (" + "-" * 5000 + "1)",
    "conv 1x1 (" + "min(1, " * 50 + "1" + ")" * 50,
    "relu > " * 20_000 + "relu",
    "[ " + "relu | " * 5000 + "relu ]",
    "conv 1x1 1000000000000 groups=7",
    "conv 1x1 1000000000000 > gn 999999999989",
    "conv 1000000000000x1 1 pad=1000000000000",
    "upsample 1000000000000 x1000",
    "pixelshuffle 1000000 > fc 1",
    "conv 3x3 64x1000000000000",
    "relu x1000000000000",
    "(relu x100000) x100000",
    "(identity x100000) x100000",
    "f<f<f<f<identity x100> x100> x100> x100>",
    "conv 1x1 " + "9" * 100_000,
    "dropout 0." + "0" * 100_000 + "1",
    'conv 1x1 2 connect="' + "0,1,2 " * 50_000 + '"',
    "x" * 500_000,
    "_" * 1000,
    "@" + "a" * 1000,
]


@pytest.mark.slow
@pytest.mark.parametrize("body", DEEP, ids=lambda body: body[:24].strip())
def test_what_is_deep_or_large_ends(body: str) -> None:
    survives(Original(f"let f<u> = u > u\nnetwork n\n  input 3x8x8\n  {body}\n", TESTS))


@pytest.mark.slow
@pytest.mark.parametrize("first", ["relu", "identity", "[ identity + (conv 3x3 9 or identity) ]"])
def test_doubling_lets_end(first: str) -> None:
    lets = "".join(f"let l{i + 1} = l{i} > l{i}\n" for i in range(60))
    survives(Original(f"let l0 = {first}\n{lets}network n\n  input 3x8x8\n  l60\n", TESTS))


def test_a_file_that_is_too_large() -> None:
    with pytest.raises(ArchError, match="larger than"):
        loader().module(Source("large.arch", "# " + "x" * 1_000_001))
