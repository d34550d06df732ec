# SPDX-License-Identifier: BSD-2-Clause
"""The pages of the manual, as man/*.scd have them."""

import dataclasses
import re
from pathlib import Path
from typing import Iterator

_LITERAL = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# A line that what it is about follows, indented.
_ENTRY = re.compile(r"^(\*.*)\n(?=\t|\n```)", re.MULTILINE)
_BOLD = re.compile(r"(?<!\\)\*([^*\n]+?)(?<!\\)\*")


def bold(text: str) -> list[str]:
    return [unescape(found) for found in _BOLD.findall(text)]


def unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


@dataclasses.dataclass(frozen=True)
class Page:
    name: str  # "memkind"
    section: str  # "3"
    source: str

    @property
    def title(self) -> str:
        return f"{self.name}.{self.section}"

    @property
    def literals(self) -> list[str]:
        """Blocks that are shown as they are: programs, commands."""
        return [unescape(block) for block in _LITERAL.findall(self.source)]

    @property
    def prose(self) -> str:
        return _LITERAL.sub("```\n```", self.source)

    @property
    def names(self) -> list[str]:
        """What the NAME section says that the page is about."""
        return [name.strip() for name in
                self.part("# NAME").split(" - ")[0].split(",")]

    def part(self, heading: str) -> str:
        """The source below a heading; empty: there is none."""
        _, found, rest = f"{self.source}\n".partition(f"\n{heading}\n")
        level = heading.split(" ")[0]
        return re.split(rf"^#{{1,{len(level)}}} ", rest, flags=re.MULTILINE)[0] if found else ""

    @property
    def entries(self) -> str:
        return entries(self.prose)

    @property
    def words(self) -> set[str]:
        return set(re.findall(r"\w+", unescape(self.source)))


def entries(prose: str) -> str:
    """The lines that begin an entry."""
    return "\n".join(_ENTRY.findall(prose))


def load(top: Path) -> list[Page]:
    return list(_load(top))


def _load(top: Path) -> Iterator[Page]:
    for path in sorted((top / "man").glob("*.scd")):
        name, section = path.stem.rsplit(".", 1)
        yield Page(name, section, path.read_text(encoding="utf-8"))
