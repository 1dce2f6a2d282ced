"""The door to Jinja: the file's text from its parts. Templates hold layout and decide nothing."""

from __future__ import annotations

import re
from functools import cache as once
from pathlib import Path

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.bccache import Bucket

from archdsl import cache
from archdsl.diagnostics import mistake
from archdsl.library import shipped
from archdsl.torchgen.module import Module

IMPORTS = re.compile(r"^# imports: (.*)\n")


def rendered(module: Module, template: Path | None) -> str:
    """A module as text, by the shipped template or a user's."""
    imports, sources = support(module)
    jinja = environment(template.parent if template else None)
    try:
        found = jinja.get_template(template.name if template else module.template)
        return found.render(module=module, imports=imports, support=sources)
    except TemplateError as error:
        name = template.name if template else module.template
        line = getattr(error, "lineno", None)
        where = f"{name}:{line}" if line else name
        raise mistake("template", f"{where}: {error.message}") from error


class Compiled(BytecodeCache):
    """Templates as Python's code, kept between runs; Jinja compares the texts that they were."""

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := cache.read(f"template {bucket.key}"):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        cache.write(f"template {bucket.key}", bucket.bytecode_to_string())


@once
def environment(folder: Path | None) -> Environment:
    """Where templates are looked for and how they are read; those read before are kept."""
    folders = [shipped("templates")] if folder is None else [folder, shipped("templates")]
    return Environment(
        loader=FileSystemLoader(folders),
        bytecode_cache=Compiled(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Python, not HTML: names are identifiers, texts go through one_line()
    )


def support(module: Module) -> tuple[list[str], list[str]]:
    """The standard library's modules that a file imports, and the modules that PyTorch lacks."""
    imports = set(module.imports)
    sources = []
    for name in module.support:
        text = (shipped("templates") / "modules" / f"{name}.py").read_text(encoding="utf-8")
        if (match := IMPORTS.match(text)) is not None:
            imports |= set(match.group(1).replace(",", " ").split())
            text = text[match.end() :]
        sources.append(text.strip())
    return sorted(imports), sources
