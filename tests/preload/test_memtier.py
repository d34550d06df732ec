#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""libmemtier under programs that nobody changed; and that of libmemkind 1.14 beside it.

Usage: test_memtier.py LIBRARY PROGRAM
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Optional

LIBRARY, PROGRAM = map(os.path.abspath, sys.argv[1:3])
sys.path.insert(0, str(Path(__file__).parent))

import memtier_strings as strings  # noqa: E402

OLD = next(iter(glob.glob("/usr/lib/*/libmemtier.so.0.0.0")), None)
PREFIX = "MEMKIND_MEM_TIERING_LOG_"
DRAM_ONLY = strings.DRAM + strings.STATIC
Result = subprocess.CompletedProcess  # of texts


def run(command: list[str], tiers: Optional[str] = None, library: Optional[str] = LIBRARY,
        thresholds: Optional[str] = None, level: Optional[str] = None,
        nodes: str = "0") -> "Result[str]":
    """LIBRARY None: without any."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("MEMKIND_", "LD_"))}
    settings = {"LD_PRELOAD": library, "MEMKIND_MEM_TIERS": tiers, "MEMKIND_DAX_KMEM_NODES": nodes,
                "MEMKIND_MEM_THRESHOLDS": thresholds, "MEMKIND_MEM_TIERING_LOG_LEVEL": level}
    environment.update({name: value for name, value in settings.items() if value is not None})
    return subprocess.run(command, env=environment, text=True, capture_output=True, check=False,
                          timeout=120)


def run_row(row: strings.Row, library: str) -> "Result[str]":
    return run(["/bin/echo", "it runs"], row.tiers, library, row.thresholds, row.level, row.nodes)


class StringsTest(unittest.TestCase):
    """What the variables may be."""

    def test_every_row(self) -> None:
        for row in strings.ROWS:
            with self.subTest(row=row):
                result = run_row(row, LIBRARY)
                self.assertEqual(result.returncode, row.result, result.stderr)
                lines = result.stderr.splitlines()
                if row.result == strings.ACCEPTED:
                    self.assertEqual(result.stdout, "it runs\n")
                    self.assertEqual(lines != [], row.level in ("1", "2"))
                else:
                    self.assertEqual(result.stdout, "")
                    self.assertEqual(len(lines), 1, lines)
                    self.assertTrue(lines[0].startswith(PREFIX + "ERROR: "), lines)
                    self.assertIn(row.part, lines[0])

    def test_lines_say_what_is_allowed(self) -> None:
        """Each names the variable, the value and what may be there."""
        for row in strings.ROWS:
            if row.result == strings.REFUSED:
                with self.subTest(row=row):
                    self.assertRegex(run_row(row, LIBRARY).stderr,
                                     r"(MEMKIND_MEM_\w+.*(allowed|it is to be|refused: )|"
                                     r"DAX KMEM nodes failed! \S+)")

    @unittest.skipIf(OLD is None, "libmemkind0 is not installed")
    def test_differences(self) -> None:
        """1.14 does the same, but where a row says otherwise, and why."""
        for row in strings.ROWS:
            with self.subTest(row=row):
                expected = row.result if row.old is None else row.old
                self.assertEqual(run_row(row, OLD or "").returncode, expected)
                self.assertEqual(row.old is None, row.why == "")


class LogTest(unittest.TestCase):
    def lines(self, level: str) -> list[str]:
        return [line.removeprefix(PREFIX) for line in
                run([PROGRAM, "tiers"], strings.FILES + strings.STATIC, level=level)
                .stderr.splitlines()]

    def test_levels(self) -> None:
        loaded = ["INFO: Memkind memtier lib loaded!", "INFO: /tmp don't point to DAX device",
                  "INFO: Unloading memkind memtier lib!"]
        self.assertEqual(self.lines("0"), [])
        self.assertEqual(self.lines(""), [])
        self.assertEqual(self.lines("1"), loaded)
        self.assertEqual(self.lines("2"), ["DEBUG: Setting log level to: 2", *loaded])

    def test_silence(self) -> None:
        """At level 0 programs write what they write without the library."""
        folder = str(Path(__file__).parent)
        script = "for i in 1 2 3; do echo $i | cat; (x=$(echo $i; ls /); echo ${#x}); done; ls /no"
        commands = [["ls", "-l", folder], ["sh", "-c", script], ["bash", "-c", script],
                    ["grep", "-rn", "malloc", folder], ["sort", "-r", __file__],
                    ["tar", "-C", folder, "--sort=name", "-cvf", "/dev/null", "."],
                    ["find", folder, "-name", "*.c", "-newer", "/proc/1/no"],
                    [sys.executable, "-c", "import json; print(json.dumps(list(range(9999))))"]]
        for command in commands:
            plain = run(command, library=None)
            for tiers in (DRAM_ONLY, strings.TWO, strings.FILES + strings.STATIC):
                with self.subTest(command=command, tiers=tiers):
                    result = run(command, tiers)
                    self.assertEqual((result.stdout, result.stderr, result.returncode),
                                     (plain.stdout, plain.stderr, plain.returncode))


class TiersTest(unittest.TestCase):
    def bytes_of(self, tiers: str, size: str = "2000") -> dict[str, int]:
        result = run([PROGRAM, "divide", size], tiers)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return {name: int(count) for name, count in map(str.split, result.stdout.splitlines())}

    def output(self, *arguments: str, **settings: Optional[str]) -> list[str]:
        result = run([PROGRAM, *arguments], **settings)  # type: ignore[arg-type]
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        return result.stdout.splitlines()

    def test_a_ratio(self) -> None:
        for dram, far in ((1, 4), (3, 1), (1, 1)):
            used = self.bytes_of(f"KIND:DRAM,RATIO:{dram};KIND:KMEM_DAX,RATIO:{far};"
                                 "POLICY:STATIC_RATIO")
            self.assertAlmostEqual(used["KMEM_DAX"] / used["DRAM"] / (far / dram), 1, delta=0.01)

    def test_a_ratio_of_three(self) -> None:
        used = self.bytes_of("KIND:FS_DAX,RATIO:2,PATH:/tmp;KIND:DRAM,RATIO:1;KIND:KMEM_DAX,"
                             "RATIO:4;POLICY:STATIC_RATIO")
        self.assertAlmostEqual(used["FS_DAX"] / used["DRAM"], 2, delta=0.02)
        self.assertAlmostEqual(used["KMEM_DAX"] / used["DRAM"], 4, delta=0.04)

    def test_thresholds(self) -> None:
        """Within their bounds they divide by size; and they move towards the ratio."""
        sizes = ["1", "99", "100", "5000", "100000"]
        tiers = ["DRAM", "DRAM", "KMEM_DAX", "KMEM_DAX", "KMEM_DAX"]
        for sign in (":", "="):  # M12
            bounds = f"INIT_VAL{sign}100,MIN_VAL{sign}100,MAX_VAL{sign}100"
            self.assertEqual(self.output("tiers", *sizes, tiers=strings.TWO, thresholds=bounds),
                             [f"{size} {tier}" for size, tier in zip(sizes, tiers)])
        self.assertEqual(self.output("tiers", "1023", "1024", tiers=strings.TWO),
                         ["1023 DRAM", "1024 KMEM_DAX"])
        result = run([PROGRAM, "divide", "2000"], strings.TWO,
                     thresholds="INIT_VAL:64,MIN_VAL:1,MAX_VAL:4K")
        used = dict(line.split() for line in result.stdout.splitlines())
        self.assertAlmostEqual(int(used["KMEM_DAX"]) / int(used["DRAM"]), 4, delta=1)

    def test_three_tiers_by_size(self) -> None:
        bounds = "INIT_VAL:100,MIN_VAL:100,MAX_VAL:100;INIT_VAL:4K,MIN_VAL:4K,MAX_VAL:4K"
        self.assertEqual(self.output("tiers", "99", "100", "4095", "4096", tiers=strings.THREE,
                                     thresholds=bounds),
                         ["99 DRAM", "100 KMEM_DAX", "4095 KMEM_DAX", "4096 FS_DAX"])

    def test_the_whole_family(self) -> None:
        """M8"""
        self.assertEqual(self.output("family", tiers=strings.KMEM + strings.STATIC),
                         ["KMEM_DAX"] * 6)

    def test_other_names(self) -> None:
        self.assertEqual(self.output("names", tiers=DRAM_ONLY), ["the same"])


class LifeTest(unittest.TestCase):
    FILES = strings.FILES + strings.STATIC

    def test_before_the_constructor_and_after_the_destructor(self) -> None:
        """M9, M10: blocks of before are DRAM, those of files stay to the last destructor."""
        result = run([PROGRAM, "keep"], self.FILES, level="1")
        self.assertEqual((result.returncode, result.stdout.splitlines()),
                         (0, ["early: DRAM", "kept: FS_DAX", "late: all is well"]))
        # The destructor of libmemtier came first.
        self.assertIn("Unloading", result.stderr)

    @unittest.skipIf(OLD is None, "libmemkind0 is not installed")
    def test_the_old_one_does_not_live_so_long(self) -> None:
        result = run([PROGRAM, "keep"], self.FILES, library=OLD)
        self.assertNotIn("all is well", result.stdout)

    def test_forks(self) -> None:
        result = run([PROGRAM, "fork"], self.FILES)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, "generation 4, result 0\n", ""))

    def on_a_disk(self, *arguments: str) -> "Result[str]":
        """On an empty tmpfs of 64 MiB; FOLDER is its place. The last line is what is in use after."""
        shell = shutil.which("unshare")
        with tempfile.TemporaryDirectory() as folder:
            mount = f"mount -t tmpfs -o size=64m none {folder}"
            if shell is None or run([shell, "-m", "sh", "-c", mount], library=None).returncode != 0:
                self.skipTest("a disk of its own can't be mounted")
            place = ["FOLDER" if argument == "" else argument for argument in arguments]
            command = " ".join([PROGRAM, *place]).replace("FOLDER", folder)
            tiers = f"KIND:FS_DAX,RATIO:1,PATH:{folder}{strings.STATIC}"
            return run([shell, "-m", "sh", "-c",
                        f"{mount} && MEMKIND_MEM_TIERS='{tiers}' LD_PRELOAD={LIBRARY} {command}; "
                        f"ls -A {folder}; df --output=used {folder} | tail -n 1"], library=None)

    def test_the_space_of_a_process_is_free_after_it(self) -> None:
        result = self.on_a_disk("space", "")
        self.assertEqual(result.stderr, "")
        during, after = map(int, result.stdout.split())
        self.assertGreaterEqual(during, 20 << 20)
        self.assertEqual(after, 0)

    def test_a_fork_without_space_says_so(self) -> None:
        result = self.on_a_disk("full")
        self.assertEqual(result.stdout.split("\n")[0], "signal 11, still 1")
        self.assertRegex(result.stderr, rf"\A{PREFIX}ERROR: an FS_DAX tier could not be copied .*\n\Z")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
