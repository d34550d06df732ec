# SPDX-License-Identifier: BSD-2-Clause
"""The rows of the campaign: what each runs at a scale of 1, and how long that takes at most."""

import dataclasses
import shutil
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
KERNELS = ("6.1", "6.12")
# Below this scale a row that needs a virtual machine has one kernel only, each its own in turns.
_LEAST_SCALE_OF_BOTH = 0.01
FUZZERS = ("heap", "memtier", "parse", "spec", "sysfs")
# Of tests/system/programs/deny.c.
_DENIED = ("mbind", "set_mempolicy", "get_mempolicy", "home_node", "move_pages",
           "mbind,set_mempolicy,get_mempolicy,home_node,migrate_pages,move_pages")
# Kinds that need far or fast memory take node 0 on any machine.
_ANY_MACHINE = {"MEMKIND_DAX_KMEM_NODES": "0", "MEMKIND_HBW_NODES": "0"}
_NULL = {"MEMKIND_EXHAUSTION": "null"}


@dataclasses.dataclass(frozen=True)
class Run:
    """What the rows of one run share."""

    scale: float
    seed: int
    build: Path
    logs: Path

    def count(self, whole: int, least: int = 1) -> int:
        """So much of what a whole campaign does."""
        return max(least, round(whole * self.scale))

    def program(self, path: str) -> str:
        return str(self.build / "tests" / path)


Commands = list[list[str]]


@dataclasses.dataclass(frozen=True)
class Row:
    """Programs that print lines of counts (see docs/campaign.md), and succeed, or the row fails."""

    name: str
    commands: Callable[[Run], Commands]
    seconds: int  # what a whole run takes on two idle cores, roughly
    environment: dict[str, str] = dataclasses.field(default_factory=lambda: _ANY_MACHINE)


def _soak(operations: int) -> Callable[[Run], Commands]:
    return lambda run: [[run.program("soak/soak"), "-t", "16", "-n",
                         str(run.count(operations, 10**6)), "0.05", str(run.seed)]]


def _faults_in_turn(run: Run) -> Commands:
    every = str(max(1, round(0.3 / run.scale)))
    return [[run.program("fault/test_fault"), every, every]]


def _faults_at_random(processes: int) -> Callable[[Run], Commands]:
    return lambda run: [[run.program("fault/test_fault"), "random",
                         str(run.count(processes, 18)), str(run.seed)]]


def _life(what: str) -> Callable[[Run], Commands]:
    return lambda run: [[run.program("campaign/life"), what, str(run.count(1000, 10)),
                         str(run.seed)]]


def _options(run: Run) -> Commands:
    return [["python3", "-B", str(HERE / "options.py"), "--count", str(run.count(20000, 200)),
             "--preloads", str(run.build / "src" / "preload"), "--seed", str(run.seed),
             run.program("campaign/use")]]


def _denied(run: Run) -> Commands:
    return [[run.program("campaign/deny"), error, calls, run.program("campaign/life"), "exit",
             str(run.count(50, 2)), str(run.seed)]
            for calls in _DENIED for error in ("EPERM", "ENOSYS")]


def _guest(what: str, count: int, kernel: str) -> Callable[[Run], Commands]:
    return lambda run: [["python3", "-B", str(HERE / "guest.py"), "--kernel", kernel, "--library",
                         str(run.build / "src" / "api"), "--count", str(run.count(count)),
                         "--seed", str(run.seed), what]]


# What, how often, and the seconds of a whole run.
_GUEST_ROWS = (("exhaustion", 1000, 3600), ("hotplug", 10, 600), ("cpuset", 10, 600),
               ("killing", 200, 300), ("limits", 25, 300))


def _guests(scale: float) -> list[Row]:
    listed = []
    for number, (what, count, seconds) in enumerate(_GUEST_ROWS):
        kernels = KERNELS if scale >= _LEAST_SCALE_OF_BOTH else (KERNELS[number % len(KERNELS)],)
        listed += [Row(f"{what}, {kernel}", _guest(what, count, kernel), seconds, {})
                   for kernel in kernels]
    return listed


def _fuzz(name: str) -> Callable[[Run], Commands]:
    def commands(run: Run) -> Commands:
        found = run.logs / f"corpus-{name}"
        found.mkdir(parents=True, exist_ok=True)
        build = PROJECT / "build" / "fuzz"
        target = f"tests/fuzz/fuzz_{name}"
        setup = [] if (build / "build.ninja").exists() else [
            ["meson", "setup", str(build), str(PROJECT), "--native-file",
             str(PROJECT / "build-fuzz.ini"), "-Dtools=false"]]
        return [*setup, ["ninja", "-C", str(build), "--quiet", target],
                [str(build / target), f"-max_total_time={run.count(300, 5)}", "-timeout=60",
                 f"-seed={run.seed}", "-print_final_stats=1", "-verbosity=0",
                 f"-artifact_prefix={run.logs}/", str(found),
                 str(PROJECT / "tests" / "fuzz" / "corpus" / name)]]
    return commands


def table(scale: float) -> list[Row]:
    """All rows of a run of that scale, in the order in which they run."""
    fuzzers = FUZZERS if shutil.which("clang") else ()
    return [
        Row("shadow model", _soak(10**9), 1800),
        Row("shadow model, null", _soak(10**8), 300, _ANY_MACHINE | _NULL),
        Row("each call refused in turn", _faults_in_turn, 300),
        Row("calls refused at random", _faults_at_random(10000), 900),
        Row("calls refused at random, null", _faults_at_random(2000), 300, _ANY_MACHINE | _NULL),
        Row("fork with running threads", _life("fork"), 300),
        Row("exit with running threads", _life("exit"), 120),
        Row("system calls denied", _denied, 120),
        Row("bad environments", _options, 400, {}),
        *_guests(scale),
        *(Row(f"fuzzer: {name}", _fuzz(name), 300, {}) for name in fuzzers),
    ]
