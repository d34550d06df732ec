#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""memkind run: what the program gets, where its memory is, and how it ends.

Usage: test_run.py TOOL TOPOLOGY_DIRECTORY
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from pathlib import Path

TOOL = sys.argv[1]
sys.path.insert(0, sys.argv[2])

import tool  # noqa: E402

FAR = {"MEMKIND_DAX_KMEM_NODES": "0"}
PYTHON = sys.executable
MIB = 1 << 20
PRELOAD = "libmemkind-preload.so.0"
TIERS = "KIND:DRAM,RATIO:1;KIND:KMEM_DAX,RATIO:4;POLICY:STATIC_RATIO"

Result = subprocess.CompletedProcess[str]
# (kind, node) -> bytes, processes
Table = dict[tuple[str, str], tuple[int, int]]


def parse_table(errors: str) -> Table:
    lines = errors.splitlines()
    if lines[0].split() != ["kind", "node", "bytes", "processes"]:
        raise AssertionError(f"no table: {errors}")
    rows = [line.split() for line in lines[1:]]
    return {(kind, node): (int(size), int(count)) for kind, node, size, count in rows}


def bytes_of(table: Table, kind: str) -> int:
    return sum(size for (name, _), (size, _) in table.items() if name == kind)


class RunTest(unittest.TestCase):
    """Runs the tool on this machine, whose node 0 is far where a test says so."""

    def run_tool(self, *arguments: str, code: int = 0, **variables: str) -> Result:
        result = tool.run(TOOL, ["run", *arguments], {**FAR, **variables})
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def table(self, *arguments: str, **variables: str) -> Table:
        return parse_table(self.run_tool("--stats", *arguments, **variables).stderr)


class EnvironmentTest(RunTest):
    """The variables of the program."""

    def variables(self, *arguments: str, **variables: str) -> dict[str, str]:
        output = self.run_tool(*arguments, "/usr/bin/env", **variables).stdout
        return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)

    def test_a_kind(self) -> None:
        found = self.variables("--kind", "dax_kmem", "--size=1K:2M", "--objects", "a.so:b")
        self.assertEqual(found["MEMKIND_PRELOAD_KIND"], "dax_kmem")
        self.assertEqual(found["MEMKIND_PRELOAD_SIZE"], "1K:2M")
        self.assertEqual(found["MEMKIND_PRELOAD_OBJECTS"], "a.so:b")
        self.assertTrue(Path(found["LD_PRELOAD"]).is_file())
        self.assertTrue(Path(found["LD_PRELOAD"]).name.startswith(PRELOAD))
        self.assertNotIn("MEMKIND_PRELOAD_STATS", found)

    def test_what_is_not_given_is_not_inherited(self) -> None:
        found = self.variables("--kind=default", MEMKIND_PRELOAD_SIZE="1:2",
                               MEMKIND_PRELOAD_OBJECTS="x", MEMKIND_MEM_TIERS=TIERS)
        for name in ("MEMKIND_PRELOAD_SIZE", "MEMKIND_PRELOAD_OBJECTS", "MEMKIND_MEM_TIERS"):
            self.assertNotIn(name, found)

    def test_other_preloads_follow(self) -> None:
        library = next(Path("/lib").glob("*-linux-gnu/libutil.so.1"))
        found = self.variables("--kind", "default", LD_PRELOAD=str(library))
        first, second = found["LD_PRELOAD"].split(":")
        self.assertIn(PRELOAD, first)
        self.assertEqual(second, str(library))

    def test_tiers(self) -> None:
        found = self.variables("--tiers", TIERS)
        self.assertEqual(found["MEMKIND_MEM_TIERS"], TIERS)
        self.assertIn("libmemtier.so.0", found["LD_PRELOAD"])
        self.assertNotIn("MEMKIND_PRELOAD_KIND", found)


class PlacementTest(RunTest):
    """Which kind the blocks are of, as the report at the end tells."""

    ALLOCATE = f"blocks = [bytearray(b'x') * {MIB} for _ in range(64)]"

    def test_everything(self) -> None:
        table = self.table("--kind", "dax_kmem", PYTHON, "-c", self.ALLOCATE)
        self.assertGreater(table["dax_kmem", "0"][0], 64 * MIB)
        self.assertEqual(table["dax_kmem", "0"][1], 1)
        self.assertLess(bytes_of(table, "default"), MIB)

    def test_names_of_kinds(self) -> None:
        for name in ("MEMKIND_DAX_KMEM", "memkind_dax_kmem", "Dax_Kmem"):
            with self.subTest(name=name):
                table = self.table("--kind", name, "sort", "/dev/null")
                self.assertGreater(bytes_of(table, "dax_kmem"), 0)

    def test_sizes(self) -> None:
        large = self.table("--kind=dax_kmem", "--size=1M:", PYTHON, "-c", self.ALLOCATE)
        self.assertGreater(bytes_of(large, "dax_kmem"), 64 * MIB)
        self.assertGreater(bytes_of(large, "default"), MIB)
        small = self.table("--kind=dax_kmem", "--size=:1K", PYTHON, "-c", self.ALLOCATE)
        self.assertLess(bytes_of(small, "dax_kmem"), 32 * MIB)
        self.assertGreater(bytes_of(small, "default"), 64 * MIB)

    def test_objects(self) -> None:
        # Some interpreters are a library and a small program.
        names = f"libx.so:{Path(PYTHON).resolve().name}:{sysconfig.get_config_var('INSTSONAME')}"
        own = self.table("--kind=dax_kmem", f"--objects={names}", PYTHON, "-c", self.ALLOCATE)
        other = self.table("--kind=dax_kmem", "--objects=libx.so", PYTHON, "-c", self.ALLOCATE)
        self.assertGreater(bytes_of(own, "dax_kmem"), 64 * MIB)
        self.assertEqual(bytes_of(other, "dax_kmem"), 0)

    def test_tiers(self) -> None:
        table = self.table("--tiers", TIERS, PYTHON, "-c", self.ALLOCATE)
        far, near = bytes_of(table, "dax_kmem"), bytes_of(table, "default")
        self.assertGreater(far + near, 64 * MIB)
        self.assertTrue(3 < far / near < 4.5, table)
        # A kind that the process made itself.
        with tempfile.TemporaryDirectory() as folder:
            tiers = f"KIND:FS_DAX,PATH:{folder},RATIO:1;POLICY:STATIC_RATIO"
            table = self.table("--tiers", tiers, PYTHON, "-c", self.ALLOCATE)
        self.assertGreater(bytes_of(table, "fs_dax"), 64 * MIB)

    def test_children_count(self) -> None:
        table = self.table("--kind=dax_kmem", "--", "bash", "-c",
                           "for i in 1 2 3; do sort /dev/null; done; (exit 0); : | cat")
        # bash, three times sort, cat, and two copies of bash, each of which has its parent's pages.
        self.assertEqual(table["dax_kmem", "0"][1], 7)

    def test_output_is_the_same(self) -> None:
        for words in (["sort", "-R", "--random-source=/bin/sh", __file__],
                      ["awk", "{ n[$1]++ } END { print length(n), NR }", __file__],
                      [PYTHON, "-c", "import json; print(json.dumps(list(range(10000))))"]):
            with self.subTest(program=words[0]):
                plain = subprocess.run(words, capture_output=True, text=True, check=True)
                result = self.run_tool("--kind", "dax_kmem", "--", *words)
                self.assertEqual((result.stdout, result.stderr), (plain.stdout, plain.stderr))

    def test_nothing_is_left_behind(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.table("--kind=default", "sort", "/dev/null", TMPDIR=folder)
            self.assertEqual(os.listdir(folder), [])
            result = self.run_tool("--stats", "--kind=default", "sort", code=125,
                                   TMPDIR=f"{folder}/none")
            self.assertRegex(result.stderr,
                             rf"\Amemkind: run: {folder}/none/\S+ can't be made: .+\n\Z")


class EndTest(RunTest):
    """Exit codes and signals."""

    def test_the_code_of_the_program(self) -> None:
        for code in (0, 1, 7, 125, 255):
            for options in ([], ["--stats"]):
                with self.subTest(code=code, options=options):
                    self.run_tool("--kind=default", *options, "bash", "-c", f"exit {code}",
                                  code=code)

    def test_a_program_that_a_signal_ends(self) -> None:
        words = ["bash", "-c", "kill -TERM $$"]
        self.run_tool("--kind=default", *words, code=-signal.SIGTERM)
        result = self.run_tool("--kind=default", "--stats", *words, code=128 + signal.SIGTERM)
        self.assertEqual(result.stderr, "memkind: run: no process has left a report\n")

    def test_a_program_that_is_not_there(self) -> None:
        for options in ([], ["--stats"]):
            with self.subTest(options=options):
                result = self.run_tool("--kind=default", *options, "/no/such", code=127)
                self.assertEqual(result.stderr, "memkind: run: /no/such can't be run: "
                                                "No such file or directory\n")
                self.run_tool("--kind=default", *options, "/dev", code=126)

    def test_the_process_is_the_program_itself(self) -> None:
        with self.start("--kind=default", "bash", "-c", "echo $$") as process:
            self.assertEqual(process.stdout.read(), f"{process.pid}\n")

    def start(self, *arguments: str, **more) -> "subprocess.Popen[str]":
        return subprocess.Popen([TOOL, "run", *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **more)

    def test_signals_are_sent_on(self) -> None:
        def expect() -> None:
            # A shell can't trap what was ignored when it began, as under nohup(1).
            signal.signal(signal.SIGHUP, signal.SIG_DFL)

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            script = (f"trap 'echo got; exit 9' {int(number)}\n"
                      "echo ready; while :; do read -t 1 < <(:); done")
            with (self.subTest(signal=number),
                  self.start("--kind=default", "--stats", "bash", "-c", script,
                             preexec_fn=expect) as process):
                self.assertEqual(process.stdout.readline(), "ready\n")
                process.send_signal(number)
                self.assertEqual(process.stdout.readline(), "got\n")
                self.assertEqual(process.wait(), 9)
                self.assertGreater(bytes_of(parse_table(process.stderr.read()), "default"), 0)

    def test_children_are_heard_of_where_they_were_ignored(self) -> None:
        def ignore() -> None:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)

        with self.start("--kind=default", "--stats", "bash", "-c", "exit 3",
                        preexec_fn=ignore) as process:
            self.assertEqual(process.wait(timeout=60), 3)


class FaultTest(RunTest):
    """One line on standard error; the program is not started."""

    def check(self, arguments: list[str], code: int, text: str, **variables: str) -> None:
        result = self.run_tool(*arguments, code=code, **variables)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, rf"\Amemkind: run: {text}\n\Z")

    def test_a_kind_that_is_not_available(self) -> None:
        self.check(["--kind=hbw", "echo"], 125, r"hbw is not available here: .*proven fast.*",
                   MEMKIND_HBW_THRESHOLD="4294967295")
        for arguments, name in ((["--kind", "dax_kmem_all"], "dax_kmem_all"),
                                (["--tiers", TIERS], "KMEM_DAX")):
            self.check([*arguments, "echo"], 125, f"{name} is not available here: .*list.*",
                       MEMKIND_DAX_KMEM_NODES="x")

    def test_a_library_that_is_not_installed(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(Path(TOOL).parents[1] / "src/api/libmemkind.so.0", folder)
            for arguments, name in ((["--kind=default"], PRELOAD),
                                    (["--tiers", TIERS], "libmemtier.so.0")):
                self.check([*arguments, "echo"], 125, f"{name} is not installed beside .*",
                           LD_LIBRARY_PATH=folder)

    def test_bad_usage(self) -> None:
        see = "; see memkind run --help"
        for arguments, text in (
                ([], "one of --kind and --tiers must be given" + see),
                (["echo"], "one of --kind and --tiers must be given" + see),
                (["--kind=default", "--tiers", TIERS, "echo"],
                 "one of --kind and --tiers must be given" + see),
                (["--tiers", TIERS, "--size", "1:2", "echo"],
                 "--size and --objects are for --kind" + see),
                (["--tiers", TIERS, "--objects", "x", "echo"],
                 "--size and --objects are for --kind" + see),
                (["--kind"], "--kind needs a value" + see),
                (["--kind", "default"], "a program must be given" + see),
                (["--kind", "default", "--"], "a program must be given" + see),
                (["--kinds=default", "echo"], "--kinds=default is no option" + see),
                (["-x", "echo"], "-x is no option" + see),
                (["--kind=dax", "echo"],
                 '--kind refused: "dax": allowed is a description.* or one of .*dax_kmem.*'),
                (["--kind=", "echo"], '--kind refused: "": allowed is a description.*'),
                (["--kind=nodes=0;limit=x", "echo"],
                 '--kind refused: "limit=x": allowed is limit= and bytes.*'),
                (["--tiers", "KIND:[nodes=x],RATIO:1;POLICY:STATIC_RATIO", "echo"],
                 '--tiers refused: "nodes=x": allowed is nodes= .*'),
                (["--kind=default", "--objects=a::b", "echo"],
                 "--objects a::b refused: allowed is a list of files.*"),
                (["--tiers", "KIND:DRAM,RATIO:1", "echo"], '--tiers ".*" refused: allowed is .*'),
                (["--kind=default", "--size=2:1", "echo"],
                 "--size 2:1 refused: allowed is a range of bytes.*")):
            with self.subTest(arguments=arguments):
                self.check(arguments, 2, text)

    def test_help(self) -> None:
        result = self.run_tool("--help")
        self.assertTrue(result.stdout.startswith("usage: memkind run --kind KIND "))
        for option in ("--kind", "--size", "--objects", "--tiers", "--stats"):
            self.assertTrue(re.search(rf"^  {option}", result.stdout, re.M), option)

    def test_options_of_the_program_are_its_own(self) -> None:
        self.assertEqual(self.run_tool("--kind=default", "echo", "--stats").stdout, "--stats\n")
        self.assertEqual(self.run_tool("--kind=default", "--", "echo", "--").stdout, "--\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
