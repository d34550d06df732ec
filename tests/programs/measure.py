# SPDX-License-Identifier: BSD-2-Clause
"""Runs commands under a preload and measures their trees of processes."""

import contextlib
import dataclasses
import os
import pwd
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator

from preloads import Preload, environment, wrong_with

SEARCH_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
COMMAND_LIMIT = 120  # seconds
_POLL = 0.01


class Failure(Exception):
    """What went wrong in a run, in one line or more."""


def plain_environment(home: Path) -> dict[str, str]:
    """Nothing of the caller's, so that runs are alike everywhere."""
    return {"PATH": SEARCH_PATH, "HOME": str(home), "TMPDIR": str(home),
            "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def client(*command: str | Path, home: Path, text: str | None = None) -> str:
    """Runs a command without any preload, and returns what it printed."""
    try:
        result = subprocess.run([str(word) for word in command], cwd=home, input=text, text=True,
                                env=plain_environment(home), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=COMMAND_LIMIT, errors="replace")
    except subprocess.TimeoutExpired as error:
        raise Failure(str(error)) from error
    if result.returncode != 0:
        raise Failure(f"{command[0]}: exit status {result.returncode}\n{result.stdout}")
    return result.stdout


def wait_until(is_true: Callable[[], bool], what: str, limit: float = 60) -> None:
    deadline = time.monotonic() + limit
    while not is_true():
        if time.monotonic() > deadline:
            raise Failure(f"after {limit:.0f} s still waiting until {what}")
        time.sleep(_POLL)


@dataclasses.dataclass
class Usage:
    seconds: float = 0.0  # of CPU, of all processes
    peak: int = 0  # KiB of the largest process
    work: float = 1.0  # how much was done, where that differs from run to run


class Run:
    """One run of a program under one preload, in a folder of its own."""

    def __init__(self, preload: Preload, libraries: Path, measure: Path, inputs: Path,
                 home: Path, user: str = "") -> None:
        self.inputs, self.home, self.usage = inputs, home, Usage()
        self._preload, self._libraries, self._measure = preload, libraries, measure
        self._user = pwd.getpwnam(user) if user and os.geteuid() == 0 else None
        self._traces = home / "traces"
        self._report = self._traces / "usage"
        self._traces.mkdir(parents=True)
        if self._user:
            for folder in (home, self._traces):
                os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    @contextlib.contextmanager
    def serve(self, *command: str | Path) -> Iterator[subprocess.Popen[str]]:
        """Runs a command beside the body, which has to bring it to its end.

        What it prints goes to the file "log"; its exit status must be 0.
        """
        log = self.home / "log"
        variables = (plain_environment(self.home)
                     | environment(self._preload, self._libraries, self._traces))
        with log.open("w") as output:
            process = subprocess.Popen(
                [str(self._measure), str(self._report), *map(str, command)], cwd=self.home,
                env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, text=True, **self._identity())
        try:
            yield process
            status = process.wait(COMMAND_LIMIT)
        except (Failure, subprocess.TimeoutExpired) as error:
            raise Failure(f"{error}\n{log.read_text(errors='replace')}") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if status != 0:
            raise Failure(f"{command[0]}: exit status {status}\n"
                          f"{log.read_text(errors='replace')}")
        seconds, peak = self._report.read_text().split()
        self.usage.seconds += float(seconds)
        self.usage.peak = max(self.usage.peak, int(peak))

    def call(self, *command: str | Path) -> str:
        """Runs a command to its end, and returns what it printed on both streams."""
        with self.serve(*command):
            pass
        return (self.home / "log").read_text(errors="replace")

    def client(self, *command: str | Path, text: str | None = None) -> str:
        return client(*command, home=self.home, text=text)

    def wrong(self) -> str:
        """What is wrong with the preload in the processes that ran; "" where it was in force."""
        return wrong_with(self._preload, self._libraries, self._traces)

    def _identity(self) -> dict[str, object]:
        if not self._user:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
