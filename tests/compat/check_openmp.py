#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The OpenMP runtimes of LLVM and GCC take their memory from this library, on this machine.

Arguments: folder of libmemkind.so, openmp.c, the folder with Debian 13's C library and libgomp (see
scripts/unpack-packages; made by make test-vm). Exit status 77: skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# By these lists all kinds are there on any machine, on node 0.
NODES = {"MEMKIND_DAX_KMEM_NODES": "0", "MEMKIND_HBW_NODES": "0"}
EXPECTED = {"large_cap": "DAX_KMEM_ALL", "high_bw": "HBW_PREFERRED",
            "high_bw:interleaved": "HBW_INTERLEAVE"}


def build(compiler: str, source: str, program: Path) -> bool:
    done = subprocess.run([compiler, "-fopenmp", "-D_GNU_SOURCE", "-O1", source, "-o", program],
                          capture_output=True, check=False)
    return done.returncode == 0


def runtimes(library: str, source: str, trixie: Path, folder: Path) -> dict[str, list[str | Path]]:
    """Name -> the words that begin a command."""
    found: dict[str, list[str | Path]] = {}
    program = folder / "llvm"
    if shutil.which("clang") and build("clang", source, program):
        found["LLVM"] = [program]
    libraries = trixie / "usr/lib/x86_64-linux-gnu"
    program = folder / "gcc"
    if libraries.exists() and build("gcc", source, program):
        found["GCC 14"] = [libraries / "ld-linux-x86-64.so.2", "--library-path",
                           f"{libraries}:{library}", program]
    return found


def main() -> int:
    library, source, trixie = sys.argv[1:]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        found = runtimes(library, source, Path(trixie), Path(folder))
        for name, words in found.items():
            for allocator, kind in EXPECTED.items():
                done = subprocess.run([*words, allocator, kind, "0"], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, check=False,
                                      env={**os.environ, **NODES, "LD_LIBRARY_PATH": library})
                is_good = done.returncode == 0 and f"{library}/libmemkind.so" in done.stdout
                failures += not is_good
                print(f"{'ok' if is_good else 'FAIL'}: {name}, {allocator}\n{done.stdout}")
    missing = {"LLVM", "GCC 14"} - set(found)
    if missing:
        print(f"not installed: OpenMP of {', '.join(sorted(missing))}")
    return 1 if failures else 0 if found else 77


if __name__ == "__main__":
    sys.exit(main())
