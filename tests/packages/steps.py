# SPDX-License-Identifier: BSD-2-Clause
"""What a test of packages is made of: commands that must succeed, and results that are counted."""

import shutil
import subprocess
from pathlib import Path
from typing import Callable

_SHOWN_LINES = 60


class Failure(Exception):
    """A test failed; the text says how."""


class Skip(Exception):
    """The machine lacks something; the text says what."""


class Results:
    """Prints a line a test, and counts."""

    def __init__(self) -> None:
        self.count = {"PASS": 0, "FAIL": 0, "SKIP": 0}

    def add(self, status: str, name: str, why: str = "") -> None:
        self.count[status] += 1
        print(f"{status}  {name}{f'  ({why})' if status == 'SKIP' else ''}", flush=True)
        if status == "FAIL":
            print(why, flush=True)

    def check(self, name: str, test: Callable[[], None]) -> bool:
        """Whether it passed."""
        try:
            test()
        except Failure as failure:
            self.add("FAIL", name, str(failure))
            return False
        except Skip as skip:
            self.add("SKIP", name, str(skip))
            return False
        self.add("PASS", name)
        return True

    def summary(self) -> str:
        return (f"{self.count['PASS']} passed, {self.count['FAIL']} failed, "
                f"{self.count['SKIP']} skipped")


def run(*command: str | Path, log: Path | None = None, **more) -> str:
    """What the command prints, which goes to LOG, too. Failure: its exit status is not 0."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **more)
    if log:
        log.write_text(done.stdout)
    if done.returncode != 0:
        raise Failure("\n".join([f"{' '.join(map(str, command))}: exit status {done.returncode}",
                                 *done.stdout.splitlines()[-_SHOWN_LINES:]]))
    return done.stdout


def need(program: str, package: str) -> None:
    if shutil.which(program) is None:
        raise Skip(f"{package} is not installed")


def only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise Failure(f"{folder} has {len(found)} files {pattern}")
    return found[0]
