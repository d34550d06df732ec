# SPDX-License-Identifier: BSD-2-Clause
"""What a request to redis costs with the heap on DEFAULT, beside glibc's malloc and jemalloc.

In each round every allocator has a new server, which redis-benchmark asks the same. What is
compared is the server's CPU time for a request, the smallest of all rounds: what else runs on the
machine only adds to it, now to one, now to the other, so that with more rounds all come down to
what they cost alone. Where the answer is no there are more rounds, up to a limit; an allocator that
is slower than allowed stays so. Requests a second, which the client takes part in, are shown.
"""

import dataclasses
import os
import re
import statistics
import subprocess
from pathlib import Path
from typing import Callable

import servers
from measure import Failure, Run, Usage, plain_environment
from preloads import PLAIN, PRELOADS, Preload, environment
from table import Program

NAME = "throughput"
OURS = next(preload for preload in PRELOADS if preload.name == "default")
# Debian's redis links it.
_JEMALLOC = Preload("jemalloc", "libjemalloc.so.2")
# How much more a request may cost with ours: nothing beside glibc's, as far as this can tell.
_LIMITS = {PLAIN: 1.03, _JEMALLOC: 1.05}
_FAMILY = {"malloc", "calloc", "realloc", "free", "malloc_usable_size"}
_TESTS = "set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd"
_REQUESTS = 30000  # of each test
# It is judged after so many rounds: seldom, since each time is a chance for a lucky one.
_JUDGED = (10, 20, 40)


@dataclasses.dataclass
class Result:
    cost: float  # server's CPU time, us a request
    rate: float  # requests a second


def _serve(run: Run) -> str:
    """The requests are the run's work; returns how many there were in a second."""
    with run.serve(*servers.redis_command(run.home)) as process:
        servers.redis_wait(run)
        text = run.client("redis-benchmark", "-s", run.home / "socket", "--csv", "-n",
                          str(_REQUESTS), "-P", "32", "-c", "20", "-r", "100000", "-t", _TESTS)
        process.terminate()
    rates = [float(rate) for rate in re.findall(r'^"[^"]+","([\d.]+)"', text, re.MULTILINE)]
    servers.expect(len(rates) == len(_TESTS.split(",")), text)
    run.usage.work = _REQUESTS * len(rates)
    return str(statistics.harmonic_mean(rates))


PROGRAM = Program(NAME, "redis-server", "redis-server", _serve)


def _check_binding(preload: Preload, libraries: Path) -> None:
    """The loader tells where the calls go; redis itself says what it was compiled for."""
    variables = {**plain_environment(libraries), **environment(preload, libraries, libraries),
                 "LD_BIND_NOW": "1", "LD_DEBUG": "bindings"}
    del variables["LD_DEBUG_OUTPUT"], variables["MEMKIND_PRELOAD_STATS"]
    text = subprocess.run(["redis-server", "--version"], env=variables, check=True, text=True,
                          capture_output=True).stderr
    found = re.findall(r"file redis-server \[0\] to (\S+) \[0\]: normal symbol `(\w+)'", text)
    calls = {(name, os.path.basename(path)) for path, name in found if name in _FAMILY}
    if calls != {(name, os.path.basename(preload.library)) for name in _FAMILY}:
        raise Failure(f"redis calls {sorted(calls)}, not {preload.library}")


def _excess(results: dict[Preload, list[Result]]) -> dict[Preload, float]:
    """By which factor a request costs more with ours than with each of the others."""
    least = {preload: min(result.cost for result in rounds) for preload, rounds in results.items()}
    return {rival: least[OURS] / least[rival] for rival in _LIMITS}


def _is_good(results: dict[Preload, list[Result]]) -> bool:
    return all(excess <= _LIMITS[rival] for rival, excess in _excess(results).items())


def _describe(results: dict[Preload, list[Result]]) -> str:
    lines = ["  ".join(f"CPU a request {excess:.3f} of {rival.name}'s (limit {_LIMITS[rival]})"
                       for rival, excess in _excess(results).items())]
    for preload, rounds in results.items():
        costs = [result.cost for result in rounds]
        usual = statistics.median(costs)
        rate = statistics.median(result.rate for result in rounds)
        lines.append(f"{preload.name:8}  {min(costs):.3f} us, median {usual:.3f};"
                     f"  median of {rate:.0f} requests a second  ({len(rounds)} rounds)")
    return "\n".join(lines)


def measure(run: Callable[[Program, Preload, Path], tuple[str, Usage]], libraries: Path) -> str:
    """Returns what was measured; Failure, if our preload costs more than it may."""
    results: dict[Preload, list[Result]] = {preload: [] for preload in (OURS, *_LIMITS)}
    for preload in results:
        _check_binding(preload, libraries)
    for count in range(1, _JUDGED[-1] + 1):
        for preload, rounds in results.items():
            rate, usage = run(PROGRAM, preload, libraries)
            rounds.append(Result(usage.seconds / usage.work * 1e6, float(rate)))
        if count in _JUDGED and _is_good(results):
            return _describe(results)
    raise Failure(_describe(results))
