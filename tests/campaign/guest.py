#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rows of the campaign that need real kmem nodes: one of them, in a virtual machine.

Prints what the programs print, their lines of counts among it. The exit code is 0 if all went well.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import guest as guests
import kernel
import run
import storms
from case import Case, with_swap

_SECONDS_A_ROUND = 60  # at most; on an idle machine three
_BASE_LIMIT = 120
_SETTINGS = (("never", False), ("never", True), ("always", False), ("always", True))


def exhaustion(count: int, seed: int) -> list[Case]:
    """COUNT rounds in which four processes fill a node beside one that has nothing to do with it."""
    cases = []
    for number, (huge, has_swap) in enumerate(_SETTINGS):
        rounds = count // len(_SETTINGS) + (number < count % len(_SETTINGS))
        job = (f"with_huge_pages {huge} env MEMKIND_EXHAUSTION=null exhaust -c 0 -o 2 -r {rounds} "
               f"-p 4 -i 100 -s {seed + number * count} DAX_KMEM")
        if has_swap:
            job = with_swap(job)
        cases.append(Case(f"exhaustion-huge-{huge}{'-swap' * has_swap}", "four-node", job,
                          limit=_BASE_LIMIT + rounds * _SECONDS_A_ROUND))
    return [case for case in cases if " -r 0 " not in case.job]


def _storm(name: str, number: int) -> Case:
    (case,) = [case for case in storms.storms() if case.name == name]
    return dataclasses.replace(case, name=f"{name}-{number}")


def hotplug(count: int, seed: int) -> list[Case]:
    """Nodes that come and go under threads, in COUNT machines."""
    del seed
    return [_storm("storm-nodes-untold" if number % 2 else "storm-nodes", number)
            for number in range(count)]


def cpuset(count: int, seed: int) -> list[Case]:
    """Nodes that leave the cpuset of threads that allocate, COUNT times."""
    del seed
    return [_storm("storm-cpuset", number) for number in range(count)]


def killing(count: int, seed: int) -> list[Case]:
    """COUNT processes of a group that shares the nodes are killed, one after another."""
    halves = [count - count // 2, count // 2]
    jobs = [f"{environment} group -p 5 -k {half} -s {seed} DAX_KMEM DAX_KMEM_ALL NG_DAX_KMEM_FIRST"
            for environment, half in zip(("", "MEMKIND_EXHAUSTION=null"), halves) if half > 0]
    return [Case("killing", "four-node", " &&\n".join(jobs), limit=_BASE_LIMIT + count * 5)]


def limits(count: int, seed: int) -> list[Case]:
    """COUNT times a process meets the limit of its memory cgroup, beside a group without one."""
    return [Case("limits", "four-node",
                 "echo +memory >/cgroup/cgroup.subtree_control && mkdir /cgroup/small &&\n"
                 "echo 48M >/cgroup/small/memory.max || exit\n"
                 f"group -p 3 -k {count} -s {seed} -g /cgroup/small DAX_KMEM DAX_KMEM_ALL &&\n"
                 f"MEMKIND_EXHAUSTION=null group -p 3 -k {count} -s {seed} -g /cgroup/small "
                 "DAX_KMEM DAX_KMEM_ALL", limit=_BASE_LIMIT + count * 20)]


ROWS = {row.__name__: row for row in (exhaustion, hotplug, cpuset, killing, limits)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", default=str(guests.PROJECT / "build" / "src" / "api"))
    parser.add_argument("--guest", type=Path, default=guests.DEFAULT_DIRECTORY)
    parser.add_argument("--tool", type=Path)
    parser.add_argument("--kernel", choices=sorted(kernel.META_PACKAGES), required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("row", choices=sorted(ROWS))
    arguments = parser.parse_args()
    setting = run.make_setting(arguments)
    guests.build(arguments.kernel, setting.guest_directory)
    run.compile_programs(setting)
    outcomes: list[run.Outcome] = []

    def report(outcome: run.Outcome) -> None:
        outcomes.append(outcome)
        print(f"{outcome.status}  {outcome.kernel}  {outcome.case.name}  {outcome.why}\n"
              f"{outcome.output}", flush=True)

    for group in run.groups(ROWS[arguments.row](arguments.count, arguments.seed)):
        run.run_group(setting, arguments.kernel, group, report)
    return 0 if outcomes and all(outcome.status == "PASS" for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
