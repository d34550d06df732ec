#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The programs in the manual compile without a warning, and run.

Arguments: the top of the tree, the folder of libmemkind.so.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

import pages

_C = ["cc", "-std=gnu17"]
_CPP = ["c++", "-std=c++17"]
# What there is on any machine, and what need not be there.
_NODES = ({"MEMKIND_DAX_KMEM_NODES": "0", "MEMKIND_HBW_NODES": "0"},
          {"MEMKIND_DAX_KMEM_NODES": "none", "MEMKIND_HBW_NODES": "none"})


def programs(top: Path) -> Iterator[tuple[str, str]]:
    for page in pages.load(top):
        for number, text in enumerate(page.literals):
            if "int main(" in text:
                yield f"{page.title}, block {number + 1}", text


def check(top: Path, folder: str, text: str, scratch: Path) -> str:
    """What is wrong with a program."""
    compiler = _C if "int main(void)" in text else _CPP
    source = scratch / ("example.c" if compiler is _C else "example.cpp")
    source.write_text(text, encoding="utf-8")
    program = scratch / "example"
    done = subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", f"-I{top}/include", "-o",
                           program, source, f"-L{folder}", "-lmemkind"], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        return done.stderr
    for nodes in _NODES:
        done = subprocess.run([program], env={**os.environ, **nodes, "LD_LIBRARY_PATH": folder},
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"exit status {done.returncode} with {nodes}\n{done.stdout}{done.stderr}"
    return ""


def main() -> int:
    top, folder = Path(sys.argv[1]), sys.argv[2]
    errors, count = 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        for where, text in programs(top):
            count += 1
            error = check(top, folder, text, Path(scratch))
            if error:
                errors += 1
                print(f"{where}: {error}")
    print(f"{count} programs")
    return 1 if errors or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
