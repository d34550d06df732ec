# SPDX-License-Identifier: BSD-2-Clause
"""The preload libraries, and the proof that one is in every process of a run."""

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Iterable, Iterator

_LIBRARY = "libmemkind.so.0"
# What is left in the folder of traces: the loader's NAME.PID, and one file of ours.
_LOADER = "loader"
_STATISTICS = "statistics"
_FAR = {"MEMKIND_DAX_KMEM_NODES": "0"}


@dataclasses.dataclass(frozen=True, eq=False)
class Preload:
    """A way to run a program."""

    name: str
    library: str
    kinds: frozenset[str] = frozenset()  # those that memory is of; none: not one of ours
    settings: dict[str, str] = dataclasses.field(default_factory=dict)


# What the others are compared with: glibc's malloc, also in programs that bring another one.
PLAIN = Preload("glibc", "libc.so.6")
# The one node of any machine stands for the far and for the fast node.
PRELOADS = (
    Preload("default", "libmemkind-preload.so.0", frozenset({"default"})),
    Preload("far", "libmemkind-preload.so.0", frozenset({"dax_kmem_preferred"}),
            {**_FAR, "MEMKIND_PRELOAD_KIND": "dax_kmem_preferred"}),
    Preload("memtier", "libmemtier.so.0", frozenset({"default", "dax_kmem"}),
            {**_FAR, "MEMKIND_MEM_TIERS": "KIND:DRAM,RATIO:1;KIND:KMEM_DAX,RATIO:4;"
                                          "POLICY:STATIC_RATIO"}),
    Preload("autohbw", "libautohbw.so.0", frozenset({"default", "hbw_preferred"}),
            {"MEMKIND_HBW_NODES": "0", "AUTO_HBW_SIZE": "4K"}),
)


def gather(sources: Iterable[Path], target: Path) -> None:
    """Copies the libraries to where any user can read them."""
    target.mkdir()
    for name in {_LIBRARY, *(preload.library for preload in PRELOADS)}:
        for source in sources:
            if (source / name).exists():
                shutil.copy(source / name, target / name)


def _path(preload: Preload, libraries: Path) -> str:
    """As the loader is told it: others are where it looks by itself."""
    return str(libraries / preload.library) if preload.kinds else preload.library


def environment(preload: Preload, libraries: Path, traces: Path) -> dict[str, str]:
    """What makes a program run under PRELOAD, and leave traces of it in the folder TRACES."""
    return {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(traces / _LOADER),
            "MEMKIND_PRELOAD_STATS": str(traces / _STATISTICS),
            "LD_PRELOAD": _path(preload, libraries), "LD_LIBRARY_PATH": str(libraries),
            **preload.settings}


_INITIALIZED = re.compile(r"calling init: (\S+)$|initialize program: (.*)$", re.MULTILINE)


def parse_trace(text: str) -> Iterator[tuple[str, set[str]]]:
    """Program and libraries of each exec in what the loader wrote of one process."""
    libraries: set[str] = set()
    for match in _INITIALIZED.finditer(text):
        if match[1]:
            libraries.add(match[1])
        else:
            yield match[2], libraries
            libraries = set()


def _wrong_libraries(preload: Preload, libraries: Path, traces: Path) -> str:
    names = {preload.library, _LIBRARY} if preload.kinds else set()
    wanted = {str(libraries / name) for name in names}
    count = 0
    for path in traces.glob(f"{_LOADER}.*"):
        for program, loaded in parse_trace(path.read_text(errors="replace")):
            count += 1
            ours = {name for name in loaded if name.startswith(f"{libraries}/")}
            if ours != wanted:
                return f"{program} ran with {sorted(ours)} instead of {sorted(wanted)}"
    return "" if count else "the loader traced no program"


def _wrong_kinds(preload: Preload, traces: Path) -> str:
    """Lines are PID, name, kind, node and bytes, of each process at its end."""
    path = traces / _STATISTICS
    lines = path.read_text().splitlines() if path.exists() else []
    kinds = {line.split()[2] for line in lines if int(line.split()[4]) > 0}
    if kinds >= preload.kinds:
        return ""
    return f"memory was of {sorted(kinds)}, not of {sorted(preload.kinds)}"


def wrong_with(preload: Preload, libraries: Path, traces: Path) -> str:
    """Each program had the libraries that it should, and memory was of the kinds it should: ""."""
    return _wrong_libraries(preload, libraries, traces) or _wrong_kinds(preload, traces)
