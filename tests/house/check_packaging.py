#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What packages are made of says the same as the build: versions, and what is needed to build.

Argument: the top of the tree.
"""

import re
import sys
from pathlib import Path

# What Debian's build-essential has, and what needs no word beside python3-dev.
IMPLIED = {"gcc", "g++", "libc6-dev", "make", "python3"}


def only(pattern: str, path: Path) -> str:
    found = re.findall(pattern, path.read_text(), re.MULTILINE)
    assert len(found) == 1, f"{path} has {len(found)} of {pattern}"
    return found[0]


def main() -> int:
    top = Path(sys.argv[1])
    version = only(r"^ *version: '(.+)',$", top / "meson.build")
    debian = (top / "debian/changelog").read_text().split()[1]
    assert debian.startswith(f"({version}-"), f"debian/changelog has {debian}, not {version}"
    rpm = only(r"^Version: +(.+)$", top / "rpm/memkind.spec")
    assert rpm == version, f"rpm/memkind.spec has {rpm}, not {version}"

    wanted = set()
    for line in (top / "scripts/packages.txt").read_text().splitlines():
        name, _, sections = line.partition("#")[0].strip().partition(" ")
        if "build" in sections.strip().split(","):
            wanted.add(name)
    depends = only(r"^Build-Depends: ((?:.*\n )*.*)$", top / "debian/control")
    named = {word.split()[0] for word in depends.split(",")}
    missing = wanted - IMPLIED - named
    assert not missing, f"Build-Depends of debian/control lacks {', '.join(sorted(missing))}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
