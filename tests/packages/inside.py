# SPDX-License-Identifier: BSD-2-Clause
"""Replaces Debian's packages of libmemkind 1.14 by ours and back, in a copy of the machine's files.

Each test goes on where the one before it ended.
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from steps import Failure, Results, run

NEW_VERSION = "1.15.0-1"
# By these lists all kinds are there on any machine, on node 0.
NODES = {"MEMKIND_DAX_KMEM_NODES": "0", "MEMKIND_HBW_NODES": "0"}
PROJECT = """
cmake_minimum_required(VERSION 3.18)
project(consumer C CXX)
find_package(memkind 1.15 REQUIRED)
foreach(target memkind memkind-static)
  add_executable(with-${target} hot_cold.c)
  target_link_libraries(with-${target} memkind::${target})
endforeach()
add_executable(pmr pmr.cpp)
target_compile_features(pmr PRIVATE cxx_std_17)
target_link_libraries(pmr memkind::memkind)
"""


class Session:
    """What the tests have in common."""

    def __init__(self, top: Path, old: list[Path], new: list[Path], folder: Path) -> None:
        self.top, self.old, self.new, self.folder = top, old, new, folder
        self.names = [package.name.partition("_")[0] for package in new]
        self.program = folder / "program"
        self.answer = ""
        self.without: set[str] = set()

    def install(self, packages: list[Path], *more: str) -> None:
        """With all that apt has to say about it; only these packages and those in MORE may change."""
        shown = run("apt-get", "install", "-y", "-q", "--no-install-recommends",
                    "--allow-downgrades", "-o", "Dpkg::Use-Pty=0", *map(str, packages), *more,
                    env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        print(shown)
        if "WARNING" in shown or run("dpkg", "--audit"):
            raise Failure(shown)

    def versions(self) -> dict[str, str]:
        """Name -> version of the packages that are installed."""
        shown = subprocess.run(["dpkg-query", "-W", "-f",
                                "${Package} ${Version} ${db:Status-Abbrev}\n", *self.names],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               check=False).stdout
        rows = [line.split() for line in shown.splitlines()]
        return {row[0]: row[1] for row in rows if row[2] == "ii"}

    def run_old_program(self) -> str:
        return run(self.program, env={**os.environ, **NODES})

    def library_version(self) -> str:
        return run("/usr/bin/python3", "-c", "import ctypes; "
                   "print(ctypes.CDLL('libmemkind.so.0').memkind_get_version())").strip()


def equal(found: object, expected: object) -> None:
    if found != expected:
        raise Failure(f"found {found}, expected {expected}")


def paths() -> set[str]:
    """All files, links and folders that packages may have."""
    found = set()
    for top in ("/usr", "/etc", "/var/lib/dpkg/info"):
        for folder, folders, files in os.walk(top):
            found.update(f"{folder}/{name}" for name in (*folders, *files))
    return found


def start(session: Session) -> None:
    """Whatever the machine has: now it has none, and then those of 1.14."""
    subprocess.run(["dpkg", "--purge", *session.names], check=True)
    session.without = paths()
    session.install(session.old)
    equal(set(session.versions().values()), {"1.14.0-2"})
    flags = run("pkg-config", "--cflags", "--libs", "memkind").split()
    run("cc", "-std=gnu17", session.top / "tests/api/portable.c", "-o", session.program, *flags,
        "-lpthread")
    session.answer = session.run_old_program()


def library_alone(session: Session) -> None:
    """The programs of 1.14 run with the library of ours."""
    session.install([package for package in session.new if package.name.startswith("libmemkind0_")],
                    "libmemkind-dev-")
    equal(session.versions(), {"libmemkind0": NEW_VERSION, "libmemkind-progs": "1.14.0-2"})
    equal(run("memkind-auto-dax-kmem-nodes", env={**os.environ, **NODES}), "0\n")
    equal(session.run_old_program(), session.answer)
    session.install(session.old)


def upgrade(session: Session) -> None:
    session.install(session.new)
    equal(session.versions(), dict.fromkeys(session.names, NEW_VERSION))
    equal(session.library_version(), "1015000")
    for name in session.names:
        equal(run("dpkg", "--verify", name), "")


def old_program(session: Session) -> None:
    """What was built with 1.14 goes on as it did."""
    equal(session.run_old_program(), session.answer)


def consumers(session: Session) -> None:
    """Programs that are built against what was installed."""
    flags = run("pkg-config", "--cflags", "--libs", "memkind").split()
    examples = session.folder / "examples"
    shutil.copytree("/usr/share/doc/libmemkind-dev/examples", examples)
    for packed in examples.glob("*.gz"):
        run("gzip", "-d", packed)
    program = session.folder / "consumer"
    for source in sorted(examples.glob("*.c")):
        if source.name != "openmp.c":
            run("cc", source, "-o", program, *flags)
            run(program, env={**os.environ, **NODES})
    run("cc", "-static", examples / "tiers.c", "-o", program,
        *run("pkg-config", "--static", "--cflags", "--libs", "memkind").split())
    run(program, env={**os.environ, **NODES})
    (examples / "CMakeLists.txt").write_text(PROJECT, encoding="ascii")
    run("cmake", "-S", examples, "-B", examples / "build")
    run("cmake", "--build", examples / "build")
    for name in ("with-memkind", "with-memkind-static", "pmr"):
        run(examples / "build" / name, env={**os.environ, **NODES})


def tools(session: Session) -> None:
    """The tools find the libraries that they preload."""
    environment = {**os.environ, **NODES}
    if " 0 " not in run("memkind", "nodes"):
        raise Failure(run("memkind", "nodes"))
    for command in (["memkind", "run", "--kind", "dax_kmem"], ["memtier", "-r", "1:4"],
                    ["env", "LD_PRELOAD=libautohbw.so.0"]):
        shown = run(*command, "cat", "/proc/self/maps", env=environment)
        if "/libmemkind.so.0.0.1" not in shown:
            raise Failure(f"{command}: no libmemkind in\n{shown}")


def python(session: Session) -> None:
    example = "/usr/share/doc/python3-memkind/examples/numpy_arrays.py"
    said = run("/usr/bin/python3", example, env={**os.environ, **NODES})
    if "far memory" not in said:
        raise Failure(said)


def downgrade(session: Session) -> None:
    new_ones = [f"{name}-" for name in session.names
                if not any(package.name.startswith(f"{name}_") for package in session.old)]
    session.install(session.old, *new_ones)
    equal(set(session.versions().values()), {"1.14.0-2"})
    equal(session.library_version(), "1014000")
    equal(session.run_old_program(), session.answer)
    for name in session.versions():
        equal(run("dpkg", "--verify", name), "")


def purge(session: Session) -> None:
    session.install(session.new)
    run("/usr/bin/python3", "-c", "import memkind")
    run("dpkg", "--purge", *session.names)
    equal(sorted(paths() - session.without), [])
    equal(sorted(session.without - paths()), [])


TESTS = (start, library_alone, upgrade, old_program, consumers, tools, python, downgrade, purge)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--top", type=Path)
    parser.add_argument("--old", type=Path, nargs="+")
    parser.add_argument("--new", type=Path, nargs="+")
    arguments = parser.parse_args()
    # Nobody reads manuals in here.
    for path in glob.glob("/var/lib/man-db/auto-update"):
        os.remove(path)
    results = Results()
    with tempfile.TemporaryDirectory() as folder:
        session = Session(arguments.top, arguments.old, arguments.new, Path(folder))
        for test in TESTS:
            name = test.__name__.replace("_", "-")
            if not results.check(name, lambda test=test: test(session)):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
