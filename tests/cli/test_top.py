#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""memkind top: a program that takes memory, seen once, again and again, and in a terminal.

Usage: test_top.py TOOL TOPOLOGY_DIRECTORY HOLDER
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Callable

TOOL, TOPOLOGY_DIRECTORY, HOLDER = map(os.path.abspath, sys.argv[1:4])
sys.path.insert(0, TOPOLOGY_DIRECTORY)

import tool  # noqa: E402

MIB = 1 << 20
PATIENCE_S = 30
NO_NUMA = "" if Path("/proc/self/numa_maps").exists() else "the kernel has no numa_maps"
Memory = dict[tuple[str, Any], int]


class Holder:
    """A process that holds what it was told to take."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True,
                                        env={**os.environ, "MEMKIND_DAX_KMEM_NODES": "0"})
        self.pid = self.process.pid
        self.take("default", 1)

    def take(self, kind: str, mib: int) -> None:
        self.process.stdin.write(f"{kind} {mib}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def end(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(PATIENCE_S)


class TopTest(unittest.TestCase):
    """Has a holder where it asks for one."""

    def holder(self) -> Holder:
        holder = Holder()
        self.addCleanup(holder.end)
        return holder

    def run_tool(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        result = tool.run(TOOL, ["top", *arguments])
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def process_in(self, text: str, pid: int) -> dict[str, Any]:
        found = [process for process in json.loads(text)["processes"] if process["pid"] == pid]
        self.assertEqual(len(found), 1, text)
        return found[0]

    def memory(self, process: dict[str, Any]) -> Memory:
        """Bytes by label and node. The label of dax_kmem is its policy on some kernels."""
        rows = process["memory"]
        self.assertEqual(process["bytes"],
                         sum(row["bytes"] for row in rows if row["node"] is not None))
        self.assertEqual(process["swap"],
                         sum(row["bytes"] for row in rows if row["node"] is None))
        labels = {"bind:0": "dax_kmem"}
        memory = {}
        for row in rows:
            label = row["kind"] or row["policy"] or "other"
            memory[labels.get(label, label), row["node"]] = row["bytes"]
        self.assertEqual(len(memory), len(rows))
        return memory


@unittest.skipIf(tool.SKIP_LIVE or NO_NUMA, tool.SKIP_LIVE or NO_NUMA)
class OnceTest(TopTest):
    """Looks at this machine without a terminal."""

    def test_bytes_of_a_kind(self) -> None:
        holder = self.holder()
        holder.take("dax_kmem", 40)
        process = self.process_in(self.run_tool("--once", "--json").stdout, holder.pid)
        self.assertEqual(process["name"], Path(HOLDER).name[:15])
        self.assertIsNone(process["growth"])
        memory = self.memory(process)
        self.assertTrue(40 * MIB <= memory["dax_kmem", 0] < 45 * MIB, memory)

    def test_growth(self) -> None:
        holder = self.holder()
        with subprocess.Popen([TOOL, "top", "--json", "--interval=0.1", f"--pid={holder.pid}"],
                              stdout=subprocess.PIPE, text=True) as top:
            first = self.process_in(top.stdout.readline(), holder.pid)
            self.assertIsNone(first["growth"])
            holder.take("dax_kmem", 60)
            growth = 0
            while self.memory(process := self.process_in(top.stdout.readline(), holder.pid)).get(
                    ("dax_kmem", 0), 0) < 60 * MIB:
                growth = max(growth, process["growth"])
            self.assertGreater(max(growth, process["growth"]), MIB)
            holder.end()
            for line in top.stdout:
                self.process_in(line, holder.pid)
            self.assertEqual(top.wait(PATIENCE_S), 1)

    def test_two_looks(self) -> None:
        holder = self.holder()
        text = self.run_tool("--once", "--json", "--interval", "0.1", "--pid",
                             str(holder.pid)).stdout
        self.assertEqual(self.process_in(text, holder.pid)["growth"], 0)
        self.assertEqual(len(text.splitlines()), 1)

    def test_a_table_in_a_pipe(self) -> None:
        holder = self.holder()
        holder.take("dax_kmem", 40)
        lines = self.run_tool().stdout.splitlines()
        self.assertEqual(lines[0].split(), ["pid", "name", "kind", "node", "size", "growth/s"])
        rows = [line.split() for line in lines[1:] if line.split()[0] == str(holder.pid)]
        self.assertIn(rows[0][2], ("dax_kmem", "bind:0"))
        self.assertEqual(rows[0][1:2] + rows[0][3:4] + rows[0][5:], ["holder", "0", "MiB", "-"])
        self.assertTrue(40 <= float(rows[0][4]) < 45, rows)
        self.assertEqual(rows[-1][2], "other")

    def test_the_order(self) -> None:
        small, large = self.holder(), self.holder()
        large.take("default", 30)
        for arguments, least_first in (([], False), (["--sort=bytes"], False),
                                       (["--sort", "pid"], small.pid < large.pid)):
            text = self.run_tool("--once", "--json", *arguments).stdout
            pids = [process["pid"] for process in json.loads(text)["processes"]]
            self.assertEqual(pids.index(small.pid) < pids.index(large.pid), least_first)

    def test_a_process_without_the_library(self) -> None:
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
            text = self.run_tool("--once", "--json").stdout
            self.assertNotIn(other.pid,
                             [process["pid"] for process in json.loads(text)["processes"]])
            text = self.run_tool("--once", "--json", "--pid", str(other.pid)).stdout
            self.assertEqual({label for label, _ in self.memory(
                self.process_in(text, other.pid))}, {"other"})

    def test_odd_names(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / 'a"(\x1b) \xff'
            shutil.copy(shutil.which("cat"), program)
            with subprocess.Popen([program], stdin=subprocess.PIPE) as other:
                text = self.run_tool("--once", "--json", f"--pid={other.pid}").stdout
                self.assertEqual(self.process_in(text, other.pid)["name"], 'a"(?) ??')


class FaultTest(TopTest):
    """One line on standard error."""

    def test_bad_usage(self) -> None:
        for arguments, fault in (
                (["--twice"], "--twice is no option"), (["1"], "1 is no option"),
                ([""], " is no option"), (["--once=1"], "--once=1 is no option"),
                (["--pid"], "--pid needs the number of a process"),
                (["--pid=0"], "--pid needs the number of a process"),
                (["--pid", "-1"], "--pid needs the number of a process"),
                (["--pid", "4294967297"], "--pid needs the number of a process"),
                (["--interval", "0"], "--interval needs seconds, 0.1 to 3600"),
                (["--interval", "nan"], "--interval needs seconds, 0.1 to 3600"),
                (["--interval", "1s"], "--interval needs seconds, 0.1 to 3600"),
                (["--interval=1.2.3"], "--interval needs seconds, 0.1 to 3600"),
                (["--sort", "size"], "--sort needs bytes, growth, swap, pid or name"),
                (["--sort"], "--sort needs bytes, growth, swap, pid or name")):
            with self.subTest(arguments=arguments):
                result = self.run_tool(*arguments, code=2)
                self.assertEqual(result.stdout, "")
                self.assertEqual(result.stderr,
                                 f"memkind: top: {fault}; see memkind top --help\n")

    def test_help(self) -> None:
        result = self.run_tool("--help")
        self.assertTrue(result.stdout.startswith("usage: memkind top [--once] [--json]"))
        self.assertEqual(result.stderr, "")

    @unittest.skipIf(tool.SKIP_LIVE or NO_NUMA, tool.SKIP_LIVE or NO_NUMA)
    def test_no_such_process(self) -> None:
        with subprocess.Popen(["true"]) as gone:
            gone.wait(PATIENCE_S)
        result = self.run_tool("--once", "--pid", str(gone.pid), code=1)
        self.assertEqual((result.stdout, result.stderr),
                         ("", f"memkind: top: there is no process {gone.pid}\n"))

    @unittest.skipIf(tool.SKIP_LIVE or NO_NUMA, tool.SKIP_LIVE or NO_NUMA)
    @unittest.skipIf(os.geteuid() != 0, "only root can be somebody else")
    def test_a_process_of_somebody_else(self) -> None:
        holder = self.holder()

        def run_as_nobody(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run([TOOL, "top", "--once", *arguments], user=65534, group=65534,
                                  extra_groups=[], capture_output=True, text=True, check=False,
                                  timeout=PATIENCE_S, cwd="/")

        try:
            result = run_as_nobody("--pid", str(holder.pid))
        except PermissionError:
            self.skipTest("nobody may not run the tool here")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(f"memkind: top: process {holder.pid} may not be read", result.stderr)
        result = run_as_nobody("--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreater(json.loads(result.stdout)["denied"], 0)
        self.assertIn("may not be read", run_as_nobody().stderr)


@unittest.skipIf(tool.SKIP_LIVE or NO_NUMA, tool.SKIP_LIVE or NO_NUMA)
@unittest.skipIf(shutil.which("tmux") is None, "tmux is not installed")
class ScreenTest(TopTest):
    """In a terminal of tmux."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.socket = f"{folder.name}/tmux"

    def tmux(self, *arguments: str) -> str:
        return subprocess.run(["tmux", "-f", "/dev/null", "-S", self.socket, *arguments],
                              text=True, check=True, stdout=subprocess.PIPE,
                              timeout=PATIENCE_S).stdout

    def start(self, *arguments: str) -> None:
        """A shell runs the tool and tells how it ended."""
        command = " ".join([TOOL, "top", "--interval=0.2", *arguments])
        self.tmux("new-session", "-d", "-x", "80", "-y", "24",
                  f"trap : INT; {command}; echo ended with $?; exec cat")
        self.addCleanup(self.tmux, "kill-server")
        self.tmux("set-option", "-g", "window-size", "manual")
        text = self.wait(lambda text: "memkind top:" in text or "ended with" in text)
        if "without ncurses" in text:
            self.skipTest("memkind was built without ncurses")

    def screen(self, *options: str) -> str:
        return self.tmux("capture-pane", "-p", *options)

    def wait(self, is_there: Callable[[str], bool], *options: str) -> str:
        end = time.monotonic() + PATIENCE_S
        while not is_there(text := self.screen(*options)):
            self.assertLess(time.monotonic(), end, text)
            time.sleep(0.02)
        return text

    def key(self, name: str) -> None:
        self.tmux("send-keys", name)

    def selected(self, text: str) -> str:
        """What is shown in reverse."""
        lines = [line for line in text.splitlines() if re.search(r"\x1b\[(0;)?7m", line)]
        self.assertLessEqual(len(lines), 1, text)
        return re.sub(r"\x1b\[[0-9;]*m", "", lines[0]).split()[0] if lines else ""

    def select(self, pid: str) -> None:
        """Others that use the library may come and go between and around."""
        end = time.monotonic() + PATIENCE_S
        while (now := self.selected(self.screen("-e"))) != pid:
            self.assertLess(time.monotonic(), end, now)
            shown = re.findall(r"(?m)^ +(\d+) ", self.screen())
            if now not in shown or pid not in shown:
                continue
            self.key("Down" if shown.index(now) < shown.index(pid) else "Up")
            drawn_s = time.monotonic() + 1
            while self.selected(self.screen("-e")) in ("", now) and time.monotonic() < drawn_s:
                time.sleep(0.02)

    def test_a_program_grows_and_ends(self) -> None:
        holder = self.holder()
        self.start()
        holder.take("dax_kmem", 1200)
        text = self.wait(lambda text: re.search(rf"{holder.pid}  holder +1\.2 GiB", text))
        self.assertIn("by bytes", text)
        self.assertIn("in swap", text)
        # The largest is the first, and its kinds and nodes are below.
        self.assertRegex(text, r"(?m)^(dax_kmem|bind:0) +0 +1\.2 GiB")
        self.assertIn("q quit", text.splitlines()[-1])
        holder.end()
        self.wait(lambda text: f"{holder.pid}  holder" not in text)
        self.key("q")
        self.wait(lambda text: "ended with 0" in text)

    def test_keys(self) -> None:
        first, second = self.holder(), self.holder()
        pids = [str(pid) for pid in sorted((first.pid, second.pid))]
        self.start()
        for order in ("growth", "swap", "pid"):
            self.key("s")
            self.wait(lambda text, order=order: f"by {order}" in text)
        self.wait(lambda text: all(pid in text for pid in pids))
        for pid in (pids[1], pids[0], pids[1]):
            self.select(pid)
        self.key("r")
        text = self.wait(lambda text: "by pid, reversed" in text)
        self.assertLess(text.index(pids[1]), text.index(pids[0]))
        # It stays selected where it goes.
        self.wait(lambda text: self.selected(text) == pids[1], "-e")
        self.key("Escape")
        self.wait(lambda text: "ended with 0" in text)

    def test_sizes_of_the_terminal(self) -> None:
        holder = self.holder()
        self.start(f"--pid={holder.pid}")
        for width, height in ((40, 8), (20, 5), (10, 3), (12, 2), (5, 1), (132, 50), (80, 24)):
            self.tmux("resize-window", "-x", str(width), "-y", str(height))
            text = self.wait(lambda text, size=(width, height): self.fits(text, *size))
            if height >= 3 and width >= 8:
                self.assertIn(str(holder.pid), text)
        self.key("q")
        self.wait(lambda text: "ended with 0" in text)

    def fits(self, text: str, width: int, height: int) -> bool:
        """It was drawn for the new size: the title, and the keys where there is room for them."""
        lines = text.splitlines()
        title = "memkind top:"[:width].rstrip()
        keys = "q quit   up/down"[:width].rstrip()
        return (lines[0].startswith(title) and len(lines) <= height and
                (height < 4 or (len(lines) == height and lines[-1].startswith(keys))))

    def test_a_process_that_ends(self) -> None:
        holder = self.holder()
        self.start(f"--pid={holder.pid}")
        self.wait(lambda text: f"{holder.pid}  holder" in text)
        holder.end()
        text = self.wait(lambda text: "ended with 1" in text)
        self.assertIn(f"memkind: top: there is no process {holder.pid}", text)

    def test_an_interrupt_leaves_the_terminal_as_it_was(self) -> None:
        self.start()
        self.key("C-c")
        self.wait(lambda text: "ended with 1" in text and "memkind top:" not in text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
