#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts operations of the library (count.c) and fails where one is above its row of budget.txt.

Prints NAME MEASURED LIMIT for all rows. `--library PATH` takes a library that is built already.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

import columns
import toolchain

# A kind's name in budget.txt, the set of counters, and how bench/allocator.c is told of the kind.
KINDS = (
    ("default", "budget", "kind", "MEMKIND_DEFAULT"),
    ("regular", "budget", "kind", "MEMKIND_REGULAR"),
    ("dax_kmem", "budget", "kind", "MEMKIND_DAX_KMEM"),
    ("pmem", "budget", "pmem", columns.TMPFS),
    # An area of the program's own holds old bytes: calloc clears it.
    ("fixed", "reused", "fixed"),
    ("tier_ratio", "tiers", "tiers", "ratio"),
    ("tier_threshold", "tiers", "tiers", "threshold"),
    ("null", "hits", "kind-freed-as-null", "MEMKIND_REGULAR"),
    # malloc() and free() of a program that nobody changes.
    ("preload", "hits", "process"),
)


def read_budgets() -> dict[str, float]:
    """The limits by name; text after # is a comment."""
    budgets = {}
    for line in (toolchain.BENCH / "budget.txt").read_text(encoding="utf-8").splitlines():
        words = line.split("#")[0].split()
        if words:
            name, limit = words
            budgets[name] = float(limit)
    return budgets


def measure(path: str) -> dict[str, float]:
    """What count.c counts, by the names of budget.txt."""
    count = toolchain.program("count", toolchain.COUNT_SOURCES)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("MEMKIND_", "LD_PRELOAD"))}
    environment["MEMKIND_DAX_KMEM_NODES"] = "0"
    # Single steps take so long that what is given back once a second would fall on few of them.
    environment["MEMKIND_HOG_MEMORY"] = "1"
    measured = {}
    for kind, counted, interface, *words in KINDS:
        library = [] if interface == "process" else [path]
        preload = [] if library else [toolchain.preload(Path(path).resolve().parents[2])]
        command = [str(count), counted, interface, *library, *words]
        result = subprocess.run(command, env={**environment, "LD_PRELOAD": ":".join(preload)},
                                stdout=subprocess.PIPE, text=True, timeout=900, check=False)
        if result.returncode != 0:
            raise SystemExit(f"budgets: {' '.join(command)} failed with {result.returncode}")
        for name, value in map(str.split, result.stdout.splitlines()):
            what, size = name.split(".")
            measured[f"{what}.{kind}.{size}"] = float(value)
    return measured


def main() -> int:
    """Compare; 1 where a budget is exceeded, or names and measurements differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", help="libmemkind.so to measure; default: a release build")
    arguments = parser.parse_args()
    budgets = read_budgets()
    measured = measure(arguments.library or str(toolchain.library()))
    wrong = 0
    for name, limit in budgets.items():
        value = measured.get(name)
        is_wrong = value is None or value > limit
        wrong += is_wrong
        shown = "missing" if value is None else f"{value:.1f}"
        print(f"{name:<32} {shown:>10} {limit:>10.1f}{'  ABOVE ITS BUDGET' if is_wrong else ''}")
    for name in sorted(measured.keys() - budgets.keys()):
        wrong += 1
        print(f"{name:<32} {measured[name]:>10.1f} has no row in bench/budget.txt")
    print(f"{len(budgets)} budgets, {wrong} not held")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
