#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the libraries for LD_PRELOAD show to others: the malloc family, and what is documented.

Arguments: the libraries.
"""

import itertools
import re
import subprocess
import sys
from pathlib import Path

FAMILY = set("""
    malloc calloc realloc reallocarray free cfree free_sized free_aligned_sized posix_memalign
    aligned_alloc memalign valloc pvalloc malloc_usable_size malloc_trim mallinfo mallinfo2
    __libc_malloc __libc_calloc __libc_realloc __libc_free __libc_memalign __libc_valloc
    __libc_pvalloc __posix_memalign""".split())
# operator new and delete: plain and for arrays, with an alignment, a size, std::nothrow.
NEW = {f"_Zn{array}m{alignment}{nothrow}" for array, alignment, nothrow in itertools.product(
    "wa", ("", "St11align_val_t"), ("", "RKSt9nothrow_t"))}
DELETE = {f"_Zd{array}Pv{size}{alignment}{nothrow}"
          for array, size, alignment, nothrow in itertools.product(
              "la", ("", "m"), ("", "St11align_val_t"), ("", "RKSt9nothrow_t"))
          if not (size and nothrow)}
# The report at the end of a process.
EXIT = {"_exit", "_Exit"}
OWN = {
    "libautohbw.so.0": {"enableAutoHBW", "disableAutoHBW"},
    "libmemkind-preload.so.0": set(),
    "libmemtier.so.0": {f"je_{name}" for name in (
        "malloc", "calloc", "realloc", "posix_memalign", "free", "malloc_usable_size")},
}


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def faults_of(library: str) -> list[str]:
    faults = []
    soname = re.match(r"lib.*\.so\.0", Path(library).name)[0]
    symbols = output("nm", "-D", "--defined-only", library)
    found = {line.split()[-1] for line in symbols.splitlines()}
    wanted = FAMILY | NEW | DELETE | EXIT | OWN[soname]
    faults += [f"{name} is not exported" for name in sorted(wanted - found)]
    faults += [f"{name} is exported" for name in sorted(found - wanted)]
    dynamic = output("readelf", "-dW", library)
    if f"Library soname: [{soname}]" not in dynamic:
        faults.append("another soname")
    faults += [f"not linked with {flag}" for flag in ("NODELETE", "NOW") if flag not in dynamic]
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    faults += [f"needs {name}" for name in needed
               if not re.match(r"libmemkind\.so\.0$|libc\.so|ld-linux", name)]
    if "libmemkind.so.0" not in needed:
        faults.append("does not need libmemkind.so.0")
    if "Version definition" in output("readelf", "-VW", library):
        faults.append("defines symbol versions")
    return faults


def main() -> int:
    faults = [f"{library}: {fault}" for library in sys.argv[1:] for fault in faults_of(library)]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
