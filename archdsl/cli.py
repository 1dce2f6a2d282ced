"""The command line: the only room that prints, writes files, or exits."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from archdsl import __version__, library, pipeline
from archdsl.diagnostics import ArchError, Diagnostic, mistake, render
from archdsl.naming import function_name
from archdsl.source import Source

if TYPE_CHECKING:
    from archdsl.graph import Network

FORMATS = ("svg", "png", "pdf", "dot")
STAGES = ("tree", "graph", "report")
NUMBER = re.compile(r"([+-]?\d{1,15})([KMG]?)")
SIZE = re.compile(r"\d{1,9}(x\d{1,9})+")
MULTIPLES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


class Verbs(click.Group):
    """The verbs; a mistake in a spec ends each of them with its message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ArchError as error:
            complain(error.diagnostics)
        except RecursionError:
            complain([Diagnostic("limit", "the spec is nested too deeply")])
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f"{error.filename}: " if error.filename else ""
            complain([Diagnostic("file", f"{where}{error.strerror or error}")])
        return ctx.exit(1)


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  archdsl draw resnet34
  archdsl compile googlenet -o googlenet.py
  archdsl check my_network.arch

SPEC is a shipped name ('archdsl list' shows them), a path (the file's only network, or the one
named like the file), or path:network.

Exit codes: 0 fine, 1 a mistake in a spec or a file, 2 wrong usage.""",
)
@click.version_option(__version__, prog_name="archdsl")
def verbs() -> None:
    """Compile, draw and check neural-network architectures written in the Arch language."""


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    verbs(prog_name="archdsl")


# ---- what the verbs share --------------------------------------------------------------------


def settings(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    """The values of `--set name=value`."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier() or not value.strip():
            raise click.BadParameter(f"'{text}' is not of the form name=value")
        found[name.strip()] = setting(value.strip())
    return found


def setting(text: str) -> Any:
    """A value as the language writes it: a number, true or false, a size, or a name."""
    if text in ("true", "false"):
        return text == "true"
    if number := NUMBER.fullmatch(text):
        return int(number[1]) * MULTIPLES[number[2]]
    if SIZE.fullmatch(text):
        return tuple(map(int, text.split("x")))
    try:
        value = float(text)
    except ValueError:
        return text
    if abs(value) > 1e15 or value != value:
        raise click.BadParameter(f"'{text}' is no number that a network can have")
    return value


SPEC = click.argument("spec")
SET = click.option(
    "--set",
    "values",
    metavar="NAME=VALUE",
    multiple=True,
    callback=settings,
    help="Give a parameter of the network another value; may be repeated.",
)


def output_option(text: str) -> Callable[[Any], Any]:
    """The option that says where the result goes."""
    path = click.Path(path_type=Path, allow_dash=True)
    return click.option("-o", "--output", metavar="FILE", type=path, help=text)


def in_color(stream: IO[str]) -> bool:
    """Whether a stream is a terminal that wants colours."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream.isatty()


def table_style() -> dict[str, Any]:
    """Colours and the width of the terminal; plain and wide where the output goes elsewhere."""
    if not sys.stdout.isatty():
        return {}
    return {"color": in_color(sys.stdout), "width": os.get_terminal_size(1).columns}


def say(text: str) -> None:
    """A line on the standard output, colours as they are."""
    click.echo(text, color=True)


def note(text: str) -> None:
    """A line for the person at the terminal, on the standard error."""
    click.echo(text, err=True)


def complain(diagnostics: Iterable[Diagnostic]) -> None:
    """Mistakes, each in its frame, on the standard error."""
    color = in_color(sys.stderr)
    click.echo(render(list(diagnostics), color=color), err=True, color=color)


def target(output: Path | None, default: str) -> Path:
    """The file to write: by default in the current folder; in a folder under the default's name."""
    if output is None:
        return Path(default)
    return output / default if output.is_dir() else output


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: beside it, then renamed.

    A file that is there keeps its mode, and a link its place; devices and pipes are written to.
    """
    path = Path(os.path.realpath(path))
    try:
        mode = path.stat().st_mode if path.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            path.write_bytes(data)
        else:
            replace(path, data, mode)
    except OSError as error:
        reason = error.strerror or str(error)
        raise mistake("file", f"cannot write {library.shown(path)}: {reason}") from None


def replace(path: Path, data: bytes, mode: int | None) -> None:
    """Put a file in the place of another at once."""
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    beside = path.with_name(f".{path.name[:100]}.{os.getpid()}.tmp")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(data)
        if mode is not None:
            beside.chmod(stat.S_IMODE(mode))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


# ---- the verbs -------------------------------------------------------------------------------


@verbs.command(
    short_help="Compile a network to PyTorch source.",
    epilog="""\b
Examples:
  archdsl compile googlenet
  archdsl compile resnet50 -o - --set classes=10
  archdsl compile my.arch:small -o build/small.py""",
)
@SPEC
@output_option("Where to write; '-' prints. By default NAME.py in the current folder.")
@SET
@click.option(
    "--template",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A Jinja template of your own for the file.",
)
def compile(spec: str, output: Path | None, values: dict[str, Any], template: Path | None) -> None:
    """Compile SPEC to PyTorch source.

    The file needs torch and nothing else; an older file of the name is overwritten.
    """
    declared = pipeline.declared(spec)
    source = pipeline.compile(declared, values, template)
    if output == Path("-"):
        click.echo(source, nl=not source.endswith("\n"))
        return
    name = declared.definition.name
    path = target(output, f"{function_name(name)}.py")
    write(path, source.encode())
    note(f"wrote {path}: {name}, {len(source.splitlines())} lines")


@verbs.command(
    short_help="Draw a network.",
    epilog="""\b
Examples:
  archdsl draw resnet34
  archdsl draw googlenet -o googlenet.pdf
  archdsl draw my.arch --level layer -o my.png""",
)
@SPEC
@output_option(
    "Where to draw: a file that ends in .svg, .png, .pdf or .dot; '-' prints SVG. "
    "By default NAME.svg in the current folder."
)
@SET
@click.option(
    "--level",
    type=click.Choice(["block", "layer", "op"]),
    default="block",
    show_default=True,
    help="How much to show.",
)
def draw(spec: str, output: Path | None, values: dict[str, Any], level: str) -> None:
    """Draw SPEC: its blocks with repeats folded, and the shapes between them."""
    printed = output == Path("-")
    folder = output is None or printed or output.is_dir()
    form = "svg" if output is None or folder else output.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        endings = ", ".join(f".{known}" for known in FORMATS)
        raise click.BadParameter(f"'{output}' ends in none of {endings}", param_hint="'-o'")
    network = pipeline.network(spec, values)
    picture = pipeline.draw(network, level, form)
    if printed:
        click.echo(picture, nl=False)
        return
    path = target(output, f"{function_name(network.name)}.svg")
    write(path, picture)
    note(f"wrote {path}: {network.name}")


@verbs.command(
    short_help="Check specs: syntax, names, shapes.",
    epilog="""\b
Examples:
  archdsl check googlenet
  archdsl check my.arch other.arch:small
  archdsl check my.arch --json""",
)
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@SET
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as a JSON document.")
def check(specs: tuple[str, ...], values: dict[str, Any], as_json: bool) -> None:
    """Check each SPEC: syntax, names, every shape. Of a file, all networks are checked."""
    mistakes: list[Diagnostic] = []
    for spec in specs:
        found = checked(spec, values, quiet=as_json)
        if found and not as_json:
            complain(found)
        mistakes += found
    if as_json:
        from archdsl.documents import diagnostics_document, json_of

        say(json_of(diagnostics_document(mistakes)))
    if mistakes:
        click.get_current_context().exit(1)


def checked(spec: str, values: dict[str, Any], *, quiet: bool) -> list[Diagnostic]:
    """The mistakes of a spec; says of each good network that it is fine."""
    try:
        networks = pipeline.networks(spec)
    except ArchError as error:
        return list(error.diagnostics)
    mistakes: dict[Diagnostic, None] = {}  # networks share blocks, and so the mistakes in them
    if not networks and not quiet:
        say(f"{spec}: fine: it declares no network")
    for declared in networks:
        try:
            network = pipeline.expanded(declared, values)
        except ArchError as error:
            mistakes.update(dict.fromkeys(error.diagnostics))
        else:
            if not quiet:
                say(verdict(network))
    return list(mistakes)


def verdict(network: Network) -> str:
    """`googlenet: fine: 3x224x224 -> 1000, 6,998,552 parameters`."""
    report = pipeline.report(network)
    inputs = ", ".join(map(str, report.inputs))
    outputs = ", ".join(map(str, report.outputs))
    return f"{network.name}: fine: {inputs} -> {outputs}, {report.params:,} parameters"


@verbs.command(
    short_help="Print a network's table.",
    epilog="""\b
Examples:
  archdsl summary resnet50
  archdsl summary googlenet --level layer
  archdsl summary resnet50 --set classes=10""",
)
@SPEC
@SET
@click.option(
    "--level",
    type=click.Choice(["block", "layer"]),
    default="block",
    show_default=True,
    help="Blocks closed, or with the layers within.",
)
def summary(spec: str, values: dict[str, Any], level: str) -> None:
    """Print the table of SPEC: shapes, parameters, multiply-accumulates."""
    say(pipeline.summary(pipeline.network(spec, values), level, **table_style()))


@verbs.command(
    "list",
    short_help="List the shipped networks.",
    epilog="""\b
Examples:
  archdsl list
  archdsl list resnet""",
)
@click.argument("word", default="")
def list_(word: str) -> None:
    """List the shipped networks, or those with WORD in their names."""
    from archdsl.summary import zoo_table

    networks = list(pipeline.zoo(word))
    if not networks:
        raise mistake("unknown", f"no shipped network has '{word}' in its name")
    say(zoo_table(networks, **table_style()))


@verbs.command(
    short_help="Format spec files.",
    epilog="""\b
Examples:
  archdsl fmt my.arch
  archdsl fmt --check specs/
  archdsl fmt - < my.arch""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 if it would.")
def fmt(files: tuple[str, ...], only_check: bool) -> None:
    """Format each FILE in place, all .arch files of a folder, or standard input for '-'."""
    failed = False
    for path in spec_files(files):
        try:
            failed |= formatted(path, only_check)
        except ArchError as error:
            complain(error.diagnostics)
            failed = True
    if failed:
        click.get_current_context().exit(1)


def spec_files(files: Iterable[str]) -> Iterable[Path]:
    """The files named, and those in folders named."""
    for file in files:
        path = Path(file)
        yield from sorted(path.rglob("*.arch")) if path.is_dir() else [path]


def formatted(path: Path, only_check: bool) -> bool:
    """Format a file; answers whether that has to count as a failure."""
    printed = path == Path("-")
    source = standard_input() if printed else library.read(path)
    text = pipeline.formatted(source)
    changed = text != source.text
    if only_check:
        if changed:
            note(f"{source.name} would change")
        return changed
    if printed:
        click.echo(text, nl=False)
    elif changed:
        write(path, text.encode())
        note(f"formatted {source.name}")
    return False


def standard_input() -> Source:
    """The text that comes in."""
    try:
        return Source("<stdin>", sys.stdin.buffer.read().decode())
    except UnicodeDecodeError:
        raise mistake("file", "<stdin> is not UTF-8 text") from None


@verbs.command(
    short_help="Show a stage: tree, graph or report.",
    epilog="""\b
Examples:
  archdsl show lenet5
  archdsl show googlenet --stage report --json
  archdsl show --schema graph""",
)
@click.argument("spec", required=False)
@SET
@click.option(
    "--stage", type=click.Choice(STAGES), default="graph", show_default=True, help="What to show."
)
@click.option("--json", "as_json", is_flag=True, help="As a JSON document.")
@click.option(
    "--schema",
    type=click.Choice([*STAGES, "diagnostics"]),
    help="Print the JSON schema of a document instead.",
)
def show(
    spec: str | None, values: dict[str, Any], stage: str, as_json: bool, schema: str | None
) -> None:
    """Show what SPEC is at a stage of the compiler: its tree, its graph, its figures."""
    if schema is not None:
        from archdsl import documents

        say(documents.schema(schema))
    elif spec is None:
        raise click.UsageError("Missing argument 'SPEC'.")
    else:
        text = as_document(spec, values, stage) if as_json else as_text(spec, values, stage)
        say(text)


def as_document(spec: str, values: dict[str, Any], stage: str) -> str:
    """A stage as JSON."""
    from archdsl import documents

    if stage == "tree":
        return documents.json_of(documents.tree_document(pipeline.module(spec).spec))
    network = pipeline.network(spec, values)
    if stage == "graph":
        return documents.json_of(documents.graph_document(network))
    return documents.json_of(documents.report_document(pipeline.report(network)))


def as_text(spec: str, values: dict[str, Any], stage: str) -> str:
    """A stage as text."""
    from archdsl import show

    if stage == "tree":
        return show.tree_text(pipeline.module(spec).spec)
    network = pipeline.network(spec, values)
    if stage == "graph":
        return show.graph_text(network)
    return show.report_text(pipeline.report(network))
