# SPDX-License-Identifier: BSD-2-Clause
"""Where the kinds are filled: on this machine within a bound, or in the guest until swap."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from counts import MIB, Machine, Reader
from subjects import SUBJECTS, Subject

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
SYSTEM_TESTS = PROJECT / "tests" / "system"

GUEST_SECONDS = 900
# A memory-mapped namespace keeps its description in its first 128 MiB block, which is then lost.
NVDIMM_LOSS = 128
GUEST_SWAP = "1G"
# A node that gets unmovable pages has its watermarks raised for a while, and the page daemon then
# swaps out a few pages although other nodes are free. That is noise here.
GUEST_QUIET = "echo 0 >/proc/sys/vm/watermark_boost_factor"
# A machine that somebody uses keeps nearly all of its free memory.
LOCAL_SHARE, LOCAL_MOST = 8, 4096
LOCAL_STEPS = 200
# The fill program counts on nodes below this one only.
MOST_NODES = 16


class CannotRun(RuntimeError):
    """The demo cannot measure; the message says what to do."""


@dataclass(frozen=True)
class Fill:
    """One run of the fill program: MiB to ask for in blocks of 1 MiB, and blocks between steps."""

    subject: Subject
    cpu: int
    limit: int
    step: int = 4

    def arguments(self) -> list[str]:
        return ["-c", str(self.cpu), "-l", str(self.limit), "-k", str(self.step),
                "-a", self.subject.name, self.subject.argument]

    @property
    def task(self) -> str:
        return f"demo: filling {self.subject.title} from CPU {self.cpu}"


@dataclass(frozen=True)
class Build:
    """What was built: the library, the tool (which may be missing), and the fill program."""

    library: Path
    tool: Path
    fill: Path

    @staticmethod
    def at(directory: Path) -> Build:
        """Meson's build directory; the fill program is compiled by `compile_fill`."""
        directory = directory.resolve()
        library = directory / "src" / "api" / "libmemkind.so.0"
        if not library.exists():
            raise CannotRun(f"{library} is missing: run `make demo`, which builds it")
        return Build(library, directory / "tools" / "memkind",
                     directory / "demo" / "programs" / "fill")


def compile_fill(build: Build) -> None:
    """The programs of the system tests, as their runner compiles them."""
    import_guest()
    import guest
    import run

    tool = build.tool if build.tool.exists() else None
    run.compile_programs(run.Setting(build.library.parent, tool, guest.DEFAULT_DIRECTORY,
                                     build.fill.parent))


def read_machine() -> Machine:
    """The nodes of this machine; empty when the kernel shows none."""
    reader = Reader()
    done = subprocess.run(["sh", str(HERE / "machine.sh")], capture_output=True, text=True,
                          check=False)
    for line in done.stdout.splitlines():
        reader.feed(line)
    return reader.machine


def first_cpus(machine: Machine) -> list[int]:
    """The first CPU of each of the first two nodes with CPUs, of those we may run on."""
    allowed = os.sched_getaffinity(0)
    cpus = [next((c for c in n.cpus if c in allowed), -1) for n in machine.nodes.values()]
    return [c for c in cpus if c >= 0][:2]


def local_obstacle(machine: Machine) -> str:
    """Why the kinds cannot be filled on this machine; empty if they can."""
    if not machine.far:
        return "This machine has no kmem nodes"
    if os.geteuid() != 0:
        return "This machine has kmem nodes, but filling them needs root"
    if max(machine.nodes) >= MOST_NODES:
        return f"This machine has kmem nodes, but also nodes above {MOST_NODES - 1}"
    if not local_fills(machine):
        return "This machine has kmem nodes, but they have no room to be filled"
    return ""


def local_fills(machine: Machine) -> list[Fill]:
    """Fills that leave the machine usable: a small part of what the least free far node has."""
    room = min(machine.nodes[n].free for n in machine.far)
    limit = min(room // LOCAL_SHARE // MIB, LOCAL_MOST)
    if limit < 1:
        return []
    step = max(1, limit // LOCAL_STEPS)
    return [Fill(subject, cpu, limit, step)
            for subject in SUBJECTS.values() if not subject.shares
            for cpu in first_cpus(machine)]


def run_local(build: Build, fills: list[Fill], take: Callable[[str], None]) -> None:
    """Run each fill here, with our library, one after the other."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(build.library.parent)}
    for fill in fills:
        take(fill.task)
        with subprocess.Popen([str(build.fill), *fill.arguments()], text=True,
                              env={**environment, **fill.subject.environment},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            try:
                for line in process.stdout or ():
                    take(line.rstrip("\n"))
            finally:
                if process.poll() is None and sys.exc_info()[0]:
                    process.kill()


def import_guest() -> None:
    """The runner of the system tests is used as it is."""
    if str(SYSTEM_TESTS) not in sys.path:
        sys.path.append(str(SYSTEM_TESTS))


def guest_fills(nodes: list[dict], distances: list[list[int]]) -> list[Fill]:
    """Fills of a guest whose nodes are as its topology says, each into swap."""
    sizes = [n["size"] - (NVDIMM_LOSS if n["kind"] == "nvdimm" else 0) for n in nodes]
    far = [i for i, n in enumerate(nodes) if n["kind"] == "nvdimm"]
    fills = []
    for subject in SUBJECTS.values():
        for home, node in enumerate(nodes):
            for cpu in node.get("cpus", [])[:1]:
                nearest = min(far, key=lambda i, row=distances[home]: row[i])
                allowed = {"closest": [nearest], "far": far}.get(subject.nodes, range(len(nodes)))
                limit = subject.most or sum(sizes[i] for i in allowed) + subject.past
                fills.append(Fill(subject, cpu, limit))
    return fills


def guest_script(setup: list[str], fills: list[Fill]) -> str:
    lines = [". /job/setup.sh", "set -e", "export LD_LIBRARY_PATH=/job/lib",
             "echo demo: bringing up the memory nodes with ndctl and daxctl",
             *setup, f"swap_on {GUEST_SWAP}", GUEST_QUIET,
             "if [ -x /job/bin/memkind ]; then",
             "echo demo: asking memkind for the nodes; /job/bin/memkind nodes; fi",
             "set +e"]
    for fill in fills:
        settings = [f"{name}={value}" for name, value in fill.subject.environment.items()]
        lines += [f"echo {fill.task}", "sh /job/machine.sh",
                  shlex.join(["env", *settings, "/job/bin/fill", *fill.arguments()])]
    return "\n".join([*lines, "exit 0", ""])


def guest_job(build: Build, setup: list[str], fills: list[Fill]) -> object:
    """The archive with everything that the job needs."""
    import guest
    from initramfs import Archive, libraries_of

    job = Archive()
    job.add_file("job/setup.sh", SYSTEM_TESTS / "guest" / "setup.sh")
    job.add_file("job/machine.sh", HERE / "machine.sh")
    job.add_bytes("job/lib/libmemkind.so.0", build.library.read_bytes(), executable=True)
    job.add_bytes("job/run", guest_script(setup, fills).encode())
    needed = libraries_of(build.library)
    for name, path in (("fill", build.fill), ("memkind", build.tool)):
        if path.exists():
            job.add_file(f"job/bin/{name}", path)
            needed.update(libraries_of(path, build.library.parent))
    guest.add_libraries(job, {n: p for n, p in needed.items() if "libmemkind" not in n})
    return job


def run_guest(build: Build, version: str, take: Callable[[str], None]) -> None:
    """Build the guest if it is stale, boot it, fill; every line it prints goes to `take`."""
    import_guest()
    import guest
    import machine
    import topology

    take("demo: building the guest (a Debian kernel and its tools)")
    built = guest.build(version)
    four = topology.load("four-node")
    job = guest_job(build, four.setup, guest_fills(four.nodes, four.data["distances"]))
    take(f"demo: booting Linux {version} with four memory nodes")
    result = machine.run(built, four, job, GUEST_SECONDS, take)
    if result.exit_code != 0:
        tail = "\n".join(result.output.splitlines()[-12:])
        raise CannotRun(f"the guest failed ({result.reason or result.exit_code}):\n{tail}")
