#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A program built against the old library runs unchanged, with the same output, on this one.

Arguments: folder of libmemkind.so.0, portable.c, C compiler. Exit status 77: skipped.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MODES = {
    "PIE": ["-fPIE", "-pie"],
    "PIC": ["-fPIC", "-pie"],
    "non-PIE": ["-fno-pie", "-no-pie"],
}
NODE_LISTS = [None, "0", "-1"]


def old_header_version() -> str:
    """The version of Debian's libmemkind-dev, empty where it is not installed."""
    try:
        query = subprocess.run(
            ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "libmemkind-dev"],
            capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    words = query.stdout.split()
    return words[1] if len(words) == 2 and words[0] == "installed" else ""


def run(program: Path, node_list: str | None, library: str | None) -> tuple[int, str]:
    environment = dict(os.environ)
    environment.pop("MEMKIND_DAX_KMEM_NODES", None)
    environment.pop("LD_LIBRARY_PATH", None)
    if node_list is not None:
        environment["MEMKIND_DAX_KMEM_NODES"] = node_list
    if library is not None:
        environment["LD_LIBRARY_PATH"] = library
    done = subprocess.run([program], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def loaded_library(program: Path, library: str) -> str:
    environment = {**os.environ, "LD_LIBRARY_PATH": library}
    listing = subprocess.run(["ldd", program], env=environment, capture_output=True, text=True,
                             check=True).stdout
    return next(line for line in listing.splitlines() if "libmemkind.so.0" in line)


def main() -> int:
    library, source, *compiler = sys.argv[1:]
    version = old_header_version()
    if not version.startswith("1.14."):
        print(f"SKIP: Debian's libmemkind-dev 1.14 is not installed (found: {version or 'none'})")
        return 77
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for mode, flags in MODES.items():
            program = Path(folder) / mode
            subprocess.run([*compiler, "-std=gnu17", "-O2", *flags, source, "-o", program,
                            "-lmemkind", "-lpthread"], check=True)
            if library not in loaded_library(program, library):
                print(f"FAIL: {mode}: LD_LIBRARY_PATH does not lead to {library}")
                failures += 1
            for node_list in NODE_LISTS:
                old = run(program, node_list, None)
                new = run(program, node_list, library)
                same = old == new and old[0] == 0 and old[1] != ""
                print(f"{'ok' if same else 'FAIL'}: {mode}, MEMKIND_DAX_KMEM_NODES={node_list}")
                if not same:
                    print(f"--- old library, status {old[0]}\n{old[1]}"
                          f"--- this library, status {new[0]}\n{new[1]}")
                    failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
