#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The report that processes leave at their end under a preload library: MEMKIND_PRELOAD_STATS.

Usage: test_report.py LIBRARY INTERRUPTED_PROGRAM
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import NamedTuple

LIBRARY, INTERRUPTED = map(os.path.abspath, sys.argv[1:3])
PYTHON = sys.executable
MIB = 1 << 20
LINE = re.compile(r"(\d+) (\S+) ([a-z_]+) (\d+|\?) (\d+)")
VARIABLE = "MEMKIND_PRELOAD_STATS"
# Has the kernel refuse move_pages(2).
DENY = """
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 279, "aarch64": 239}[os.uname().machine]
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(code)))
libc.prctl(38, 1, 0, 0, 0)
if libc.prctl(22, 2, ctypes.byref(program)) != 0:
    raise OSError(ctypes.get_errno())
"""


class Line(NamedTuple):
    process: int
    name: str
    kind: str
    node: str
    size: int


class ReportTest(unittest.TestCase):
    """Runs programs under the library."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)
        self.path = self.folder / "report"

    def run_program(self, *words: str, code: int = 0, **variables: str) -> int:
        """Its process ID; what it wrote to standard error is in self.errors."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("MEMKIND_")}
        environment |= {"LD_PRELOAD": LIBRARY, VARIABLE: str(self.path),
                        "MEMKIND_DAX_KMEM_NODES": "0", **variables}
        with subprocess.Popen(words, env=environment, cwd=self.folder, stderr=subprocess.PIPE,
                              text=True) as process:
            self.errors = process.stderr.read()
        self.assertEqual(process.returncode, code, self.errors)
        return process.pid

    def run_python(self, script: str, **more) -> int:
        return self.run_program(PYTHON, "-c", script, **more)

    def lines(self) -> list[Line]:
        found = []
        for text in self.path.read_text().splitlines() if self.path.exists() else []:
            match = LINE.fullmatch(text)
            self.assertIsNotNone(match, text)
            process, name, kind, node, size = match.groups()
            found.append(Line(int(process), name, kind, node, int(size)))
        return found

    def processes(self) -> list[int]:
        """Each process that left a report, as often as it has lines of DEFAULT."""
        return [line.process for line in self.lines() if line.kind == "default"]

    def test_each_kind_and_node_has_a_line(self) -> None:
        process = self.run_python(f"block = bytearray(b'x') * {40 * MIB}",
                                  MEMKIND_PRELOAD_KIND="dax_kmem", MEMKIND_PRELOAD_SIZE="1M:")
        lines = {line.kind: line for line in self.lines()}
        self.assertEqual(sorted(lines), ["dax_kmem", "default"])
        self.assertEqual({line.process for line in lines.values()}, {process})
        # One node: that of the kind.
        self.assertEqual(lines["dax_kmem"].node, "0")
        self.assertTrue(40 * MIB <= lines["dax_kmem"].size < 48 * MIB, lines)
        self.assertTrue(0 < lines["default"].size < 40 * MIB, lines)

    def test_the_name_is_one_word(self) -> None:
        for name in ("name", "two words", "\tx"):
            program = self.folder / name
            shutil.copy("/usr/bin/sort", program)
            self.run_program(str(program), "/dev/null")
        self.assertEqual([line.name for line in self.lines()], ["name", "two_words", "_x"])

    def test_every_way_to_the_end(self) -> None:
        for number, (code, script) in enumerate((
                (0, ""), (3, "raise SystemExit(3)"), (4, "os._exit(4)"),
                (5, "ctypes.CDLL(None)._Exit(5)"), (6, "ctypes.CDLL(None).exit(6)")), 1):
            with self.subTest(script=script):
                process = self.run_python(f"import ctypes, os\n{script}", code=code)
                self.assertEqual(self.processes()[-1], process)
                self.assertEqual(len(self.processes()), number)

    def test_a_signal_leaves_none(self) -> None:
        self.run_python("import os; os.kill(os.getpid(), 9)", code=-9)
        self.assertEqual(self.lines(), [])

    def test_an_end_in_the_middle_of_an_allocation(self) -> None:
        for delay in range(1000, 5000, 500):
            self.run_program(INTERRUPTED, str(delay), code=3)

    def test_exec_is_no_end(self) -> None:
        process = self.run_program("bash", "-c", "exec sort /dev/null")
        self.assertEqual([(line.process, line.name) for line in self.lines()], [(process, "sort")])

    def test_a_fork_child_has_its_own(self) -> None:
        script = ("import os\nblock = bytearray(b'x') * (8 << 20)\nchild = os.fork()\n"
                  "if child == 0:\n    more = bytearray(b'x') * (32 << 20)\n    os._exit(0)\n"
                  "os.waitpid(child, 0)")
        process = self.run_python(script)
        child, parent = self.lines()
        self.assertEqual(parent.process, process)
        self.assertNotEqual(child.process, process)
        self.assertGreater(child.size, parent.size + 30 * MIB)

    def test_a_child_in_its_parents_memory_has_none(self) -> None:
        # Python's subprocess takes vfork, and calls _exit() in the child where exec fails.
        script = ("import subprocess\ntry:\n    subprocess.run(['/no/such'])\n"
                  "except FileNotFoundError:\n    pass")
        process = self.run_python(script)
        self.assertEqual(self.processes(), [process])

    def test_what_the_program_does_to_its_environment_and_directory(self) -> None:
        script = ("import ctypes, os\nos.chdir('/')\ngetenv = ctypes.CDLL(None).getenv\n"
                  "getenv.restype = ctypes.c_void_p\n"
                  f"ctypes.memset(getenv(b'{VARIABLE}'), 120, 6)\nos.environ.clear()")
        process = self.run_python(script, MEMKIND_PRELOAD_STATS="report")
        self.assertEqual(self.processes(), [process])

    def test_many_at_once(self) -> None:
        self.run_program("bash", "-c",
                         "for i in {1..40}; do sort /dev/null & done; wait")
        self.assertEqual(len(set(self.processes())), 41)
        self.assertEqual(len(self.processes()), 41)

    def test_a_kernel_that_tells_no_nodes(self) -> None:
        self.run_python(f"{DENY}\nblock = bytearray(b'x') * {40 * MIB}",
                        MEMKIND_PRELOAD_KIND="dax_kmem")
        sizes = {(line.kind, line.node): line.size for line in self.lines()}
        self.assertGreater(sizes["dax_kmem", "?"], 40 * MIB)

    def test_a_path_that_cannot_be_written(self) -> None:
        for path in ("/no/such/folder/report", "/", str(self.folder)):
            with self.subTest(path=path):
                self.run_program("sort", "/dev/null", MEMKIND_PRELOAD_STATS=path)
                self.assertEqual(self.errors, "")
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        self.run_program("sort", "/dev/null", MEMKIND_PRELOAD_STATS=str(fifo))

    def test_a_path_that_is_none(self) -> None:
        for path in ("", "x" * 5000):
            with self.subTest(length=len(path)):
                self.run_program("sort", "/dev/null", code=1, MEMKIND_PRELOAD_STATS=path)
                self.assertRegex(self.errors,
                                 rf'\Amemkind: {VARIABLE}="x*" refused: .*the path of a file.*\n\Z')

    def test_nothing_without_the_variable(self) -> None:
        self.run_program("env", "-u", VARIABLE, "bash", "-c", "(exit 0); sort /dev/null")
        self.assertEqual([line.name for line in self.lines()], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
