#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests of cases.py in virtual machines, with real kmem nodes.

Prints a line a test and, last, "N passed, N failed, N skipped"; the exit code is 0 if none failed.
Cases with the same machine and kernel share a boot, unless one says that it changes the machine.
"""

import argparse
import concurrent.futures
import dataclasses
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Iterable, Iterator

import cases as table
import checks
import guest as guests
import kernel
import machine
import topology as topologies
import tutorial
from case import Case
from initramfs import Archive, libraries_of

HERE = Path(__file__).resolve().parent
_OUTPUT_DIRECTORY = guests.PROJECT / "build" / "system"
_COMPAT = guests.PROJECT / "tests" / "compat"
_PROBE = ("place", "fill", "migrate", "avail", "hotplug", "tied", "daxfile", "verify",
          "resident", "heap", "hold", "exhaust", "where", "weights", "storm", "group", "move")
_EXAMPLES = ("cache",)
# Name -> sources of the test programs; those of _PROBE, examples, and the tutorial's, are linked to the
# library.
PROGRAMS = {
    **{name: [HERE / "programs" / f"{name}.c", HERE / "programs" / "probe.c"] for name in _PROBE},
    "move": [HERE / "programs" / f"{name}.c" for name in ("move", "block", "probe")],
    **{name: [HERE / "programs" / f"{name}.c"] for name in ("deny", "terminal")},
    **{name: [guests.PROJECT / "examples" / f"{name}.c"] for name in _EXAMPLES},
    "compat": [_COMPAT / "compat.c", *sorted(_COMPAT.glob("cases_*.c"))],
    "openmp-llvm": [HERE / "programs" / "openmp.c"],
    "openmp-gcc": [HERE / "programs" / "openmp.c"],
    tutorial.PROGRAM: [_OUTPUT_DIRECTORY / f"{tutorial.PROGRAM}.c"],
}
# Links with libmemkind 1.14, too, which lacks the functions that are new.
_LENIENT = ["cc", "-Wl,--unresolved-symbols=ignore-all"]
# Compiler and options, where they are not the usual ones.
_COMPILERS = {"openmp-llvm": ["clang", "-fopenmp"], "openmp-gcc": ["cc", "-fopenmp"],
              **dict.fromkeys((*_EXAMPLES, tutorial.PROGRAM), _LENIENT)}
# Debian 13's C library and OpenMP runtime: 14, which knows libmemkind, and needs glibc 2.38.
_TRIXIE = guests.PROJECT / "build" / "trixie"
_TRIXIE_PACKAGES = ("libc6", "libgcc-s1", "libgomp1")
_TRIXIE_FILES = ("ld-linux-x86-64.so.2", "libc.so.6", "libgcc_s.so.1", "libgomp.so.1")
_PRELOADS = ("libmemkind-preload.so.0", "libmemtier.so.0", "libautohbw.so.0")
_SETUP_LIMIT = 60
# How a terminal is drawn on, of Debian's essential ncurses-base.
_TERMINFO = Path("/lib/terminfo/v/vt100")
_DEBIAN_LIBRARY = Path("/usr/lib/x86_64-linux-gnu/libmemkind.so.0")
_DEFAULT_LIBRARY = guests.PROJECT / "build" / "src" / "api"
_SHOWN_LINES = 25
# The test program could not be started, or says that it is broken: never an expected failure.
_BROKEN_CODES = (2, 126, 127)
# The last words of a kernel that met a fault of its own, not of a program, and not a lack of memory.
_FATAL = "Kernel panic - not syncing: Fatal exception"
# What the guest has itself, in the versions of the host.
_LOADER_LIBRARIES = ("libc.so.6", "/lib64/ld-linux-x86-64.so.2")


@dataclasses.dataclass
class Setting:
    """What a run is made with."""

    library: Path | None  # the directory of libmemkind.so.0; None: Debian's libmemkind 1.14
    tool: Path | None  # the `memkind` tool, if it was built
    guest_directory: Path
    programs: Path
    python: Path | None = None  # the directory of the Python package, if it was built

    @property
    def is_old(self) -> bool:
        return self.library is None


@dataclasses.dataclass
class Outcome:
    kernel: str
    case: Case
    status: str  # PASS, FAIL, SKIP
    why: str = ""
    output: str = ""


def compile_programs(setting: Setting) -> None:
    """The test programs, linked to the library's SONAME: the guest decides which one they get."""
    include = guests.PROJECT / "include"
    headers = [f"-I{include}"] if (include / "memkind.h").exists() else []
    library = _DEBIAN_LIBRARY if setting.is_old else setting.library / "libmemkind.so.0"
    setting.programs.mkdir(parents=True, exist_ok=True)
    _OUTPUT_DIRECTORY.mkdir(parents=True, exist_ok=True)
    tutorial.write_program(_OUTPUT_DIRECTORY / f"{tutorial.PROGRAM}.c")
    for name, sources in PROGRAMS.items():
        linked = [str(library)] if name in (*_PROBE, *_EXAMPLES, tutorial.PROGRAM) else []
        kernel.run([*_COMPILERS.get(name, ["cc"]), "-std=gnu17", "-O1", "-g0", "-D_GNU_SOURCE", "-Wall", "-Wextra",
                    *headers, "-o", str(setting.programs / name), *map(str, sources), *linked,
                    "-lpthread"])


def nodes_case(topology: topologies.Topology) -> Case:
    return Case("nodes", topology.name, "numactl -H", checks.numactl_nodes(topology.expected))


def classify_case(topology: topologies.Topology) -> Case:
    return Case("classify", topology.name, "memkind nodes --json",
                checks.classification(topology.expected))


def all_cases() -> list[Case]:
    """The table, and two cases for each machine: its nodes, and what the tool says of them."""
    rows = table.table()
    for name in topologies.names():
        topology = topologies.load(name)
        rows += [nodes_case(topology), classify_case(topology)]
    return rows


def groups(cases: Iterable[Case]) -> list[list[Case]]:
    """Cases that may share a boot. Those that fill memory come last."""
    shared: dict[str, list[Case]] = {}
    alone = []
    for case in cases:
        if case.is_alone:
            alone.append([case])
        else:
            shared.setdefault(case.topology, []).append(case)
    for group in shared.values():
        group.sort(key=lambda case: (case.name != "nodes", case.output_name != ""))
    return [*shared.values(), *alone]


def _start_mark(case: Case) -> str:
    return f"=== start {case.name}"


_END_MARK = "=== end "


def job_script(topology: topologies.Topology, cases: list[Case]) -> str:
    lines = [". /job/setup.sh", "failed() { echo '=== setup failed'; exit 1; }"]
    lines += [f"{command} || failed" for command in topology.setup]
    for case in cases:
        lines += [f"echo '{_start_mark(case)}'",
                  f"timeout -s KILL {case.limit} sh /job/cases/{case.name} 2>&1",
                  f'echo "{_END_MARK}$?"']
    return "\n".join([*lines, "exit 0", ""])


def case_script(case: Case) -> str:
    return (". /job/setup.sh\nexport LD_LIBRARY_PATH=/job/library\n" + case.job + "\n")


def _add_debian_library(archive: Archive, directory: str) -> None:
    archive.add_file(f"{directory}/libmemkind.so.0", _DEBIAN_LIBRARY)
    for name, path in libraries_of(_DEBIAN_LIBRARY).items():
        if name not in _LOADER_LIBRARIES:
            archive.add_bytes(f"{directory}/{name}", Path(path).read_bytes(), executable=True)


def _add_openmp(setting: Setting, archive: Archive) -> None:
    """The OpenMP runtimes: LLVM's of this machine, GCC's of Debian 13 with its C library."""
    guests.add_libraries(archive, libraries_of(setting.programs / "openmp-llvm"))
    for name in _TRIXIE_FILES:
        archive.add_file(f"job/trixie/{name}", _TRIXIE / "usr/lib/x86_64-linux-gnu" / name)


def _add_python(setting: Setting, archive: Archive) -> None:
    """Debian's Python and NumPy, as far as the package of ours needs them, at their own paths."""
    program = Path("/usr/bin/python3")
    shown = kernel.run([str(program), "-B", "-c",
                        f"import sys; sys.path.insert(0, {str(setting.python)!r})\n"
                        "import memkind._numpy\n"
                        "for module in list(sys.modules.values()):\n"
                        "    print(getattr(module, '__file__', None) or '')"])
    guests.add_program(archive, "bin/python3", program)
    archive.add_file("job/arrays.py", HERE / "programs" / "arrays.py")
    for path in sorted({Path(line) for line in shown.split()}):
        own = path.is_relative_to(setting.python)
        name = f"job/python/{path.relative_to(setting.python)}" if own else str(path)
        archive.add_file(name.replace("/usr/", "/", 1), path)
        if path.suffix == ".so":
            guests.add_libraries(archive, {library: where for library, where
                                           in libraries_of(path).items()
                                           if library != "libmemkind.so.0"})


def make_job(setting: Setting, topology: topologies.Topology, cases: list[Case]) -> Archive:
    archive = Archive()
    archive.add_file("job/setup.sh", HERE / "guest" / "setup.sh")
    archive.add_bytes("job/run", job_script(topology, cases).encode())
    for case in cases:
        archive.add_bytes(f"job/cases/{case.name}", case_script(case).encode())
    for name in PROGRAMS:
        archive.add_file(f"job/bin/{name}", setting.programs / name)
    archive.add_link("job/library/libmemkind.so", "libmemkind.so.0")
    if setting.tool is not None:
        guests.add_program(archive, "job/bin/memkind", setting.tool)
        archive.add_file("lib/terminfo/v/vt100", _TERMINFO)
    if setting.is_old:
        _add_debian_library(archive, "job/library")
    else:
        archive.add_file("job/library/libmemkind.so.0", setting.library / "libmemkind.so.0")
        for name in _PRELOADS:
            preload = setting.library.parent / "preload" / name
            if preload.exists():
                archive.add_file(f"job/library/{name}", preload)
    if any(case.needs_old for case in cases):
        _add_debian_library(archive, "job/debian")
    if any(case.needs_openmp for case in cases):
        _add_openmp(setting, archive)
    if any(case.needs_redis for case in cases):
        for name in ("redis-server", "redis-cli"):
            guests.add_program(archive, f"job/bin/{name}", guests.tool_path(name))
    if any(case.needs_python for case in cases):
        _add_python(setting, archive)
    return archive


class Sections:
    """Takes the guest's lines and cuts them into what each case printed, with its exit code."""

    def __init__(self, on_end: Callable[[str, int, str], None]) -> None:
        self.setup_lines: list[str] = []
        self.current = ""
        self._lines: list[str] = []
        self._on_end = on_end

    def take(self, line: str) -> None:
        if line.startswith("=== start "):
            self.current, self._lines = line.removeprefix("=== start "), []
        elif line.startswith(_END_MARK) and self.current:
            name, self.current = self.current, ""
            self._on_end(name, int(line.removeprefix(_END_MARK)), self.rest())
        elif self.current:
            self._lines.append(line)
        else:
            self.setup_lines.append(line)

    def rest(self) -> str:
        return "\n".join(self._lines)


def _keep_output(case: Case, version: str, output: str) -> None:
    if case.output_name:
        _OUTPUT_DIRECTORY.mkdir(parents=True, exist_ok=True)
        (_OUTPUT_DIRECTORY / f"{case.output_name}-{version}.txt").write_text(output + "\n")


def judge(setting: Setting, version: str, case: Case, code: int, output: str) -> Outcome:
    error = f"exit code {code}" if code != 0 else case.check(output)
    if setting.is_old and case.old_is_wrong and code not in _BROKEN_CODES:
        if error:
            return Outcome(version, case, "PASS", f"fails as expected: {case.old_is_wrong}")
        return Outcome(version, case, "FAIL", "libmemkind 1.14 passes, against expectation", output)
    return Outcome(version, case, "FAIL" if error else "PASS", error, output)


def run_group(setting: Setting, version: str, group: list[Case],
              report: Callable[[Outcome], None]) -> None:
    """Boots as often as it takes: a case that takes the guest down is not run again.

    But once, where the guest's kernel took itself down: no program can do that. The emulator does, now
    and then, when the kernel patches its own code on a machine that is busy.
    """
    topology = topologies.load(group[0].topology)
    guest = guests.build(version, setting.guest_directory)
    pending = {case.name: case for case in group}
    may_repeat = True
    while pending:
        def finish(name: str, code: int, output: str) -> None:
            case = pending.pop(name)
            if not setting.is_old:
                _keep_output(case, version, output)
            report(judge(setting, version, case, code, output))

        sections = Sections(finish)
        batch = list(pending.values())
        limit = _SETUP_LIMIT + sum(case.limit for case in batch)
        result = machine.run(guest, topology, make_job(setting, topology, batch), limit,
                             sections.take)
        if not pending:
            return
        if may_repeat and _FATAL in result.output:
            may_repeat = False
            print(f"AGAIN {version:<5} {topology.name}/{sections.current}: the guest's kernel "
                  "took itself down", flush=True)
            continue
        if sections.current in pending:
            case = pending.pop(sections.current)
            report(Outcome(version, case, "FAIL", result.reason or "cut short", sections.rest()))
            continue
        why = result.reason or "the machine could not be set up"
        for case in pending.values():
            report(Outcome(version, case, "FAIL", why, "\n".join(sections.setup_lines)))
        return


def skip_reason(setting: Setting, version: str, case: Case) -> str:
    topology = topologies.load(case.topology)
    if version not in case.kernels:
        return f"it is for {', '.join(case.kernels)}"
    if not topology.works_on(version):
        return f"{topology.name} does not come up on {version}"
    if (case.name == "classify" or case.needs_tool) and setting.tool is None:
        return "the memkind tool is not built"
    if case.needs_python and setting.python is None:
        return "the Python package for NumPy is not built (python3-dev, python3-numpy)"
    return ""


class Reporter:
    """Prints outcomes as they come, and counts them."""

    def __init__(self, shows_output: bool) -> None:
        self.count = {"PASS": 0, "FAIL": 0, "SKIP": 0}
        self._shows_output = shows_output
        self._lock = threading.Lock()

    def __call__(self, outcome: Outcome) -> None:
        with self._lock:
            self.count[outcome.status] += 1
            why = f"  ({outcome.why})" if outcome.why else ""
            print(f"{outcome.status}  {outcome.kernel:4}  {outcome.case.topology}/"
                  f"{outcome.case.name}{why}", flush=True)
            if outcome.status == "FAIL" or self._shows_output or outcome.case.shows_output:
                for line in outcome.output.splitlines()[-_SHOWN_LINES:]:
                    print(f"        {line}", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", action="append", choices=sorted(kernel.META_PACKAGES),
                        help="default: all")
    parser.add_argument("--case", nargs="+", default=[], metavar="NAME",
                        help="NAME, TOPOLOGY/NAME or TOPOLOGY/; default: all")
    parser.add_argument("--library", default=str(_DEFAULT_LIBRARY), metavar="DIR",
                        help='directory of libmemkind.so.0, or "debian" for libmemkind 1.14')
    parser.add_argument("--tool", type=Path, help="the memkind tool; default: of the same build")
    parser.add_argument("--guest", type=Path, default=guests.DEFAULT_DIRECTORY, metavar="DIR",
                        help="where guests are built and kept")
    parser.add_argument("--jobs", type=int, default=1, help="virtual machines at once")
    parser.add_argument("--list", action="store_true", help="print the cases, run none")
    parser.add_argument("--verbose", action="store_true", help="print what passing tests printed")
    return parser.parse_args()


def is_chosen(case: Case, names: list[str]) -> bool:
    ways = (case.name, f"{case.topology}/", f"{case.topology}/{case.name}")
    return not names or any(name in ways for name in names)


def make_setting(arguments: argparse.Namespace) -> Setting:
    programs = arguments.guest / "programs"
    if arguments.library == "debian":
        return Setting(None, arguments.tool, arguments.guest, programs)
    library = Path(arguments.library).resolve()
    if not (library / "libmemkind.so.0").exists():
        sys.exit(f"run.py: {library} has no libmemkind.so.0: build it first, or say --library")
    tool = arguments.tool or library.parent.parent / "tools" / "memkind"
    python = library.parent.parent / "python"
    return Setting(library, tool if tool.exists() else None, arguments.guest, programs,
                   python if any(python.glob("memkind/_numpy*.so")) else None)


def chosen_groups(setting: Setting, versions: list[str], chosen: list[Case],
                  report: Reporter) -> Iterator[tuple[str, list[Case]]]:
    for version in versions:
        wanted = []
        for case in chosen:
            reason = skip_reason(setting, version, case)
            if reason:
                report(Outcome(version, case, "SKIP", reason))
            else:
                wanted.append(case)
        yield from ((version, group) for group in groups(wanted))


def main() -> int:
    arguments = parse_arguments()
    chosen = [case for case in all_cases() if is_chosen(case, arguments.case)]
    if arguments.list or not chosen:
        for case in chosen:
            print(f"{case.topology}/{case.name}  {' '.join(case.kernels)}")
        return 0 if chosen else 2
    started = time.monotonic()
    setting = make_setting(arguments)
    report = Reporter(arguments.verbose)
    versions = arguments.kernel or sorted(kernel.META_PACKAGES)
    try:
        for version in versions:
            guests.build(version, setting.guest_directory)
        compile_programs(setting)
        kernel.run([str(guests.PROJECT / "scripts" / "unpack-packages"), str(_TRIXIE), "amd64",
                    "trixie", *_TRIXIE_PACKAGES])
    except (RuntimeError, FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.exit(f"run.py: {error}")
    work = list(chosen_groups(setting, versions, chosen, report))
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = [pool.submit(run_group, setting, version, group, report)
                   for version, group in work]
        for future in futures:
            future.result()
    print(f"{time.monotonic() - started:.0f} s, {len(work)} groups")
    print(f"{report.count['PASS']} passed, {report.count['FAIL']} failed, "
          f"{report.count['SKIP']} skipped")
    return 1 if report.count["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
