#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows which memory answers: fills kinds, live in the terminal and as a page.

On a machine with kmem nodes it runs there, within a bound that leaves the machine usable; on any
other it starts a virtual machine with four memory nodes. The order in which the nodes filled is
compared with the documented one; the exit status is 1 when one differs, 2 when it could not run.
"""

from __future__ import annotations

import argparse
import ctypes
import datetime
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

import bars
import page
import runs
from counts import BadLine, Machine, Reader
from order import Verdict, arrows, verdict
from screen import Screen
from subjects import SUBJECTS

LOG_EVERY_STEPS = 64
LEFT_OUT = ("this machine is in use, so each kind was given a small part of the nearest node's "
            "free memory only: what comes when it is full is not shown (--guest shows them)")


class Show:
    """Takes the lines of a measurement and shows them as they come."""

    def __init__(self, screen: Screen, to_end: bool) -> None:
        self.screen = screen
        self.reader = Reader()
        self.to_end = to_end
        self.verdicts: list[Verdict] = []
        self._introduced = False

    @property
    def machine(self) -> Machine:
        return self.reader.machine

    def take(self, line: str) -> None:
        if line.startswith("demo: "):
            self.screen.task(line.removeprefix("demo: "))
            return
        try:
            word = self.reader.feed(line)
        except BadLine as error:
            # The serial line of a guest also carries what its kernel says.
            self.screen.line(self.screen.styled(f"  not understood: {error}", "red"))
            return
        if word in ("start", "step", "end"):
            getattr(self, f"_{word}")()
        elif not word and line.strip() and not self._is_quiet(line):
            self.screen.line(self.screen.styled(f"  {line}", "dim"))

    def _is_quiet(self, line: str) -> bool:
        """Lines that say nothing to a viewer; while a kind fills, all that are not counts."""
        return line.startswith("guest: exit 0") or self.reader.current is not None

    def _start(self) -> None:
        run = self.reader.runs[-1]
        if not self._introduced:
            self._introduced = True
            self._introduce()
        if not self.screen.live:
            self.screen.line(f"  {bars.title(self.machine, run)}")
        self.screen.block(lambda width: bars.draw(self.machine, run, width))

    def _introduce(self) -> None:
        self.screen.line(f"  Linux {self.machine.kernel}")
        for node in self.machine.nodes.values():
            cpus = f"CPUs {','.join(map(str, node.cpus))}" if node.cpus else "no CPU"
            sort = "big memory (kmem)" if node.kmem else "fast memory"
            far = " ".join(f"{d:3d}" for d in node.distances.values())
            self.screen.line(f"  node {node.id}: {node.total >> 20:6d} MiB {sort:<18} "
                             f"{cpus:<12} distances {far}")

    def _step(self) -> None:
        run = self.reader.runs[-1]
        if not self.screen.live and len(run.steps) % LOG_EVERY_STEPS == 0:
            self.screen.line(bars.log_line(self.machine, run))

    def _end(self) -> None:
        run = self.reader.runs[-1]
        self.screen.block(None)
        self.screen.task("")
        found = verdict(self.machine, run, self.to_end)
        self.verdicts.append(found)
        if self.screen.live:
            for text in bars.draw(self.machine, run, self.screen.width - 1)[1:-1]:
                self.screen.line(text)
        self.screen.line(self._judgement(found))
        self.screen.line()

    def _judgement(self, found: Verdict) -> str:
        text = f"  measured: {arrows(found.measured, found.shares)}"
        if not found.problem:
            return self.screen.styled(f"{text}   ✓ as documented", "green")
        return self.screen.styled(
            f"{text}   ✗ {found.problem}; documented: {arrows(found.expected)}", "red")


def library_version(path: Path) -> str:
    library = ctypes.CDLL(str(path))
    number = int(library.memkind_get_version())
    return f"memkind {number // 1000000}.{number // 1000 % 1000}.{number % 1000}"


def parse_arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guest", action="store_true",
                        help="use the virtual machine although this machine has kmem nodes")
    parser.add_argument("--kernel", choices=("6.1", "6.12"), default="6.1",
                        help="the guest's kernel (default: %(default)s)")
    parser.add_argument("--build", type=Path, default=runs.PROJECT / "build",
                        help="where meson built (default: build)")
    parser.add_argument("--output", type=Path, default=None,
                        help="the page to write (default: demo/index.html in the build directory)")
    return parser.parse_args(words)


def command_line(words: list[str]) -> str:
    """How to make the page again; make says so itself."""
    if os.environ.get("MAKELEVEL"):
        return "make demo"
    return shlex.join(["python3", "examples/demo/demo.py", *words])


def measure(arguments: argparse.Namespace, screen: Screen) -> tuple[Show, str, list[str]]:
    build = runs.Build.at(arguments.build)
    here = runs.read_machine()
    screen.task("compiling the program that fills")
    runs.compile_fill(build)
    obstacle = "As --guest says" if arguments.guest else runs.local_obstacle(here)
    if not obstacle:
        screen.line(f"This machine has kmem nodes ({', '.join(map(str, here.far))}): "
                    "the demo runs here.")
        screen.line(f"Left out: {LEFT_OUT}.")
        show = Show(screen, to_end=False)
        show.reader.machine = here
        runs.run_local(build, runs.local_fills(here), show.take)
        return show, "this machine", [LEFT_OUT]
    screen.line(f"{obstacle}: the demo runs in a virtual machine that has some.")
    show = Show(screen, to_end=True)
    runs.run_guest(build, arguments.kernel, show.take)
    return show, "a virtual machine (QEMU) with two sockets and two persistent modules", []


def finish(show: Show, screen: Screen, path: Path, result: page.Result) -> int:
    page.write(result, path)
    bad = sum(bool(v.problem) for v in show.verdicts)
    screen.task("")
    if bad or not show.verdicts:
        screen.line(screen.styled(f"✗ {bad} of {len(show.verdicts)} orders are not the "
                                  "documented ones.", "red", "bold"))
    else:
        screen.line(screen.styled(f"✓ All {len(show.verdicts)} orders are the documented ones.",
                                  "green", "bold"))
    screen.line(f"The page: {path}")
    return 1 if bad or not show.verdicts else 0


def main(words: list[str]) -> int:
    arguments = parse_arguments(words)
    path = arguments.output or arguments.build / "demo" / "index.html"
    began = time.monotonic()
    with Screen(sys.stdout) as screen:
        try:
            show, where, notes = measure(arguments, screen)
            version = library_version(runs.Build.at(arguments.build).library)
        except (runs.CannotRun, OSError, RuntimeError, subprocess.SubprocessError) as error:
            screen.line(screen.styled(f"demo: {error}", "red"))
            return 2
        finished = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
        order = sorted(zip(show.reader.runs, show.verdicts),
                       key=lambda pair: (list(SUBJECTS).index(pair[0].kind), pair[0].cpu))
        result = page.Result(
            show.machine, [r for r, _ in order], [v for _, v in order], version, where,
            command_line(words), f"{finished}, in {time.monotonic() - began:.0f} s", notes)
        return finish(show, screen, path, result)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
