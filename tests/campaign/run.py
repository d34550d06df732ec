#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The campaign: everything that should never happen is tried for hours, and counted.

Prints a line a row and, last, one table; the exit code is 1 where a row failed. Logs and the figures of
each row are kept in build/campaign: a campaign can be run in parts, and --table prints all of it.
"""

import argparse
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import rows

_LOGS = rows.PROJECT / "build" / "campaign"
_SHORT_SCALE = 0.003
# How much longer than on an idle machine a row may take before it is taken for hanging.
_PATIENCE = 8
_LEAST_LIMIT = 900
_SHOWN_LINES = 25
FIGURES = ("operations", "faults", "survived", "bad", "lost", "wrong", "hangs", "killed")
_TITLES = ("operations", "faults injected", "faults survived", "bad inputs", "blocks lost",
           "wrong bytes", "hangs", "innocent killed")
_FUZZED = re.compile(r"^stat::number_of_executed_units: (\d+)$")


@dataclasses.dataclass
class Outcome:
    """What a row did. A figure that nobody counted is not there."""

    name: str
    counts: dict[str, int]
    seconds: float
    error: str = ""


def add_counts(total: dict[str, int], more: dict[str, int]) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def counts_of(output: str) -> dict[str, int]:
    """The sums of the lines "counts NAME=NUMBER...", and what a fuzzer says of itself."""
    total: dict[str, int] = {}
    for line in output.splitlines():
        words = line.split()
        if words and words[0] == "counts":
            pairs = (word.split("=", 1) for word in words[1:])
            add_counts(total, {name: int(value) for name, value in pairs})
        elif match := _FUZZED.match(line):
            add_counts(total, {"bad": int(match[1])})
    unknown = set(total) - set(FIGURES)
    if unknown:
        raise ValueError(f"unknown figures: {', '.join(sorted(unknown))}")
    return total


def call(command: list[str], environment: dict[str, str], log: Path, limit: float) -> str:
    """Runs a command, and adds what it prints to the log; returns what went wrong."""
    with open(log, "a", encoding="utf-8") as file:
        print("$", *command, file=file, flush=True)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                   cwd=rows.PROJECT, env=os.environ | environment,
                                   start_new_session=True)
        try:
            code = process.wait(max(1.0, limit))
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                return "hangs"
            raise
    return "" if code == 0 else f"exit code {code}"


def file_of(row: rows.Row, run: rows.Run, kind: str) -> Path:
    return run.logs / f"{re.sub(r'[^a-z0-9.]+', '-', row.name)}.{kind}"


def keep(row: rows.Row, run: rows.Run, outcome: Outcome) -> None:
    text = json.dumps({"scale": run.scale, "seed": run.seed} | dataclasses.asdict(outcome), indent=1)
    file_of(row, run, "json").write_text(text + "\n", encoding="utf-8")


def kept(row: rows.Row, run: rows.Run) -> Outcome | None:
    """What the row did when it was last run, if that was at this scale."""
    file = file_of(row, run, "json")
    if not file.exists():
        return None
    fields = json.loads(file.read_text(encoding="utf-8"))
    del fields["seed"]
    return Outcome(**fields) if fields.pop("scale") == run.scale else None


def run_row(row: rows.Row, run: rows.Run) -> Outcome:
    log = file_of(row, run, "log")
    log.unlink(missing_ok=True)
    started = time.monotonic()
    limit = max(_LEAST_LIMIT, _PATIENCE * row.seconds * run.scale)
    error = ""
    for command in row.commands(run):
        error = call(command, row.environment, log, started + limit - time.monotonic())
        if error:
            break
    output = log.read_text(encoding="utf-8", errors="replace")
    counts = counts_of(output)
    add_counts(counts, {"hangs": int(error == "hangs")})
    if not error and not any(counts.get(name) for name in ("operations", "bad")):
        error = "nothing was counted"
    bad = [name for name in ("lost", "wrong", "hangs", "killed") if counts.get(name)]
    if not error and bad:
        error = ", ".join(f"{name}: {counts[name]}" for name in bad)
    if error:
        print("\n".join(f"    {line}" for line in output.splitlines()[-_SHOWN_LINES:]))
        error += f" (see {log.relative_to(rows.PROJECT)})"
    outcome = Outcome(row.name, counts, time.monotonic() - started, error)
    keep(row, run, outcome)
    return outcome


def total_of(outcomes: list[Outcome]) -> Outcome:
    total = Outcome("total", {}, sum(outcome.seconds for outcome in outcomes))
    for outcome in outcomes:
        add_counts(total.counts, outcome.counts)
    return total


def table_of(outcomes: list[Outcome]) -> str:
    """As Markdown."""
    lines = [["", *_TITLES, "seconds", ""]]
    for outcome in [*outcomes, total_of(outcomes)]:
        figures = [f"{outcome.counts[name]:,}" if name in outcome.counts else "-"
                   for name in FIGURES]
        result = "" if outcome.name == "total" else "FAILED" if outcome.error else "ok"
        lines.append([outcome.name, *figures, f"{outcome.seconds:,.0f}", result])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    shown = ["| " + " | ".join(text.ljust(width) if i in (0, len(widths) - 1) else text.rjust(width)
                               for i, (text, width) in enumerate(zip(line, widths))) + " |"
             for line in lines]
    rule = "|" + "|".join("-" * (width + 1) + ("-" if i in (0, len(widths) - 1) else ":")
                          for i, width in enumerate(widths)) + "|"
    return "\n".join([shown[0], rule, *shown[1:]])


def is_called(name: str, text: str) -> bool:
    """Whether the text is the name of a row, or its first words."""
    return re.match(rf"{re.escape(text)}(?!\w)", name) is not None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0,
                        help="how much of a whole campaign; the default is 1, hours")
    parser.add_argument("--short", action="store_const", dest="scale", const=_SHORT_SCALE,
                        help="all of it in some minutes")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10**6 + 1)
    parser.add_argument("--build", type=Path, default=rows.PROJECT / "build")
    parser.add_argument("--row", nargs="+", default=[], metavar="NAME",
                        help="names of rows, or their first words; default: all")
    parser.add_argument("--list", action="store_true", help="print the rows, run none")
    parser.add_argument("--table", action="store_true",
                        help="print what these rows did when they were last run, run none")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    chosen = [row for row in rows.table(arguments.scale)
              if not arguments.row or any(is_called(row.name, text) for text in arguments.row)]
    if not chosen:
        sys.exit("no row has such a name: --list prints them")
    if arguments.list:
        print("\n".join(row.name for row in chosen))
        return 0
    run = rows.Run(arguments.scale, arguments.seed, arguments.build.resolve(), _LOGS)
    _LOGS.mkdir(parents=True, exist_ok=True)
    outcomes = []
    if arguments.table:
        outcomes = [outcome for row in chosen if (outcome := kept(row, run))]
    else:
        print(f"scale {run.scale:g}, seed {run.seed}", flush=True)
        for row in chosen:
            outcome = run_row(row, run)
            outcomes.append(outcome)
            print(f"{'FAIL' if outcome.error else 'PASS'}  {outcome.name}  {outcome.seconds:.0f} s"
                  f"{'  ' + outcome.error if outcome.error else ''}", flush=True)
    failed = sum(bool(outcome.error) for outcome in outcomes)
    print(f"\n{table_of(outcomes)}\n\n{len(outcomes) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
