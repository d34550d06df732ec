#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Debian's packages of libmemkind are removed, this library is installed, and programs still run.

All of it in a copy of the machine's files that is thrown away (overlayfs, in a mount namespace).
Arguments: top of the tree, build folder, a C program that is as old as libmemkind 1.14. Exit status
77: skipped.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

OLD_LIBRARY = Path("/usr/lib/x86_64-linux-gnu/libmemkind.so.0")
OLD_HEADER = Path("/usr/include/memkind.h")

# Variables: copy, top, build, program, source.
MAKE_COPY = """
mount -t tmpfs none $copy && mkdir $copy/upper $copy/work $copy/root &&
mount -t overlay -o lowerdir=/,upperdir=$copy/upper,workdir=$copy/work overlay $copy/root &&
mount --rbind /proc $copy/root/proc && mount --rbind /dev $copy/root/dev &&
test -e $copy/root$top/Makefile && test -e $copy/root$program
"""
REPLACE = """
set -e
dpkg --remove libmemkind-dev libmemkind-progs libmemkind0
! test -e /usr/lib/x86_64-linux-gnu/libmemkind.so.0
make -C $top BUILD=$build PREFIX=/usr install
test -e /usr/lib/x86_64-linux-gnu/libmemkind.so
test "$(pkg-config --modversion memkind)" = 1.15.0
cc -std=gnu17 $source -o $program-new $(pkg-config --cflags --libs memkind) -lpthread
"""


def shell(script: str, values: dict[str, str | Path]) -> str:
    lines = [f"{name}={shlex.quote(str(value))}" for name, value in values.items()]
    return "\n".join([*lines, script])


def run_in_copy(script: str, values: dict[str, str | Path]) -> subprocess.CompletedProcess[str]:
    """Exit status 77 where there can be no copy."""
    inner = shlex.quote(shell(script, values))
    outer = shell(f"{{ {MAKE_COPY.strip()}; }} || exit 77\nchroot $copy/root sh -c {inner}", values)
    return subprocess.run(["unshare", "-m", "sh", "-c", outer], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


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
        values = {"copy": Path(folder) / "copy", "top": top, "build": build, "program": program,
                  "source": source}
        values["copy"].mkdir()
        mark = "=== the programs"
        done = run_in_copy(f"{REPLACE}\necho '{mark}'\n$program\n$program-new", values)
    if done.returncode == 77:
        print(f"SKIP: no copy of the machine's files can be made\n{done.stdout}")
        return 77
    log, _, after = done.stdout.partition(f"{mark}\n")
    if done.returncode != 0 or after != before * 2:
        print(f"FAIL: exit status {done.returncode}\n{log}--- before\n{before}--- after\n{after}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
