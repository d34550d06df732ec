#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs compat.c with libmemkind 1.14 and with this library on this machine, and compares.

Arguments: compat, libmemkind.so.0. Exit status 77: skipped.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import compare

OLD_LIBRARY = Path("/usr/lib/x86_64-linux-gnu/libmemkind.so.0")
# By these lists nearly every kind is available on any machine.
PLACES = {
    "host": {},
    "host-named": {"MEMKIND_DAX_KMEM_NODES": "0", "MEMKIND_HBW_NODES": "0"},
}


def run(program: str, library: str | Path, settings: dict[str, str]) -> str:
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("MEMKIND_", "LD_"))}
    with tempfile.TemporaryDirectory() as folder:
        environment.update(settings, COMPAT_FOLDER=folder)
        done = subprocess.run([program, str(library)], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, timeout=100, check=True)
    return done.stdout


def has_huge_pages() -> bool:
    pool = Path("/proc/sys/vm/nr_hugepages")
    return pool.exists() and int(pool.read_text(encoding="ascii")) > 0


def main() -> int:
    program, library = sys.argv[1:]
    if not OLD_LIBRARY.exists():
        print("SKIP: libmemkind 1.14 is not installed (libmemkind0)")
        return 77
    # They are the whole machine's: what is right with some is for the guests to tell.
    if has_huge_pages():
        print("SKIP: the machine has huge pages now; differences.txt is for one without")
        return 77
    failures = 0
    for place, settings in PLACES.items():
        old, new = (run(program, path, settings) for path in (OLD_LIBRARY, library))
        faults = compare.compare(place, old, new)
        if faults:
            print(faults)
        failures += len(faults.splitlines())
        print(f"{place}: {len(compare.parse(old))} lines of 1.14, {len(compare.parse(new))} of "
              f"this library, {failures} faults")
    if failures and has_huge_pages():
        print("SKIP: meanwhile somebody gave the machine huge pages")
        return 77
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
