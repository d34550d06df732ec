#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs misuse.c under its checker: each misuse is reported as what it is, and a proper use is not.

Arguments: asan or valgrind, the program.
"""
import os
import shutil
import subprocess
import sys

SKIPPED = 77
REPORTED = 42
POISONED = "AddressSanitizer: use-after-poison"

# The misuse, and what the report says.
ASAN = {
    "freed_small": POISONED,
    "freed_medium": POISONED,
    "freed_large": POISONED,
    "behind_small": POISONED,
    "behind_whole_small": POISONED,
    "behind_large": POISONED,
    "before_small": POISONED,
    "behind_shrunk": POISONED,
    "before_moved": POISONED,
}
VALGRIND = {
    "freed_small": "inside a block of size 64 free'd",
    "freed_medium": "inside a block of size 100,000 free'd",
    "freed_large": "inside a block of size 5,000,000 free'd",
    "behind_small": "0 bytes after a block of size 50 alloc'd",
    "behind_whole_small": "Invalid write of size 1",
    "behind_large": "0 bytes after a block of size 5,000,001 alloc'd",
    "before_small": "Invalid write of size 1",
    "behind_shrunk": "0 bytes after a block of size 4,000,000 alloc'd",
    # Whoever moves it asked for its usable size.
    "before_moved": "inside a block of size 112 free'd",
    "leaked_small": "200 bytes in 1 blocks are definitely lost",
    "uninitialized": "Conditional jump or move depends on uninitialised value",
}
MEMCHECK = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect",
            f"--error-exitcode={REPORTED}"]


def run(command: list[str]) -> tuple[int, str]:
    """The exit status, and all that was printed."""
    environment = {**os.environ, "ASAN_OPTIONS": f"exitcode={REPORTED}:detect_leaks=1"}
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=200, check=False)
    return result.returncode, result.stdout


def main() -> int:
    """Run all rows of the checker's table."""
    checker, program = sys.argv[1:]
    prefix, rows = (MEMCHECK, VALGRIND) if checker == "valgrind" else ([], ASAN)
    if prefix and shutil.which(prefix[0]) is None:
        print(f"{prefix[0]} is not installed")
        return SKIPPED
    failed = 0
    for name, phrase in {"none": "", **rows}.items():
        status, text = run([*prefix, program, name])
        is_right = (status == REPORTED and phrase in text) if phrase else (status, text) == (0, "")
        print(f"{'ok' if is_right else 'FAILED'}: {name}")
        if not is_right:
            failed += 1
            print(f"status {status}, expected {phrase or 'nothing'!r}:\n{text}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
