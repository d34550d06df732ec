#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The manual has an entry for each public function, option, subcommand, environment variable
and probe, and none for what does not exist.

Arguments: the top of the tree, and the tools that were built, "memkind" first.
"""

import re
import sys
from pathlib import Path
from typing import Iterator

import helptext
import pages
from pages import Page

# Numbers of an enumeration that only count it, and those of which the manual says how they go on.
_UNNAMED = re.compile(r"\w+_MAX_VALUE$|MEMKIND_PARTITION_")
_PUBLIC = re.compile(r"(memkind|memtier|hbw)_[a-z_]+$|(enable|disable)AutoHBW$")
_CONSTANT = re.compile(r"(MEMKIND|MEMTIER|HBW|AUTO_HBW|JEMK)_[A-Z0-9_]+$")
_PROTOTYPE = re.compile(r"^(?:\w+ )*?\w+ \**(\w+)\([^;{}]*\)(?=;)", re.MULTILINE)
# A header of C++ that another one includes has no user of its own.
_INNER_HEADERS = {"memkind_cpp.h", "memkind_deprecated.h"}


def code_of(path: Path) -> str:
    """A header without comments and directives."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.MULTILINE)
    text = text.replace("MEMKIND_MALLOC_USABLE_SIZE_CONST ", "")
    text = re.sub(r"MEMKIND_DEPRECATED\((.*)\);", r"\1;", text)
    return re.sub(r"static __inline (.*?\))\s*\{.*?\n\}", r"\1;", text, flags=re.DOTALL)


def prototypes(code: str) -> dict[str, str]:
    """Function -> its prototype, in one line."""
    return {match[1]: re.sub(r"\s*([(),])\s*", r"\1", re.sub(r"\s+", " ", match[0]))
            for match in _PROTOTYPE.finditer(code)}


class Sources:
    """What there is to be documented."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.headers = {path.name: code_of(path) for path in sorted((top / "include").iterdir())}
        self.code = "\n".join(self.headers.values())
        self.functions = {name: text for header, code in self.headers.items()
                          if header.endswith(".h") for name, text in prototypes(code).items()
                          if _PUBLIC.match(name)}
        self.exports = set(re.findall(r"^\t\t(\w+);", (top / "src/libmemkind.map").read_text(),
                                      re.MULTILINE))
        self.constants = {word for word in re.findall(r"\w+", self.code) if _CONSTANT.match(word)}
        options = (top / "src/base/options.h").read_text()
        self.variables = set(re.findall(r'X\(\w+, "(\w+)",', options)) | set(self._read_directly())

    def _read_directly(self) -> Iterator[str]:
        for folder in ("src", "tools"):
            for path in (self.top / folder).rglob("*.c"):
                yield from re.findall(r'\bgetenv\("(\w+)"\)', path.read_text())

    def classes(self) -> Iterator[str]:
        """Public classes and enumerations of C++, with their namespaces."""
        for header, code in self.headers.items():
            spaces: list[str] = []
            if header in _INNER_HEADERS:
                continue
            text = (self.top / "include" / header).read_text()
            for match in re.finditer(r"^namespace (\w+)|^\} // namespace|"
                                     r"^(?:template <.*> )?(?:enum )?class (\w+)", text,
                                     re.MULTILINE):
                if match[1]:
                    spaces.append(match[1])
                elif match[2] is None:
                    spaces.pop()
                elif "internal" not in spaces:
                    yield "::".join([*spaces, match[2]])


def check_functions(manual: list[Page], sources: Sources) -> Iterator[str]:
    entries = "\n".join(page.entries for page in manual)
    described = set(re.findall(r"\*(\w+)\*\((?!\d)", entries))
    for name in sorted(set(sources.functions) | {name for name in sources.exports
                                                 if _PUBLIC.match(name)}):
        if name not in described:
            yield f"the function {name} has no entry"
    for name in sorted(described):
        if _PUBLIC.match(name) and name not in sources.functions:
            yield f"{name} has an entry, and no header declares it"
    shown = {name: text for page in manual for block in [page.part("# SYNOPSIS")]
             for name, text in prototypes(block).items() if _PUBLIC.match(name)}
    for name in sorted(set(shown) | set(sources.functions)):
        if shown.get(name) != sources.functions.get(name):
            yield (f"SYNOPSIS of {name}: {shown.get(name)}, but the header says "
                   f"{sources.functions.get(name)}")
    for page in manual:
        for name in sorted(set(re.findall(r"\*(\w+)\*\((?!\d)", page.entries))):
            if page.name != "memkind_hooks" and _PUBLIC.match(name) and name not in page.names:
                yield f"{page.title}: NAME lacks {name}"


def check_constants(manual: list[Page], sources: Sources) -> Iterator[str]:
    shown = {name for page in manual for name in pages.bold(page.prose)}
    entries = {name for page in manual for name in pages.bold(page.entries)}
    handles = {name for name in sources.exports if _CONSTANT.match(name)}
    enumerators = {match for block in re.findall(r"enum \w*\s*\{(.*?)\}", sources.code, re.DOTALL)
                   for match in re.findall(r"(?:^|,)\s*(\w+)", block)
                   if _CONSTANT.match(match)}
    for name in sorted(handles - entries):
        yield f"the kind {name} has no entry"
    for name in sorted(enumerators):
        if name not in shown and not _UNNAMED.match(name):
            yield f"the constant {name} is not in the manual"
    for name in sources.classes():
        if name not in shown:
            yield f"the class {name} is not in the manual"


def check_headers(manual: list[Page], sources: Sources) -> Iterator[str]:
    included = {header for page in manual
                for header in re.findall(r"^#include <(.*)>", page.part("# SYNOPSIS"),
                                         re.MULTILINE)}
    for header in sorted(set(sources.headers) - _INNER_HEADERS - included):
        yield f"no SYNOPSIS includes {header}"


def check_variables(manual: list[Page], sources: Sources) -> Iterator[str]:
    (page,) = (page for page in manual if page.name == "memkind-environment")
    described = set(pages.bold(page.entries))
    for name in sorted(sources.variables - described):
        yield f"the variable {name} is not in {page.title}"
    for name in sorted(described - sources.variables):
        yield f"{page.title} has {name}, which nothing reads"


def check_python(manual: list[Page], top: Path) -> Iterator[str]:
    (page,) = (page for page in manual if page.name == "memkind-python")
    code = (top / "python/memkind/__init__.py").read_text()
    names = set(re.findall(r"^(?:def|class) ([A-Za-z]\w*)", code, re.MULTILINE)) - {"Stats"}
    shown = {name.removeprefix("memkind.") for name in pages.bold(page.entries)}
    for name in sorted(names ^ shown):
        yield f"{page.title}: memkind.{name} is not there, or not in the manual"
    members = set(re.findall(r"^    def ([a-z]\w*)", code, re.MULTILINE))
    for name in sorted(members - page.words):
        yield f"{page.title}: {name} of memkind.Kind is not in the manual"


def check_probes(manual: list[Page], top: Path) -> Iterator[str]:
    (page,) = (page for page in manual if page.title == "memkind_ng.3")
    probes = set(re.findall(r"(?:OF_HEAP|PROBE3)\((?:memkind, )?([a-z]+), \(?(?:heap,|kind_name)",
                            (top / "src/heap/probe.h").read_text())) - {"name"}
    shown = set(pages.bold(pages.entries(page.part("# PROBES"))))
    for name in sorted(probes ^ shown):
        yield f"{page.title}: the probe {name} is not there, or not in the manual"


def check_words(manual: list[Page], sources: Sources) -> Iterator[str]:
    """Names that look like ours are names of something."""
    known = set(re.findall(r"\w+", sources.code)) | sources.variables
    known |= {word for path in (sources.top / "include").iterdir()
              for word in re.findall(r"#define (\w+)", path.read_text())}
    known |= set(re.findall(r"memkind_\w+", (sources.top / "src/kind/kinds.def").read_text()))
    known |= {Path(header).stem for header in sources.headers}
    known |= {page.name for page in manual}
    for page in manual:
        for word in sorted(page.words - known):
            if _CONSTANT.match(word) or _PUBLIC.match(word):
                yield f"{page.title}: there is no {word}"


def check_references(manual: list[Page]) -> Iterator[str]:
    titles = {f"{name}.{page.section}" for page in manual for name in page.names}
    for page in manual:
        for name, section in re.findall(r"\*([\w.-]+)\*\((\d)\)", page.prose):
            if re.match("(lib)?mem(kind|tier)|hbw|autohbw", name):
                if f"{name}.{section}" not in titles:
                    yield f"{page.title}: there is no {name}({section})"


def compare_options(title: str, described: str, options: set[str]) -> Iterator[str]:
    found = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*",
                           " ".join(pages.bold(pages.entries(described)))))
    for option in sorted(options - found):
        yield f"{title}: the option {option} has no entry"
    for option in sorted(found - options):
        yield f"{title}: {option} has an entry and is no option"


def check_tools(manual: list[Page], tools: list[Path]) -> Iterator[str]:
    of_tools = {page.name: page for page in manual if page.section == "1"}
    for name in sorted(set(of_tools) ^ {tool.name for tool in tools}):
        yield f"{name} is a tool without a page, or a page without a tool"
    memkind, *others = tools
    for tool in others:
        yield from compare_options(tool.name, of_tools[tool.name].source, helptext.options(tool))
    page = of_tools["memkind"]
    yield from compare_options("memkind", page.part("# DESCRIPTION"),
                               helptext.options(memkind) | {"--version"})
    commands = helptext.commands(memkind)
    if not commands:
        yield "memkind --help shows no command"
    described = re.findall(r"^## memkind (\w+)$", page.source, re.MULTILINE)
    for name in sorted(set(commands) ^ set(described)):
        yield f"memkind {name} is a command without a section, or the other way round"
    for name in commands:
        # --help of all commands is in the general part.
        part = page.part(f"## memkind {name}")
        yield from compare_options(f"memkind {name}", f"{part}\n*--help*\n\tText.\n",
                                   helptext.options(memkind, name))


def check_preloads(manual: list[Page], top: Path) -> Iterator[str]:
    prose = "\n".join(page.source for page in manual if page.section == "7")
    build = (top / "src/preload/meson.build").read_text()
    for name in re.findall(r"^ +'([\w-]+)': \[", build, re.MULTILINE):
        if f"LD_PRELOAD=lib{name}.so.0" not in prose:
            yield f"no page shows how lib{name}.so.0 is loaded"


def main() -> int:
    top, tools = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    manual, sources = pages.load(top), Sources(top)
    errors = [*check_functions(manual, sources), *check_constants(manual, sources),
              *check_headers(manual, sources), *check_variables(manual, sources),
              *check_words(manual, sources), *check_references(manual),
              *check_preloads(manual, top), *check_probes(manual, top), *check_python(manual, top)]
    if tools:
        errors += check_tools(manual, tools)
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
