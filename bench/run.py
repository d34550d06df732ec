#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the workloads with our kinds and with the peers, side by side, and compares.

Rounds are interleaved: each runs every allocator once. Values are medians, and times are shown as
ratios to ours (above 1: the peer needs more). Writes build/bench/results.json and
build/bench/index.html.
"""
import argparse
import json
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor

import goals
import page
import tables
import toolchain
from columns import Column, Runner

SETS = ("micro", "threads", "count", "cold", "fresh", "start", "trace", "scale")
FRESH_KIB = (16, 1024, 65536)
COUNTED = {"gib_system_calls.16384": "system calls/GiB", "gib_mappings.16384": "mappings/GiB"}
SIZES = {"kind-rss": "unused kind, KiB", "thread-rss": "new thread, KiB"}
SCALES = {
    # 512 kinds can there be, with the 7 static ones.
    "pools": ("kinds, arenas, heaps or pools", (1, 8, 64, 256, 505), ()),
    "many-threads": ("threads", (1, 8, 64, 512), ()),
    "blocks": ("live blocks", (10**3, 10**4, 10**5, 10**6, 10**7), (10**8,)),
}
Row = dict[str, dict[str, float]]


class Bench:
    """One run of everything: what was measured, and the tables made of it."""

    def __init__(self, arguments: argparse.Namespace, runner: Runner) -> None:
        self.arguments = arguments
        self.runner = runner
        self.names = [column.name for column in runner.columns]
        self.raw: dict[str, Row] = {}
        self.sections: list[tables.Table | tables.Curve] = []
        self.by_key: dict[str, tables.Table] = {}

    def say(self, section: tables.Table | tables.Curve, key: str = "") -> None:
        """Print a section and keep it."""
        self.sections.append(section)
        print(section.text(), flush=True)
        if key:
            self.by_key[key] = section

    def measure(self, workload: str, number: int, columns: list[Column],
                variables: dict[str, str] | None = None) -> Row:
        """The medians of all columns, by measure and column."""
        label = f"{workload} {number}"
        print(f"running {label}", file=sys.stderr, flush=True)
        command = [self.runner.work, workload, str(number)]
        samples: dict[str, dict[str, list[float]]] = {}
        for turn in range(self.arguments.rounds):
            # Another one begins each round, so that what disturbs does not meet the same one.
            first = turn % len(columns) if columns else 0
            for column in columns[first:] + columns[:first]:
                for name, value in self.runner.values(command, column, variables).items():
                    samples.setdefault(name, {}).setdefault(column.name, []).append(value)
        row = {name: {column: statistics.median(values) for column, values in by_column.items()}
               for name, by_column in samples.items()}
        self.raw[label] = row
        return row

    def workloads(self, group: str) -> list[str]:
        """Those of a group that were asked for."""
        only = [name for name in self.arguments.only.split(",") if name]
        return [name for its_group, name in self.runner.workloads()
                if its_group == group and (not only or name in only)]

    def run_timed(self, group: str, numbers: list[int], columns: list[Column]) -> None:
        """The workloads that are measured as a whole: three tables of ratios."""
        rows = {workload + (f" x{number}" if group == "threads" else ""):
                self.measure(workload, number, columns)
                for workload in self.workloads(group) for number in numbers}
        names = [column.name for column in columns]
        for measure, title in (("wall", "wall time"), ("cpu", "CPU time"), ("rss", "peak RSS")):
            picked = {label: row.get(measure, {}) for label, row in rows.items()}
            self.say(tables.of_ratios(f"{group}: {title}, ratios", picked, names),
                     f"{group}-{measure}")

    def run_micro(self) -> None:
        self.run_timed("micro", [1], self.runner.columns)

    def core(self) -> list[Column]:
        """The columns of what takes long."""
        return [column for column in self.runner.columns
                if column.is_core or self.arguments.full or self.arguments.columns]

    def run_threads(self) -> None:
        self.run_timed("threads", list(map(int, self.arguments.threads.split(","))), self.core())

    def run_count(self) -> None:
        """Nothing is timed here, so two run at once."""
        print("counting instructions", file=sys.stderr, flush=True)
        command = [self.runner.count, "compare"]
        with ThreadPoolExecutor(2) as pool:
            found = dict(zip(self.names, pool.map(
                lambda column: self.runner.values(command, column), self.runner.columns)))
        self.raw["count"] = found
        labels = list(dict.fromkeys(name for values in found.values() for name in values))
        rows = {label: {name: values[label] for name, values in found.items() if label in values}
                for label in labels}
        steps = {label: row for label, row in rows.items()
                 if label not in COUNTED and not label.startswith("touched")}
        self.say(tables.of_values("instructions per operation, by bytes of the block", steps,
                                  self.names))
        touched = {label: row for label, row in rows.items() if label.startswith("touched")}
        self.say(tables.of_values("pages of payload that are touched as 1,000 blocks are freed and "
                                  "allocated", touched, self.names))
        self.say(tables.of_values("growth by 1 GiB in blocks of 16 KiB",
                                  {shown: rows[label] for label, shown in COUNTED.items()
                                   if label in rows}, self.names))

    def run_cold(self) -> None:
        row = self.measure("cold", 1, self.runner.columns)
        self.say(tables.of_ratios("cold payload: CPU time of an operation, ratios", row,
                                  self.names), "cold")

    def run_fresh(self) -> None:
        """Pages that come with the commit, since full nodes are NULL, beside pages on touch."""
        columns = [column for column in self.runner.columns if column.name == goals.FRESH]
        rows: Row = {}
        for number in FRESH_KIB:
            row = self.measure("fresh", number, columns, {"MEMKIND_EXHAUSTION": "null"})
            rows[f"blocks of {number} KiB"] = {name: value / row["touch"][name]
                                               for name, value in row.get("fresh", {}).items()}
        self.say(tables.of_values("a fresh GiB where full nodes are NULL: CPU time over that of "
                                  "touching a GiB", rows, self.names, decimals=2), "fresh")

    def run_start(self) -> None:
        rows: Row = {}
        for workload in self.workloads("start"):
            if workload != "ready":
                rows.update(self.measure(workload, 1, self.runner.columns))
        times = {label: row for label, row in rows.items() if label not in SIZES}
        table = tables.of_ratios("start: time to the first block, ratios", times, self.names)
        table.means = {}  # they are different things
        self.say(table)
        self.say(tables.of_values("start: memory", {shown: rows[label] for label, shown in
                                                    SIZES.items() if label in rows}, self.names))

    def run_trace(self) -> None:
        """Memory only is measured, and most of the time is waiting: all run at once."""
        print("running server", file=sys.stderr, flush=True)
        command = [self.runner.work, "server", "4" if self.arguments.full else "1"]
        with ThreadPoolExecutor(len(self.names)) as pool:
            found = dict(zip(self.names, pool.map(
                lambda column: self.runner.values(command, column), self.runner.columns)))
        self.raw["server"] = found
        rows = {label: {name: values[label] for name, values in found.items() if label in values}
                for label in ("peak", "settled", "decayed", "with-thread", "purged")}
        self.say(tables.of_values("fragmentation: resident over live bytes at the peak, and after "
                                  "the load", rows, self.names, decimals=1))

    def run_scale(self) -> None:
        for workload, (what, quick, long) in SCALES.items():
            columns = self.runner.columns if workload == "pools" else self.core()
            numbers = (*quick, *long) if self.arguments.full else quick
            points = {number: self.measure(workload, number, columns).get("cost", {})
                      for number in numbers}
            self.say(tables.of_curve(f"scaling: cost of an operation by number of {what}, in "
                                     "multiples of the first value", points, self.names))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true",
                        help="more rounds, all allocators in all workloads, 10^8 blocks")
    parser.add_argument("--rounds", type=int, default=0, help="default: 3, with --full 7")
    parser.add_argument("--threads", default="1,2,4", help="thread counts, with commas between")
    parser.add_argument("--sets", default=",".join(SETS), help=f"of {', '.join(SETS)}")
    parser.add_argument("--only", default="", help="workloads, with commas between")
    parser.add_argument("--columns", default="", help="allocators, with commas between")
    parser.add_argument("--library", help="libmemkind.so to measure; default: a release build")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (7 if arguments.full else 3)
    return arguments


def main() -> int:
    """Measure and report."""
    arguments = parse_arguments()
    chosen = arguments.sets.split(",")
    for name in chosen:
        if name not in SETS:
            raise SystemExit(f"run: no set is called {name}; there are {', '.join(SETS)}")
    runner = Runner(arguments.library or str(toolchain.library()),
                    [name for name in arguments.columns.split(",") if name])
    versions = {column.name: column.version() for column in runner.columns}
    print("\n".join(f"{name}: {version}" for name, version in versions.items()))
    bench = Bench(arguments, runner)
    for name in SETS:
        if name in chosen:
            getattr(bench, f"run_{name}")()
    verdicts = goals.judge(bench.by_key)
    print("\ngoals: measured, limit\n" + "\n".join(goal.line() for goal in verdicts))
    (toolchain.BUILD / "results.json").write_text(
        json.dumps({"versions": versions, "rounds": arguments.rounds, "results": bench.raw},
                   indent=1), encoding="utf-8")
    target = toolchain.BUILD / "index.html"
    target.write_text(page.render(bench.sections, verdicts, versions), encoding="utf-8")
    print(f"\n{target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
