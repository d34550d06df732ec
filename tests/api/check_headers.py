#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every public header, alone and twice, compiles without a warning in every language.

Arguments: the include folder. The compilers are those of gcc and clang that are installed.
"""
import shutil
import subprocess
import sys
from pathlib import Path

C_STANDARDS = ["c89", "c99", "c11", "gnu17"]
CXX_STANDARDS = ["c++98", "c++11", "c++17", "c++2b"]
# The old API has parameters of type bool, which clang takes for an extension of C89.
HAS_BOOL = {("clang", "c89"): ["-Wno-c99-extensions"]}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wundef", "-Werror"]
STRICT = {"c": ["-Wstrict-prototypes"],
          "c++": ["-Wconversion", "-Wsign-conversion", "-Wold-style-cast", "-Wnon-virtual-dtor"]}
COMPILERS = {"gcc": ("c", C_STANDARDS), "clang": ("c", C_STANDARDS),
             "g++": ("c++", CXX_STANDARDS), "clang++": ("c++", CXX_STANDARDS)}

# Of headers that do not include memkind.h.
OWN_CALLS = {"hbw": "hbw_check_available()", "autohbw": "(enableAutoHBW(), 0)"}


def is_for(header: str, standard: str) -> bool:
    """A header of C++ begins with C++11, one of std::pmr with C++17."""
    if header.endswith(".hpp"):
        return standard in CXX_STANDARDS[CXX_STANDARDS.index("c++17"):]
    if header.endswith("_allocator.h") or header == "memkind_cpp.h":
        return standard in CXX_STANDARDS[CXX_STANDARDS.index("c++11"):]
    return True


def program(headers: list[str]) -> str:
    call = "memkind_check_available(MEMKIND_DEFAULT)"
    for prefix, own_call in OWN_CALLS.items():
        if all(header.startswith(prefix) for header in headers):
            call = own_call
    lines = [f"#include <{header}>" for header in headers * 2]
    return "\n".join([*lines, f"int main(void) {{ return {call}; }}", ""])


def main() -> int:
    include = Path(sys.argv[1])
    headers = sorted(path.name for path in include.glob("*.h*"))
    failures = 0
    tried = 0
    for compiler, (language, standards) in COMPILERS.items():
        if shutil.which(compiler) is None:
            print(f"{compiler} is not installed")
            continue
        for standard in standards:
            known = [header for header in headers if is_for(header, standard)]
            for chosen in [[header] for header in known] + [known]:
                done = subprocess.run(
                    [compiler, "-x", language, f"-std={standard}", *WARNINGS, *STRICT[language],
                     *HAS_BOOL.get((compiler, standard), []), "-I", str(include),
                     "-fsyntax-only", "-"],
                    input=program(chosen), capture_output=True, text=True, check=False)
                tried += 1
                if done.returncode != 0:
                    failures += 1
                    print(f"FAIL: {compiler} -std={standard} {' '.join(chosen)}\n{done.stderr}")
    if tried == 0:
        print("SKIP: no compiler")
        return 77
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
