#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs real programs under each preload library, beside glibc's malloc ("glibc" runs).

A case is a program and a preload. It passes if the preload is in every process and its kinds are
used, the program's own results are right, and its output is that of the glibc runs. Prints a line
a case, with CPU time of all processes and peak memory of the largest as multiples of the glibc
runs', and, last, "N passed, N failed, N skipped".
"""

import argparse
import itertools
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import throughput
from measure import SEARCH_PATH, Failure, Run, Usage
from preloads import PLAIN, PRELOADS, Preload, gather
from table import PROGRAMS, Program

_BUILD = Path(__file__).resolve().parent.parent.parent / "build"
_SHOWN_LINES = 25


class Reporter:
    """Prints outcomes as they come, and counts them."""

    def __init__(self) -> None:
        self.count = {"PASS": 0, "FAIL": 0, "SKIP": 0}

    def __call__(self, status: str, case: str, why: str) -> None:
        self.count[status] += 1
        first, *more = why.splitlines() or [""]
        print(f"{status}  {case:<20}  {first}", flush=True)
        for line in more[-_SHOWN_LINES:]:
            print(f"        {line}", flush=True)


class Bench:
    """What all runs share."""

    def __init__(self, scratch: Path, build: Path) -> None:
        self._scratch, self._measure = scratch, build / "tests" / "programs" / "measure"
        self.libraries = scratch / "lib"
        self._numbers = itertools.count()
        gather((build / "src" / "api", build / "src" / "preload"), self.libraries)

    def lacking(self, program: Program, preload: Preload) -> str:
        if not is_there(program):
            return f"{program.package} is not installed"
        if preload is not PLAIN and not (self.libraries / preload.library).exists():
            return f"{preload.library} is not built"
        return ""

    def make_input(self, program: Program) -> Path:
        folder = self._scratch / f"{program.name}-input"
        folder.mkdir()
        program.prepare(folder)
        return folder

    def run(self, program: Program, preload: Preload, inputs: Path) -> tuple[str, Usage]:
        home = self._scratch / f"run{next(self._numbers)}"
        run = Run(preload, self.libraries, self._measure, inputs, home, program.user)
        output = program.run(run)
        if wrong := run.wrong():
            raise Failure(wrong)
        shutil.rmtree(home)
        return output, run.usage


def is_there(program: Program) -> bool:
    if program.command.startswith("/"):
        return any(Path("/").glob(program.command[1:]))
    return shutil.which(program.command, path=SEARCH_PATH) is not None


def difference(wanted: str, got: str) -> str:
    """The first line that is not the plain run's."""
    for a, b in itertools.zip_longest(wanted.splitlines(), got.splitlines()):
        if a != b:
            return f"printed {b!r} instead of {a!r}"
    return "other ends of lines"


def ratios(plain: list[Usage], other: list[Usage]) -> str:
    """Medians over the rounds, each of which has a plain run beside it."""
    def median(key) -> float:
        return statistics.median(key(b) / key(a) for a, b in zip(plain, other))
    return (f"time {median(lambda usage: usage.seconds / usage.work):5.2f}  "
            f"rss {median(lambda usage: usage.peak):5.2f}")


def costs(usages: list[Usage]) -> str:
    seconds = statistics.median(usage.seconds for usage in usages)
    peak = statistics.median(usage.peak for usage in usages)
    return f"{seconds:.2f} s of CPU, {peak / 1024:.1f} MiB"


def run_program(bench: Bench, program: Program, preloads: list[Preload], rounds: int,
                report: Reporter) -> None:
    """All rounds of a program; the preloads take turns."""
    usages: dict[Preload, list[Usage]] = {preload: [] for preload in preloads}
    wrong: dict[str, str] = {}
    wanted = None
    try:
        inputs = bench.make_input(program)
    except Failure as error:
        report("FAIL", f"{program.name}/input", str(error))
        return
    for preload in preloads * rounds:
        if preload.name in wrong or PLAIN.name in wrong:
            continue
        try:
            output, usage = bench.run(program, preload, inputs)
            if wanted is None:
                wanted = output
            if output != wanted:
                raise Failure(difference(wanted, output))
            usages[preload].append(usage)
        except Failure as error:
            wrong[preload.name] = str(error)
    shutil.rmtree(inputs)
    for preload in preloads:
        case = f"{program.name}/{preload.name}"
        if preload.name in wrong:
            report("FAIL", case, wrong[preload.name])
        elif PLAIN.name in wrong:
            report("SKIP", case, "the run with glibc's malloc failed")
        elif preload is PLAIN:
            report("PASS", case, costs(usages[preload]))
        else:
            report("PASS", case, ratios(usages[PLAIN], usages[preload]))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="PROGRAM", default=[],
                        choices=[*(program.name for program in PROGRAMS), throughput.NAME],
                        help="default: all")
    parser.add_argument("--preload", nargs="+", metavar="PRELOAD", default=[],
                        choices=[preload.name for preload in PRELOADS], help="default: all")
    parser.add_argument("--rounds", type=int, help="runs of each; default: as the table says")
    parser.add_argument("--build", type=Path, default=_BUILD, metavar="DIR")
    return parser.parse_args()


def run_throughput(bench: Bench, report: Reporter) -> None:
    case = f"redis/{throughput.NAME}"
    if lacking := bench.lacking(throughput.PROGRAM, throughput.OURS):
        report("SKIP", case, lacking)
        return
    try:
        report("PASS", case, throughput.measure(bench.run, bench.libraries))
    except Failure as error:
        report("FAIL", case, str(error))


def run_all(bench: Bench, arguments: argparse.Namespace, report: Reporter) -> None:
    for program in PROGRAMS:
        if arguments.only and program.name not in arguments.only:
            continue
        present = [PLAIN]
        for preload in PRELOADS:
            if arguments.preload and preload.name not in arguments.preload:
                continue
            if lacking := bench.lacking(program, preload):
                report("SKIP", f"{program.name}/{preload.name}", lacking)
            else:
                present.append(preload)
        if len(present) > 1:
            run_program(bench, program, present, arguments.rounds or program.rounds, report)
    if not arguments.only or throughput.NAME in arguments.only:
        run_throughput(bench, report)


def main() -> int:
    arguments = parse_arguments()
    started = time.monotonic()
    report = Reporter()
    with tempfile.TemporaryDirectory(prefix="memkind-programs-") as scratch:
        # Programs that run as another user have to get in.
        Path(scratch).chmod(0o755)
        run_all(Bench(Path(scratch), arguments.build.resolve()), arguments, report)
    print(f"{time.monotonic() - started:.0f} s")
    print(f"{report.count['PASS']} passed, {report.count['FAIL']} failed, "
          f"{report.count['SKIP']} skipped")
    return 1 if report.count["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
