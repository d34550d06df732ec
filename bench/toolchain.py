# SPDX-License-Identifier: BSD-2-Clause
"""Builds what bench/ runs: a release build of the library, and the programs of this directory."""
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
BUILD = ROOT / "build" / "bench"
ALLOCATOR_SOURCES = ["allocator.c", "peers.c"]
COUNT_SOURCES = ["count.c", *ALLOCATOR_SOURCES]
WORK_SOURCES = ["work.c", "micro.c", "threads.c", "cold.c", "start.c", "trace.c", "scale.c",
                *ALLOCATOR_SOURCES]
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra", "-pthread"]


def run_quietly(command: list[str]) -> None:
    """Run a command of the build; its output is shown where it fails only."""
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{result.stdout}")


def library() -> Path:
    """Build the library as it is released, and return its path."""
    directory = BUILD / "release"
    if not (directory / "build.ninja").exists():
        run_quietly(["meson", "setup", "--buildtype=release", "-Dtests=false", "-Dtools=false",
                     str(directory)])
    target = "src/api/libmemkind.so.0.0.1"
    run_quietly(["ninja", "-C", str(directory), target, preload(Path())])
    return directory / target


def preload(build: Path) -> str:
    """The library that makes a whole program use that of the build folder BUILD."""
    return str(build / "src/preload/libmemkind-preload.so.0.0.1")


def program(name: str, sources: list[str]) -> Path:
    """Compile SOURCES of this directory, and return the program's path."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / name
    run_quietly([os.environ.get("CC", "cc"), *FLAGS, *(str(BENCH / source) for source in sources),
                 "-o", str(path), "-ldl"])
    return path


def library_folders() -> list[str]:
    """Where the loader finds the libraries of packages."""
    triplet = subprocess.run([os.environ.get("CC", "cc"), "-print-multiarch"],
                             stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    return [f"/usr/lib/{triplet}", "/usr/lib", "/usr/local/lib"]
