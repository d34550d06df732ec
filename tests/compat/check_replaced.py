#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Debian's packages of libmemkind are removed, this library is installed, and programs still run.

Then it is uninstalled, which leaves nothing of it and everything else. All of it in a copy of the machine's files that is thrown away.
Arguments: top of the tree, build folder, a C program that is as old as libmemkind 1.14. Exit status
77: skipped.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import machine_copy

OLD_LIBRARY = Path("/usr/lib/x86_64-linux-gnu/libmemkind.so.0")
OLD_HEADER = Path("/usr/include/memkind.h")

# Variables: top, build, program, source.
REPLACE = """
set -e
dpkg --remove libmemkind-progs libmemkind-dev libmemkind0
test ! -e /usr/lib/x86_64-linux-gnu/libmemkind.so.0
find /usr | sort >/tmp/before
make -C $top BUILD=$build PREFIX=/usr install
test -e /usr/lib/x86_64-linux-gnu/libmemkind.so
test "$(pkg-config --modversion memkind)" = 1.15.0
cc -std=gnu17 $source -o $program-new $(pkg-config --cflags --libs memkind) -lpthread
"""
UNINSTALL = """
make -C $top BUILD=$build PREFIX=/usr uninstall >/dev/null
find /usr | sort | diff /tmp/before -
"""


def main() -> int:
    top, build, source = (Path(word).resolve() for word in sys.argv[1:])
    if os.geteuid() != 0 or not OLD_LIBRARY.exists() or not OLD_HEADER.exists():
        print("SKIP: root, libmemkind0 and libmemkind-dev are needed")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program"
        subprocess.run(["cc", "-std=gnu17", "-I", str(OLD_HEADER.parent), source, "-o", program,
                        OLD_LIBRARY, "-lpthread"], check=True)
        before = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
        values = {"top": top, "build": build, "program": program, "source": source}
        mark = "=== the programs"
        done = machine_copy.run(f"{REPLACE}\necho '{mark}'\n$program\n$program-new\n{UNINSTALL}",
                                values, Path(folder), [top / "Makefile", program])
    if done.returncode == machine_copy.IMPOSSIBLE:
        print(f"SKIP: no copy of the machine's files can be made\n{done.stdout}")
        return 77
    log, _, after = done.stdout.partition(f"{mark}\n")
    if done.returncode != 0 or after != before * 2:
        print(f"FAIL: exit status {done.returncode}\n{log}--- before\n{before}--- after\n{after}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
