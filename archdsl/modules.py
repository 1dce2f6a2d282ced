"""What the names of a spec file mean: its own, those it uses, and the standard library's."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from archdsl import library
from archdsl import syntax as s
from archdsl.diagnostics import ArchError, Diagnostic, Note, did_you_mean, mistake
from archdsl.ops import OPS
from archdsl.records import cached_property, dataclass
from archdsl.source import Source
from archdsl.trees import tree
from archdsl.unused import Parts, unused_parameters

MAX_USES = 50  # files that use each other in a row
RESERVED = ("aux", "output", "input", "none", "on", "in")


@dataclass(eq=False)
class Module:
    """A spec file with its names resolved."""

    spec: s.Spec
    definitions: dict[str, Declared] = field(default_factory=dict)
    networks: dict[str, DeclaredNetwork] = field(default_factory=dict)

    @cached_property
    def unused(self) -> tuple[Diagnostic, ...]:
        """The mistakes of parameters that nothing in the file uses."""
        return tuple(unused_parameters(self.spec, self.parts))

    @cached_property
    def parts(self) -> Parts:
        """All that each declaration of the file is made of."""
        spec = self.spec
        declared: tuple[s.Definition | s.NetworkDef, ...] = (*spec.definitions, *spec.networks)
        return {each.name: s.within(each) for each in declared}

    @property
    def own_networks(self) -> tuple[DeclaredNetwork, ...]:
        """The networks that the file itself declares, in the order of its text."""
        return tuple(self.networks[definition.name] for definition in self.spec.networks)

    def network(self, name: str | None = None) -> DeclaredNetwork:
        """The network of a name; without one the file's only network, or the one named like it."""
        own = {declared.definition.name: declared for declared in self.own_networks}
        if name is None and len(own) == 1:
            return next(iter(own.values()))
        wanted = name or Path(self.spec.source.name.rpartition(":")[2]).stem  # behind a revision
        if wanted in self.networks:
            return self.networks[wanted]
        file = self.spec.source.name
        asked = Path(file).stem if file.startswith("specs/") else file  # a shipped one by its name
        if not own:
            raise mistake("network", f"{file} declares no network")
        if name is None:
            raise mistake(
                "network",
                f"{file} declares {len(own)} networks: which one?",
                help="name one of them: " + ", ".join(f"{asked}:{other}" for other in own),
            )
        raise mistake(
            "unknown",
            f"{file} declares no network '{name}'",
            help=did_you_mean(name, self.networks) or f"it declares {', '.join(own)}",
        )


@dataclass(frozen=True, eq=False)
class Declared:
    """A `let` or `block`, and the file whose names its body means."""

    definition: s.Definition
    module: Module


@dataclass(frozen=True, eq=False)
class DeclaredNetwork:
    """A network, and the file whose names its body means."""

    definition: s.NetworkDef
    module: Module


class Loader:
    """Reads files once each, following `use`."""

    def __init__(self, files: library.Files | None = None) -> None:
        self.files = files or library.Files()
        self.modules: dict[Path, Module] = {}
        self.paths: set[Path] = set()  # of all files asked for, whether they could be read or not
        self.texts: dict[Path, Source] = {}  # of all files read, by the paths they were asked by
        self.open: list[Path] = []

    def file(self, path: Path) -> Module:
        """The module of a file."""
        asked, path = path.absolute(), path.resolve()
        self.paths.add(path)
        if path not in self.modules:
            self.open.append(path)
            try:
                self.modules[path] = self.module(self.files.read(path), path)
            finally:
                self.open.pop()
        self.texts[asked] = self.modules[path].spec.source
        return self.modules[path]

    def module(self, source: Source, path: Path | None = None) -> Module:
        """The module of a text; `path` is where its relative `use` lines start from."""
        module = Module(tree(source, path))
        standard = library.shipped_spec(library.STANDARD)
        if standard is not None and path != standard.resolve():
            module.definitions.update(self.file(standard).definitions)
        mistakes: list[Diagnostic] = []
        for use in module.spec.uses:
            try:
                self.use(module, use, path)
            except ArchError as error:
                mistakes += error.diagnostics
        mistakes += own_names(module)
        if mistakes:
            raise ArchError(*dict.fromkeys(mistakes))
        return module

    def use(self, module: Module, use: s.Use, path: Path | None) -> None:
        """Bring the named declarations of another file in."""
        found = (
            (path.parent if path else Path.cwd()) / use.spec
            if use.is_path
            else library.shipped_spec(use.spec)
        )
        if found is None or not self.files.holds(found):
            self.paths |= {found} if found else set()
            stems = [p.stem for p in library.shipped("specs").glob("*.arch")]
            raise mistake(
                "use",
                f"there is no spec '{use.spec}' to use",
                use.span,
                help=did_you_mean(use.spec, stems) or 'a file of your own: use "file.arch": name',
            )
        if found.resolve() in self.open:
            raise mistake("use", f"'{use.spec}' uses this file: a circle of 'use'", use.span)
        if len(self.open) > MAX_USES:
            message = f"files use each other more than {MAX_USES} deep"
            raise mistake("limit", message, use.span)
        other = self.file(found)
        for name in use.names:
            if name.name in other.definitions:
                module.definitions[name.name] = other.definitions[name.name]
            elif name.name in other.networks:
                module.networks[name.name] = other.networks[name.name]
            else:
                raise mistake(
                    "use",
                    f"'{use.spec}' declares no '{name.name}'",
                    name.span,
                    help=did_you_mean(name.name, [*other.definitions, *other.networks]),
                )


def own_names(module: Module) -> list[Diagnostic]:
    """Enter a file's own declarations; answers with those that cannot be."""
    mistakes = []
    seen: dict[str, s.Definition | s.NetworkDef] = {}
    declarations: tuple[s.Definition | s.NetworkDef, ...] = (
        *module.spec.definitions,
        *module.spec.networks,
    )
    for definition in declarations:
        name = definition.name
        if name in OPS or name in RESERVED:
            what = "an operator" if name in OPS else "a word of the language"
            mistakes.append(
                Diagnostic(
                    "duplicate",
                    f"'{name}' is {what} already",
                    definition.name_span,
                    help=f"choose another name, such as '{name}_unit'",
                )
            )
        if name in seen:
            first = Note(seen[name].name_span, "first declared here")
            mistakes.append(
                Diagnostic(
                    "duplicate", f"'{name}' is declared twice", definition.name_span, notes=(first,)
                )
            )
        seen[name] = definition
        if isinstance(definition, s.NetworkDef):
            module.networks[name] = DeclaredNetwork(definition, module)
        else:
            module.definitions[name] = Declared(definition, module)
    return mistakes
