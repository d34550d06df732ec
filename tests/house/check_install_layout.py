#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""`make install` puts the library where the C library's loader and pkg-config look by themselves.

Meson finds Debian's folder through dpkg-dev only, which new machines do not have: the Makefile has
to name it, both when it configures and when it installs, and when it removes what it installed.
Argument: the top of the tree. Exit status 77: skipped.
"""

import subprocess
import sys
import tempfile
from pathlib import Path


def check_layout(top: str, build: Path, goal: str, work: str, multiarch: str) -> None:
    """WORK is the command that does it, after the configuration."""
    shown = subprocess.run(
        ["make", "-n", "-C", top, f"BUILD={build}", "PREFIX=/opt/x", "DESTDIR=/there", goal],
        capture_output=True, text=True, check=True).stdout
    lines = [line for line in shown.splitlines() if line.startswith(("meson setup",
                                                                     "meson configure"))]
    assert len(lines) == 2, f"make {goal} configures in {len(lines)} lines:\n{shown}"
    for line in lines:
        assert "--prefix=/opt/x" in line.split(), line
        assert f"--libdir=lib/{multiarch}" in line.split(), line
    assert work in shown, f"make {goal} forgets DESTDIR:\n{shown}"


def main() -> int:
    top = sys.argv[1]
    multiarch = subprocess.run(["cc", "-print-multiarch"], capture_output=True, text=True,
                               check=False).stdout.strip()
    if not multiarch:
        print("SKIP: the C compiler here knows no multiarch folder")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        build = Path(scratch, "build")
        for goal, work in (("install", f"DESTDIR=/there meson install -C {build}"),
                           ("uninstall", f"scripts/uninstall {build} /there")):
            check_layout(top, build, goal, work, multiarch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
