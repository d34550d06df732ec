#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the workloads with our kinds and with the peers, side by side, and compares.

Rounds are interleaved: each runs every allocator once. Values are medians, and shown as ratios to
ours (above 1: the peer needs more). Writes build/bench/results.json and build/bench/index.html.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

import page
import toolchain

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
MEASURES = ("wall", "cpu", "rss")


@dataclass
class Allocator:
    """One column of the table: what is preloaded, or the library and its kind."""
    name: str
    package: str = ""
    preload: str = ""
    kind: list[str] = field(default_factory=list)

    def is_here(self) -> bool:
        """Whether the files it needs exist."""
        return all(os.path.exists(path) for path in (self.preload, *self.kind[:1]) if path)

    def version(self) -> str:
        """The version of its Debian package."""
        if not self.package:
            return "this tree"
        result = subprocess.run(["dpkg-query", "-Wf", "${Version}", self.package],
                                stdout=subprocess.PIPE, text=True, check=False)
        return f"{self.package} {result.stdout}"


def allocators(ours: str) -> list[Allocator]:
    """Ours first; the first one is what the others are compared with."""
    old = f"{LIBRARIES}/libmemkind.so.0"
    kinds = (("default", ["MEMKIND_DEFAULT"]), ("regular", ["MEMKIND_REGULAR"]))
    found = [Allocator(name, kind=[ours, *kind]) for name, kind in kinds]
    found += [Allocator("dax-kmem", kind=[ours, "MEMKIND_DAX_KMEM"]),
              Allocator("no-kind", kind=[ours, "MEMKIND_DEFAULT", "nokind"])]
    found += [Allocator(f"1.14-{name}", "libmemkind0", kind=[old, *kind]) for name, kind in kinds]
    found += [
        Allocator("jemalloc", "libjemalloc2", f"{LIBRARIES}/libjemalloc.so.2"),
        Allocator("mimalloc", "libmimalloc2.0", f"{LIBRARIES}/libmimalloc.so.2"),
        Allocator("tcmalloc", "libtcmalloc-minimal4", f"{LIBRARIES}/libtcmalloc_minimal.so.4"),
        Allocator("tbb", "libtbbmalloc2", f"{LIBRARIES}/libtbbmalloc_proxy.so.2"),
        Allocator("glibc", "libc6"),
    ]
    return found


def run_once(work: str, allocator: Allocator, workload: str, threads: int) -> tuple[float, ...]:
    """Wall seconds, CPU seconds and peak RSS in KiB of one run."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("MEMKIND_", "LD_PRELOAD", "MALLOC_"))}
    environment["MEMKIND_DAX_KMEM_NODES"] = "0"
    if allocator.preload:
        environment["LD_PRELOAD"] = allocator.preload
    result = subprocess.run([work, workload, str(threads), *allocator.kind], env=environment,
                            stdout=subprocess.PIPE, text=True, timeout=300, check=False)
    if result.returncode != 0:
        raise SystemExit(f"run: {workload} with {allocator.name}: exit {result.returncode}")
    return tuple(map(float, result.stdout.split()))


def measure(work: str, chosen: list[Allocator], workload: str, threads: int,
            rounds: int) -> dict[str, dict[str, float]]:
    """The medians of all allocators, by name and measure."""
    samples: dict[str, list[tuple[float, ...]]] = {item.name: [] for item in chosen}
    for number in range(rounds):
        # Another one begins each round, so that what disturbs does not meet the same one.
        for item in chosen[number % len(chosen):] + chosen[:number % len(chosen)]:
            samples[item.name].append(run_once(work, item, workload, threads))
    return {name: {measure: statistics.median(column)
                   for measure, column in zip(MEASURES, zip(*values))}
            for name, values in samples.items()}


def ratios(row: dict[str, dict[str, float]], base: str, measure_name: str) -> dict[str, float]:
    """Each allocator's value over that of BASE."""
    unit = max(row[base][measure_name], 1e-6)
    return {name: max(values[measure_name], 1e-6) / unit for name, values in row.items()}


def geometric_mean(values: list[float]) -> float:
    """The mean of ratios."""
    return math.exp(sum(map(math.log, values)) / len(values))


def print_table(title: str, rows: dict[str, dict[str, float]], names: list[str]) -> dict:
    """Print the ratios of ROWS and their geometric means, and return the means."""
    means = {name: geometric_mean([row[name] for row in rows.values()]) for name in names}
    print(f"\n{title}")
    print(" " * 18 + "".join(f"{name:>13}" for name in names))
    for label, row in {**rows, "geometric mean": means}.items():
        print(f"{label:<18}" + "".join(f"{row[name]:>13.2f}" for name in names))
    return means


def report(results: dict, base: str, names: list[str]) -> list[dict]:
    """Print all tables; return them for the page."""
    tables = []
    for group in ("micro", "threads"):
        labels = [label for label in results if results[label]["group"] == group]
        for measure_name in MEASURES if labels else ():
            rows = {label: ratios(results[label]["values"], base, measure_name)
                    for label in labels}
            title = f"{group}: {measure_name}, ratio to {base}"
            means = print_table(title, rows, names)
            tables.append({"title": title, "names": names, "rows": rows, "means": means})
    return tables


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2,4", help="thread counts, with commas between")
    parser.add_argument("--only", default="", help="workloads, with commas between")
    parser.add_argument("--allocators", default="", help="allocators, with commas between")
    parser.add_argument("--library", help="libmemkind.so to measure; default: a release build")
    return parser.parse_args()


def main() -> int:
    """Measure and report."""
    arguments = parse_arguments()
    ours = arguments.library or str(toolchain.library())
    work = str(toolchain.program("work", ["work.c", "micro.c", "threads.c"]))
    wanted = [name for name in arguments.allocators.split(",") if name]
    chosen = []
    for item in allocators(ours):
        if not item.is_here():
            print(f"SKIP {item.name}: package {item.package} is not installed")
        elif not wanted or item.name in wanted:
            chosen.append(item)
    listed = subprocess.run([work], stdout=subprocess.PIPE, text=True, check=True).stdout
    results = {}
    for group, workload in map(str.split, listed.splitlines()):
        if arguments.only and workload not in arguments.only.split(","):
            continue
        for threads in map(int, arguments.threads.split(",")) if group == "threads" else (1,):
            label = f"{workload} x{threads}" if group == "threads" else workload
            print(f"running {label}", file=sys.stderr, flush=True)
            values = measure(work, chosen, workload, threads, arguments.rounds)
            results[label] = {"group": group, "values": values}
    versions = {item.name: item.version() for item in chosen}
    names = [item.name for item in chosen]
    tables = report(results, names[0], names)
    (toolchain.BUILD / "results.json").write_text(json.dumps(
        {"versions": versions, "rounds": arguments.rounds, "results": results}, indent=1),
        encoding="utf-8")
    (toolchain.BUILD / "index.html").write_text(page.render(tables, versions), encoding="utf-8")
    print(f"\n{toolchain.BUILD / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
