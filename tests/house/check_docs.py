#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Links in the pages lead somewhere, and C programs in them compile without a warning.

Arguments: the top of the tree.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PROGRAM = re.compile(r"^```c\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists():
            yield f"leads to {link}, which is not there"
        elif anchor and anchor not in anchors(target):
            yield f"leads to {link}: there is no such heading"


def bad_programs(page: Path, top: Path, scratch: str) -> Iterator[str]:
    source = Path(scratch, "program.c")
    for text in _PROGRAM.findall(page.read_text(encoding="utf-8")):
        if "int main(" not in text:
            continue
        source.write_text(text, encoding="utf-8")
        done = subprocess.run(["cc", "-std=gnu17", "-fopenmp", "-fsyntax-only", "-Wall", "-Wextra",
                               "-Werror", f"-I{top}/include", source], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            yield f"has a program that does not compile: {done.stderr}"


def main() -> int:
    top = Path(sys.argv[1])
    pages = [*top.glob("*.md"), *top.glob("docs/*.md")]
    with tempfile.TemporaryDirectory() as scratch:
        errors = [f"{page.relative_to(top)} {error}" for page in pages
                  for error in [*broken_links(page), *bad_programs(page, top, scratch)]]
    print("\n".join(errors))
    return 1 if errors or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
