#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the runner itself: what can be wrong without a virtual machine noticing."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import cases
import checks
import kernel
import machine
import run
import topology
import tutorial
from case import Case
from initramfs import Archive, parse_ldd


def fill_text(steps: list[tuple[int, ...]], reason: str = "killed") -> str:
    """Records of fill.c for nodes 0, 1 and swap, in MiB."""
    lines = ["start kind=DAX_KMEM cpu=0 block=1048576"]
    for step in steps:
        zero, one, swap = (value * checks.PAGES_PER_MIB for value in step)
        lines.append(f"step ms=1 blocks={sum(step)} cpu=0 node0={zero} node1={one} swap={swap}")
    return "\n".join([*lines, f"end reason={reason} blocks=1"])


class FillTest(unittest.TestCase):
    good = [(10, 0, 0), (100, 0, 0), (100, 50, 0), (100, 50, 20)]
    order = ((0, 90), (1, 40), ("swap", 10))

    def test_right_order(self) -> None:
        check = checks.fill_order(self.order, ("killed",))
        self.assertEqual("", check(fill_text(self.good)))

    def test_wrong_order(self) -> None:
        check = checks.fill_order(((1, 40), (0, 90), ("swap", 10)), ("killed",))
        self.assertIn("order", check(fill_text(self.good)))

    def test_node_besides(self) -> None:
        self.assertIn("order", checks.fill_order(((0, 90),), ("killed",))(fill_text(self.good)))

    def test_next_node_too_early(self) -> None:
        early = [(10, 0, 0), (50, 20, 0), (100, 50, 0), (100, 50, 20)]
        self.assertIn("was used when", checks.fill_order(self.order, ("killed",))(fill_text(early)))

    def test_room_made_later(self) -> None:
        check = checks.fill_order(self.order, ("killed",))
        self.assertEqual("", check(fill_text([*self.good, (150, 50, 40)])))
        early = [(10, 0, 0), (100, 0, 0), (100, 30, 20), (100, 50, 40)]
        self.assertIn("swap was used when", check(fill_text(early)))

    def test_too_little(self) -> None:
        check = checks.fill_order(((0, 90), (1, 40), ("swap", 21)), ("killed",))
        self.assertIn("swap never held", check(fill_text(self.good)))

    def test_reason_and_silence(self) -> None:
        check = checks.fill_order(self.order, ("killed",))
        self.assertIn("ended with limit", check(fill_text(self.good, "limit")))
        self.assertIn("ended with nothing", check(""))

    def test_shares(self) -> None:
        text = fill_text([(50, 52, 0)], "limit")
        self.assertEqual("", checks.fill_shares({0: 51, 1: 51}, 2)(text))
        self.assertNotEqual("", checks.fill_shares({0: 51}, 2)(text))


class NodesTest(unittest.TestCase):
    text = ("available: 3 nodes (0-1,3)\nnode 0 cpus: 0\nnode 1 cpus: 1\nnode 3 cpus:\n"
            "node distances:\nnode   0   1   3 \n  0:  10  21  28 \n  1:  21  10  17 \n"
            "  3:  28  17  10 \n")
    expected = {"online": [0, 1, 3], "cpuless": [3],
                "distances": [[10, 21, 28], [21, 10, 17], [28, 17, 10]]}

    def test_right(self) -> None:
        self.assertEqual("", checks.numactl_nodes(self.expected)(self.text))

    def test_wrong(self) -> None:
        for name, value in (("online", [0, 1]), ("cpuless", []), ("distances", [[10]])):
            check = checks.numactl_nodes({**self.expected, name: value})
            self.assertNotEqual("", check(self.text), name)


class KernelTest(unittest.TestCase):
    def test_module_closure(self) -> None:
        text = ("kernel/a/nd-pmem.ko.xz: kernel/a/nd_btt.ko.xz kernel/b/libnvdimm.ko.xz\n"
                "kernel/a/nd_btt.ko.xz: kernel/b/libnvdimm.ko.xz\nkernel/b/libnvdimm.ko.xz:\n"
                "kernel/c/other.ko.xz:\n")
        self.assertEqual(["kernel/a/nd-pmem.ko.xz", "kernel/a/nd_btt.ko.xz",
                          "kernel/b/libnvdimm.ko.xz"],
                         kernel.closure(text, ("nd_pmem", "absent")))

    def test_payload(self) -> None:
        image = bytearray(4096)
        image[0x1f1] = 1
        image[0x202:0x206] = b"HdrS"
        image[0x248:0x250] = (16).to_bytes(4, "little") + (5).to_bytes(4, "little")
        image[1024 + 16:1024 + 21] = b"hello"
        self.assertEqual(b"hello", kernel.payload(bytes(image)))
        with self.assertRaises(ValueError):
            kernel.payload(bytes(4096))


class ArchiveTest(unittest.TestCase):
    def test_unpacks(self) -> None:
        archive = Archive()
        archive.add_bytes("/a/b/run", b"#!/bin/sh\n", executable=True)
        archive.add_bytes("a/data", b"12345")
        archive.add_link("a/link", "data")
        with self.assertRaises(ValueError):
            archive.add_bytes("a/data", b"again")
        if shutil.which("cpio") is None:
            self.skipTest("cpio is not installed")
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["cpio", "-idm", "--quiet"], input=archive.to_bytes(), cwd=directory,
                           check=True)
            root = Path(directory)
            self.assertTrue(os.access(root / "a/b/run", os.X_OK))
            self.assertEqual(b"12345", (root / "a/link").read_bytes())
        self.assertEqual(0, len(archive.to_bytes()) % 4)

    def test_ldd(self) -> None:
        text = ("\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x2)\n"
                "\t/lib64/ld-linux-x86-64.so.2 (0x3)\n")
        self.assertEqual({"libc.so.6": "/lib/x/libc.so.6",
                          "/lib64/ld-linux-x86-64.so.2": "/lib64/ld-linux-x86-64.so.2"},
                         parse_ldd(text))
        with self.assertRaises(FileNotFoundError):
            parse_ldd("\tlibx.so => not found\n")


class MachineTest(unittest.TestCase):
    def test_exit_codes(self) -> None:
        self.assertEqual([0, 1, 120], [machine.job_code(code) for code in (1, 3, 241)])
        self.assertEqual([-1, -1, -1], [machine.job_code(code) for code in (0, 2, -9)])

    def test_lines(self) -> None:
        lines: list[str] = []
        splitter = machine.LineSplitter(lines.append)
        for data in (b"a", b"b\r\nc\n\xff", b"d"):
            splitter.feed(data)
        splitter.finish()
        self.assertEqual(["ab", "c", "\ufffdd"], lines)

    def test_sections(self) -> None:
        ended: list[tuple[str, int, str]] = []
        sections = run.Sections(lambda *end: ended.append(end))
        for line in ("setup", "=== start one", "x", "y", "=== end 0", "=== start two", "z"):
            sections.take(line)
        self.assertEqual([("one", 0, "x\ny")], ended)
        self.assertEqual(("two", "z", ["setup"]),
                         (sections.current, sections.rest(), sections.setup_lines))


class GroupTest(unittest.TestCase):
    """What becomes of the cases of a guest that dies: the boots are made up."""

    def outcomes(self, *boots: str) -> tuple[list[tuple[str, str]], int]:
        """The results of two cases, where each boot says this before it ends; and how many it took."""
        found: list[tuple[str, str]] = []
        said = list(boots)
        group = [Case(name, "four-node", "true") for name in ("first", "second")]

        def boot(*arguments: object) -> machine.Result:
            text = said.pop(0)
            for line in text.splitlines():
                arguments[-1](line)
            return machine.Result(-1, text, 1.0, "the guest died")

        with (mock.patch("machine.run", boot), mock.patch("guest.build"),
              mock.patch("run.make_job"), mock.patch("builtins.print")):
            run.run_group(run.Setting(Path(), None, Path(), Path()), "6.1", group,
                          lambda outcome: found.append((outcome.case.name, outcome.status)))
        return found, len(boots) - len(said)

    def test_a_kernel_that_takes_itself_down_is_booted_once_more(self):
        fatal = f"=== start first\n{run._FATAL} in interrupt"
        good = "".join(f"=== start {name}\n{run._END_MARK}0\n" for name in ("first", "second"))
        self.assertEqual(self.outcomes(fatal, good),
                         ([("first", "PASS"), ("second", "PASS")], 2))
        second = f"=== start second\n{run._END_MARK}0"
        self.assertEqual(self.outcomes(fatal, fatal, second),
                         ([("first", "FAIL"), ("second", "PASS")], 3))

    def test_a_case_that_takes_the_guest_down_fails_at_once(self):
        second = f"=== start second\n{run._END_MARK}0"
        for words in ("", "Kernel panic - not syncing: System is deadlocked on memory"):
            self.assertEqual(self.outcomes(f"=== start first\n{words}", second),
                             ([("first", "FAIL"), ("second", "PASS")], 2))


class TopologyTest(unittest.TestCase):
    def test_all_load(self) -> None:
        for name in topology.names():
            with self.subTest(name):
                loaded = topology.load(name)
                self.assertTrue(topology.qemu_arguments(loaded))
                self.assertLessEqual(set(loaded.expected["far"]), set(loaded.expected["online"]))

    def test_nvdimm_ids_keep_their_order(self) -> None:
        names = topology.nvdimm_ids(4)
        slots = [topology._slot(name) for name in names]
        self.assertEqual(sorted(set(slots)), slots)

    def test_soft_reserved_ranges(self) -> None:
        words = topology.command_line(topology.load("soft-reserved")).split()
        self.assertEqual(["memmap=256M%0x100000000-1+0xefffffff",
                          "memmap=128M%0x110000000-1+0xefffffff"], words)


class TutorialTest(unittest.TestCase):
    heading = "A program"
    shown = "16 MiB on node 2\n16 MiB on node 3\n"

    def test_what_is_shown_must_come_in_order(self) -> None:
        check = tutorial.check(self.heading)
        self.assertEqual("", check(self.shown))
        self.assertIn("node 3", check(self.shown.replace("node 3", "node 2")))
        self.assertIn("node 3", check("16 MiB on node 3\n16 MiB on node 2\n"))

    def test_commands(self) -> None:
        lines = tutorial.job(self.heading).splitlines()
        self.assertIn("numactl --cpunodebind=1 ./far || exit", lines)
        self.assertFalse([line for line in lines if line.startswith("cc ")])


class TableTest(unittest.TestCase):
    def test_names(self) -> None:
        rows = run.all_cases()
        names = [(row.topology, row.name) for row in rows]
        self.assertEqual(len(set(names)), len(names))
        self.assertLessEqual({row.topology for row in rows}, set(topology.names()))

    def test_groups(self) -> None:
        rows = [cases.Case("fill", "a", "", output_name="fill"), cases.Case("nodes", "a", ""),
                cases.Case("late", "a", "", is_alone=True), cases.Case("nodes", "b", "")]
        groups = [[row.name for row in group] for group in run.groups(rows)]
        self.assertEqual([["nodes", "fill"], ["nodes"], ["late"]], groups)

    def test_old_library_is_judged_by_its_row(self) -> None:
        row = cases.Case("a", "four-node", "", old_is_wrong="it is old")
        old = run.Setting(None, None, None, Path(), Path())
        new = run.Setting(Path(), None, None, Path(), Path())
        verdicts = [run.judge(setting, "6.1", row, code, "").status
                    for setting, code in ((old, 1), (old, 0), (old, 127), (new, 0), (new, 1))]
        self.assertEqual(["PASS", "FAIL", "FAIL", "PASS", "FAIL"], verdicts)


if __name__ == "__main__":
    unittest.main()
