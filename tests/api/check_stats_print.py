#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What memkind_stats_print() writes: with each value of its options, in text and in JSON.

Argument: the program stats_print.
"""
import json
import os
import subprocess
import sys
from typing import Any

JSON_FORMAT, GENERAL, MERGED, DESTROYED, EACH, BINS, LARGE, MUTEX, EXTENT = (
    1 << bit for bit in range(9))
FIRST_LINE = "___ Begin jemalloc statistics ___"
LAST_LINE = "--- End jemalloc statistics ---"
# Of a part of a heap: its bit, its key in JSON, its title in the text.
HEAP_PARTS = ((BINS, "bins", "bins:"), (LARGE, "lextents", "large:"),
              (MUTEX, "mutexes", "mutexes:"), (EXTENT, "extents", "extents:"))
FREE_KEYS = ("dirty_bytes", "retained_bytes")


def expect(what: bool, *told: object) -> None:
    if not what:
        raise SystemExit(f"FAIL: {' '.join(map(str, told))}")


def reports(program: str, environment: dict[bytes, bytes]) -> dict[int, str]:
    """The report of each value of the options."""
    result = subprocess.run([program], env=environment, stdout=subprocess.PIPE, check=False,
                            timeout=100)
    expect(result.returncode == 0, "the program failed with", result.returncode)
    found = {}
    for part in result.stdout.decode("ascii").split("@ ")[1:]:
        options, report = part.split("\n", 1)
        found[int(options)] = report
    expect(sorted(found) == list(range(512)), "a report is missing")
    return found


def check_heap(options: int, heap: dict[str, Any]) -> None:
    for bit, key, _ in HEAP_PARTS:
        expect((key in heap) == (not options & bit), options, key)
    small = sum(row["size"] * row["curregs"] for row in heap.get("bins", []))
    # The last row has the blocks above a MiB, which are whole pages.
    large = sum(row["size"] * row["curlextents"] if "size" in row else row["npages"] * 4096
                for row in heap.get("lextents", []))
    if not options & (BINS | LARGE):
        expect(small + large == heap["allocated"], "sizes do not add up", options, heap)
    if not options & EXTENT:
        free = sum(row[key] for row in heap["extents"] for key in FREE_KEYS)
        expect(free + heap["active"] == heap["mapped"], "pages do not add up", options)
        dirty = sum(row["dirty_bytes"] for row in heap["extents"])
        expect(dirty == heap["dirty"], "dirty pages do not add up", options)
    for row in heap.get("bins", []):
        expect(row["curregs"] + row["ncached"] <= row["nslots"], "too many objects", row)
        expect(("mutex" in row) == (not options & MUTEX), options, "mutex")


def check_json(options: int, report: str) -> None:
    content = json.loads(report)["jemalloc"]
    for key in ("version", "opt", "arenas"):
        expect((key in content) == (not options & GENERAL), options, key)
    heaps = content.get("stats.arenas", {})
    expect(("merged" in heaps) == (not options & MERGED), options, "merged")
    expect(("destroyed" in heaps) == (not options & DESTROYED), options, "destroyed")
    expect(("mutex" in report) == ((not options & MUTEX) and (
        not options & MERGED or not options & EACH)), options, "mutex")
    each = [heap for key, heap in heaps.items() if key.isdigit()]
    expect(len(each) == (0 if options & EACH else 3), options, "heaps")
    for heap in each:
        check_heap(options, heap)
    if not options & DESTROYED:
        expect(heaps["destroyed"] == {"narenas": 1}, heaps["destroyed"])
    if not options & MERGED:
        check_heap(options, heaps["merged"])
        expect(heaps["merged"]["allocated"] == content["stats"]["allocated"], "merged")
    if each:
        for key in ("allocated", "active", "mapped"):
            expect(sum(heap[key] for heap in each) == content["stats"][key], key)
        names = [heap["kind"] for heap in each]
        expect("memkind_default" in names and "memkind_regular" in names, names)
    if not options & (BINS | GENERAL) and each:
        expect([row["size"] for row in each[0]["bins"]] ==
               [row["size"] for row in content["arenas"]["bin"]], "sizes of bins")


def check_text(options: int, report: str) -> None:
    lines = report.split("\n")
    expect(lines[0] == FIRST_LINE and lines[-2:] == [LAST_LINE, ""], options, "ends")
    words = {line.strip() for line in lines}
    expect(("version:" in report) == (not options & GENERAL), options, "version")
    expect(("Merged arenas stats:" in words) == (not options & MERGED), options, "merged")
    expect(("Destroyed arenas stats:" in words) == (not options & DESTROYED), options,
           "destroyed")
    expect(("arenas[0]:" in words) == (not options & EACH), options, "heaps")
    for bit, _, title in HEAP_PARTS:
        is_wanted = not options & bit and not (options & MERGED and options & EACH)
        expect((title in words) == is_wanted, options, title)
    if options & MUTEX:
        expect("mutex" not in report, options, "mutex")


def check_all(program: str, environment: dict[bytes, bytes]) -> None:
    for options, report in reports(program, environment).items():
        if options & JSON_FORMAT:
            check_json(options, report)
        else:
            check_text(options, report)


def check_standard_error(program: str) -> None:
    for options in (0, JSON_FORMAT):
        result = subprocess.run([program, str(options)], capture_output=True, text=True,
                                check=True, timeout=100)
        expect(result.stdout == "", "standard output:", result.stdout)
        (check_json if options else check_text)(options, result.stderr)


def main() -> int:
    program = sys.argv[1]
    environment = dict(os.environb)
    check_all(program, environment)
    odd = bytes(range(1, 256)).replace(b"=", b"")
    check_all(program, {**environment, b"MEMKIND_DAX_KMEM_NODES": odd})
    check_standard_error(program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
