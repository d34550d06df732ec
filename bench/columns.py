# SPDX-License-Identifier: BSD-2-Clause
"""The columns: allocators and how a program is run with each. One row of COLUMNS is one of them."""
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import toolchain

LACKING = 77
OLD = "libmemkind.so.0"
TMPFS = "/dev/shm"


@dataclass(frozen=True)
class Column:
    """An allocator: words for bench/allocator.c, and what is preloaded. OURS is our library."""
    name: str
    interface: str
    package: str = ""
    preload: str = ""
    is_core: bool = False

    def version(self) -> str:
        """The version of its Debian package."""
        if not self.package:
            return "this tree"
        result = subprocess.run(["dpkg-query", "-Wf", "${Version}", self.package],
                                stdout=subprocess.PIPE, text=True, check=False)
        return f"{self.package} {result.stdout}"


# Ours first: what others are compared with is the first that has the value. The core columns are
# those that the quick form runs with all workloads.
COLUMNS = (
    Column("default", "kind OURS MEMKIND_DEFAULT", is_core=True),
    Column("regular", "kind OURS MEMKIND_REGULAR", is_core=True),
    Column("dax-kmem", "kind OURS MEMKIND_DAX_KMEM"),
    Column("pmem", f"pmem OURS {TMPFS}", is_core=True),
    Column("fixed", "fixed OURS"),
    Column("1.14-def", f"kind {OLD} MEMKIND_DEFAULT", "libmemkind0"),
    Column("1.14-reg", f"kind {OLD} MEMKIND_REGULAR", "libmemkind0", is_core=True),
    Column("1.14-pmem", f"pmem {OLD} {TMPFS}", "libmemkind0"),
    Column("1.14-fix", f"fixed {OLD}", "libmemkind0"),
    Column("jemalloc", "process", "libjemalloc2", "libjemalloc.so.2", is_core=True),
    Column("je-arena", "jemalloc", "libjemalloc2", "libjemalloc.so.2", is_core=True),
    Column("mimalloc", "process", "libmimalloc2.0", "libmimalloc.so.2", is_core=True),
    Column("mi-heap", "mimalloc", "libmimalloc2.0", "libmimalloc.so.2", is_core=True),
    Column("tcmalloc", "process", "libtcmalloc-minimal4", "libtcmalloc_minimal.so.4",
           is_core=True),
    Column("tbb", "process", "libtbbmalloc2", "libtbbmalloc_proxy.so.2", is_core=True),
    Column("tbb-pool", "tbb libtbbmalloc.so.2", "libtbbmalloc2"),
    Column("glibc", "process", "libc6", is_core=True),
)


class Runner:
    """Runs the programs of this directory with the columns that are there."""

    def __init__(self, library: str, names: list[str]) -> None:
        self.library = library
        self.work = str(toolchain.program("work", toolchain.WORK_SOURCES))
        self.count = str(toolchain.program("count", toolchain.COUNT_SOURCES))
        self.columns = [column for column in COLUMNS
                        if (not names or column.name in names) and self._is_here(column)]

    def _is_here(self, column: Column) -> bool:
        if column.preload and not any(Path(folder, column.preload).exists()
                                      for folder in toolchain.library_folders()):
            print(f"SKIP {column.name}: package {column.package} is not installed")
            return False
        result = self._start([self.work, "ready", "1"], column)
        if result.returncode == 0:
            return True
        print(f"SKIP {column.name}: {result.stderr.strip()}")
        return False

    def _start(self, command: list[str], column: Column,
               variables: dict[str, str] | None = None) -> subprocess.CompletedProcess:
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("MEMKIND_", "LD_PRELOAD", "MALLOC_"))}
        environment["MEMKIND_DAX_KMEM_NODES"] = "0"
        environment.update(variables or {})
        if column.preload:
            environment["LD_PRELOAD"] = column.preload
        words = column.interface.replace("OURS", self.library).split()
        return subprocess.run([*command, *words], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=900, check=False)

    def values(self, command: list[str], column: Column,
               variables: dict[str, str] | None = None) -> dict[str, float]:
        """What COMMAND measures with COLUMN, by name; nothing where the column lacks it."""
        result = self._start(command, column, variables)
        if result.returncode == LACKING:
            return {}
        if result.returncode != 0:
            raise SystemExit(f"{' '.join(command)} with {column.name}: exit {result.returncode}\n"
                             f"{result.stderr}")
        return {name: float(value) for name, value in map(str.split, result.stdout.splitlines())}

    def workloads(self) -> list[tuple[str, str]]:
        """All workloads of the program, with their groups."""
        listed = subprocess.run([self.work], stdout=subprocess.PIPE, text=True, check=True).stdout
        return [(group, name) for group, name in map(str.split, listed.splitlines())]
