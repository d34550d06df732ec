#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the library shows to others: exactly its map, with the old name and without versions.

Arguments: the shared library, the static one, libmemkind.map.
"""
import re
import subprocess
import sys
from pathlib import Path

ALLOWED_IN_ARCHIVE = re.compile(r"(mk_|memkind_|MEMKIND_|memtier_|hbw_)")
# What compilers add to instrumented builds, and the notes of probes refer to.
INSTRUMENTED = re.compile(r"_\.stapsdt\.base|__odr_asan|\.?__(asan|ubsan|tsan|sancov)|DW\.ref|__llvm|__gcov")


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def names_of_map(text: str) -> list[str]:
    match = re.fullmatch(r"\{\n\tglobal:\n((?:\t\t\w+;\n)+)\tlocal:\n\t\t\*;\n\};\n", text)
    if match is None:
        raise SystemExit("FAIL: the map is not an anonymous node with one name a line")
    return [line.strip().rstrip(";") for line in match[1].splitlines()]


def exports(shared: str) -> dict[str, tuple[str, int]]:
    """Name -> type letter and size of every defined dynamic symbol."""
    found = {}
    for line in output("nm", "-D", "-S", "--defined-only", shared).splitlines():
        fields = line.split()
        name, letter = fields[-1], fields[-2]
        found[name] = (letter, int(fields[1], 16) if len(fields) == 4 else 0)
    return found


def check_names(shared: str, names: list[str]) -> list[str]:
    faults = []
    found = exports(shared)
    if names != sorted(names):
        faults.append("the map is not sorted")
    for name in sorted(set(names) ^ set(found)):
        where = "exported, but not in the map" if name in found else "in the map, not exported"
        faults.append(f"{name}: {where}")
    for name, (letter, size) in found.items():
        wanted = "D" if name.isupper() else "T"
        if letter != wanted:
            faults.append(f"{name}: symbol type {letter}, not {wanted}")
        if name.isupper() and size != 8:
            faults.append(f"{name}: {size} bytes, not 8")
    return faults


def check_dynamic(shared: str) -> list[str]:
    faults = []
    dynamic = output("readelf", "-dW", shared)
    if "Library soname: [libmemkind.so.0]" not in dynamic:
        faults.append("SONAME is not libmemkind.so.0")
    for flag in ("NODELETE", "BIND_NOW"):
        if flag not in dynamic and not (flag == "BIND_NOW" and " NOW" in dynamic):
            faults.append(f"not linked with {flag}")
    if "TEXTREL" in dynamic:
        faults.append("has relocations in its text")
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    for name in sorted(needed):
        if not re.match(r"lib(c|asan|ubsan|tsan|gcc_s|m)\.so|ld-linux", name):
            faults.append(f"needs {name}")
    if "Version definition" in output("readelf", "-VW", shared):
        faults.append("defines symbol versions")
    return faults


def check_archive(archive: str) -> list[str]:
    faults = []
    for line in output("nm", "-g", "--defined-only", archive).splitlines():
        fields = line.split()
        if len(fields) == 3 and not ALLOWED_IN_ARCHIVE.match(fields[2]):
            if not INSTRUMENTED.match(fields[2]):
                faults.append(f"{fields[2]}: in the archive without prefix")
    return faults


def check_links(shared: str) -> list[str]:
    folder = Path(shared).parent
    return [f"{name} is not there" for name in ("libmemkind.so", "libmemkind.so.0")
            if not (folder / name).exists()]


def main() -> int:
    shared, archive, map_file = sys.argv[1:]
    names = names_of_map(Path(map_file).read_text(encoding="ascii"))
    faults = check_names(shared, names) + check_dynamic(shared)
    faults += check_archive(archive) + check_links(shared)
    for fault in faults:
        print("FAIL:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
