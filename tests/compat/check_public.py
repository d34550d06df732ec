#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What public.def lists is what the headers declare and the libraries export, of 1.14 and of ours.

Arguments: include folder, libmemkind.so.0. Where libmemkind 1.14 or abidiff is not installed, what
needs it is left out, and said.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLD_LIBRARY = Path("/usr/lib/x86_64-linux-gnu/libmemkind.so.0")
OLD_HEADERS = [Path("/usr/include") / name
               for name in ("memkind.h", "memkind_deprecated.h", "hbwmalloc.h",
                            "memkind_memtier.h")]
IS_OURS = re.compile(r"(memkind|MEMKIND)_(ng|NG)_")


def public_names(*row_types: str) -> set[str]:
    text = (HERE / "public.def").read_text(encoding="ascii")
    names = set(re.findall(rf"^(?:{'|'.join(row_types)})\([^,\n]+, (\w+),", text, re.M))
    if "HANDLE" in row_types:
        names |= {f"MEMKIND_{name}" for name in re.findall(r"^HANDLE\((\w+)\)", text, re.M)}
    return names


def exports(library: Path) -> set[str]:
    listing = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True,
                             text=True, check=True).stdout
    return {line.split()[-1] for line in listing.splitlines()}


def failure_of(*command: str | Path) -> str:
    """What a command printed, if it failed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return f"{' '.join(map(str, command))}:\n{done.stdout}" if done.returncode != 0 else ""


def check_exports(library: Path) -> list[str]:
    wanted = public_names("HANDLE", "FUNCTION", "LATER", "HIDDEN")
    found = {name for name in exports(library) if not IS_OURS.match(name)}
    return [f"{name}: {'not public' if name in found else 'not exported'}"
            for name in sorted(wanted ^ found)]


def check_declared(*options: str) -> list[str]:
    faults = [failure_of(compiler, "-std=gnu17", "-fsyntax-only", "-Wno-deprecated-declarations",
                         *options, HERE / "declared.c")
              for compiler in ("gcc", "clang") if shutil.which(compiler)]
    return list(filter(None, faults))


def check_old_exports() -> list[str]:
    wanted = public_names("HANDLE", "FUNCTION", "HIDDEN")
    return [f"{name}: not exported by 1.14" for name in sorted(wanted - exports(OLD_LIBRARY))]


def check_abi(library: Path, folder: Path) -> list[str]:
    """Symbols against Debian's library, types against the headers in a folder."""
    options = ("--no-added-syms", "--suppressions", HERE / "removed.abignore")
    stub = folder / OLD_LIBRARY.name
    # gnu2x: functions may be defined with nameless parameters.
    subprocess.run(["gcc", "-std=gnu2x", "-g", "-shared", "-fPIC", "-I", folder,
                    "-Wno-deprecated-declarations", HERE / "stub.c", "-o", stub,
                    f"-Wl,-soname,{OLD_LIBRARY.name}"], check=True)
    faults = [failure_of("abidiff", *options, old, library) for old in (OLD_LIBRARY, stub)]
    return list(filter(None, faults))


def check_against_old(library: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Compilers look into /usr/include last, whatever they are told.
        for header in OLD_HEADERS:
            (folder / header.name).symlink_to(header)
        faults = check_declared("-DOLD_HEADERS", "-I", name) + check_old_exports()
        if shutil.which("abidiff") is None:
            print("abidiff is not installed: not compared by it")
            return faults
        return faults + check_abi(library, folder)


def main() -> int:
    include, library = sys.argv[1], Path(sys.argv[2])
    faults = check_exports(library) + check_declared("-I", include)
    if all(path.exists() for path in (OLD_LIBRARY, *OLD_HEADERS)):
        faults += check_against_old(library)
    else:
        print("libmemkind 1.14 is not installed: compared with public.def only")
    for fault in faults:
        print("FAIL:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
