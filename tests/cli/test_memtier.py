#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""memtier: the variables that it sets, what it says, its exit codes; and the old one beside it.

Usage: test_memtier.py MEMTIER CAPACITY_LIBRARY
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Optional

MEMTIER, CAPACITY = map(os.path.realpath, sys.argv[1:3])
OLD = "/usr/bin/memtier"
VARIABLES = ("LD_PRELOAD", "MEMKIND_MEM_TIERS", "MEMKIND_MEM_THRESHOLDS")
BUILT = Path(MEMTIER).parents[1] / "src/preload/libmemtier.so.0"
# A launcher with a library that the loader can't use: what it runs is on its own.
FOLDER = tempfile.TemporaryDirectory()
BESIDE, LIBRARY = (str(Path(FOLDER.name, name)) for name in ("memtier", "libmemtier.so.0"))
Path(LIBRARY).touch()
# A shell's built-in command: nothing else is started.
SHOW = ["/bin/sh", "-c", "".join(f'echo "${{{name}-unset}}";' for name in VARIABLES)]


def run(arguments: list[str], environment: Optional[dict[str, str]] = None,
        name: str = BESIDE, program: str = MEMTIER) -> "subprocess.CompletedProcess[str]":
    """PROGRAM with NAME as its argv[0]."""
    clean = {key: value for key, value in os.environ.items()
             if not key.startswith("MEMKIND_") and key != "LD_PRELOAD"}
    return subprocess.run([name, *arguments], executable=program, text=True, check=False,
                          capture_output=True, env={**clean, **(environment or {})})


def tiers(dram: int, far: int, policy: str = "STATIC_RATIO") -> str:
    parts = [("DRAM", dram), ("KMEM_DAX", far)]
    return "".join(f"KIND:{kind},RATIO:{ratio};" for kind, ratio in parts if ratio) \
        + f"POLICY:{policy}"


class MemtierTest(unittest.TestCase):
    def check_set(self, arguments: list[str], expected: list[str], name: str = BESIDE,
                  **environment: str) -> "subprocess.CompletedProcess[str]":
        """The variables that the program sees, in the order of VARIABLES."""
        result = run([*arguments, *SHOW], environment, name)
        self.assertEqual((result.returncode, result.stdout.splitlines()), (0, expected),
                         result.stderr)
        return result

    def check_tiers(self, arguments: list[str], expected: str) -> None:
        self.check_set(arguments, [LIBRARY, expected, "unset"])

    def check_refused(self, arguments: list[str], line: str, **environment: str) -> None:
        result = run(arguments, environment)
        self.assertEqual((result.returncode, result.stdout), (1, ""), arguments)
        self.assertEqual(result.stderr.splitlines()[-1], f"memtier: {line}")

    def test_ratios(self) -> None:
        self.check_tiers(["-r", "1:4"], tiers(1, 4))
        self.check_tiers(["-r1:4"], tiers(1, 4))
        self.check_tiers(["--ratio=1:4"], tiers(1, 4))
        self.check_tiers(["--ratio", "8:4"], tiers(8, 4))
        self.check_tiers(["-r", "0x10:010"], tiers(16, 8))
        self.check_tiers(["-r", "1:4", "-r", "1:2"], tiers(1, 2))
        self.check_tiers(["-r", "4294967295:1"], tiers(4294967295, 1))

    def test_ratios_of_one_tier(self) -> None:
        self.check_tiers(["-r", "1:0"], tiers(1, 0))
        self.check_tiers(["-r", "0:3"], tiers(0, 3))

    def test_numbers_beyond_those_of_the_library(self) -> None:
        self.check_tiers(["-r", f"{1 << 32}:{1 << 33}"], tiers(1 << 30, 1 << 31))
        self.check_tiers(["-r", f"1:{1 << 60}"], tiers(1, 1 << 31))

    def test_ratios_that_are_refused(self) -> None:
        integers = "--ratio expects integers."
        colon = "--ratio must have a colon between values."
        two = "--ratio must have exactly two values in this version of memtier."
        huge = "the number to --ratio doesn't seem to be plausible."
        rows = {"1.5:2": integers, "x:1": integers, "1:x": integers, ":1": integers,
                "1:": integers, "": integers, "-1:1": integers, "+1:1": integers,
                " 1:1": integers, "1: 1": integers, "1": colon, "1,2": colon, "1x:2": colon,
                "1:2:3": two, "1:2 ": two, "1:2x": two, "1:0x": two,
                f"1:{(1 << 60) + 1}": huge, f"{1 << 70}:1": huge,
                "0:0": "empty ratio would disallow using any memory."}
        for ratio, line in rows.items():
            with self.subTest(ratio=ratio):
                self.check_refused(["-r", ratio, *SHOW], line)

    def test_thresholds(self) -> None:
        for option in (["-t", "INIT_VAL:64,MIN_VAL:1"], ["--threshold=INIT_VAL:64,MIN_VAL:1"]):
            self.check_set(["-r", "1:4", *option],
                           [LIBRARY, tiers(1, 4, "DYNAMIC_THRESHOLD"),
                            "INIT_VAL:64,MIN_VAL:1"])
        for ratio in ("1:0", "0:1"):
            self.check_refused(["-r", ratio, "-t", "INIT_VAL:64", *SHOW],
                               "--threshold requires multiple tiers with non-zero ratios.")

    def test_the_ratio_of_capacities(self) -> None:
        rows = [("512:4096", 1, 8), ("1000017:3000000", 1, 3), ("740:500", 3, 2),
                (f"{20 << 30}:{50 << 30}", 2, 5), (f"{64 << 30}:{64 << 30}", 1, 1),
                (f"{1 << 20}:{1 << 50}", 1, 1 << 30), ("0:4096", 0, 1), ("-1:4096", 0, 1)]
        for capacities, dram, far in rows:
            # With and without FAKE_REGULAR: REGULAR need not be used first.
            for fake in ({}, {"FAKE_REGULAR": "1"}):
                with self.subTest(capacities=capacities, fake=fake):
                    result = self.check_set(
                        ["-v"], [f"{LIBRARY}:{CAPACITY}", tiers(dram, far), "unset"],
                        LD_PRELOAD=CAPACITY, CAPACITIES=capacities, **fake)
                    first, second = capacities.split(":")
                    self.assertEqual(result.stderr.splitlines()[:2], [
                        f"Installed capacities: {max(0, int(first))}:{second}",
                        f"Using ratio of DRAM:KMEM_DAX {dram}:{far}"])

    def test_ratios_of_capacities_are_near_and_small(self) -> None:
        for far in range(1000, 9000, 371):
            result = run(["-v", "/nowhere"], {"LD_PRELOAD": CAPACITY, "CAPACITIES": f"1000:{far}"})
            a, b = map(int, result.stderr.splitlines()[1].split()[-1].split(":"))
            self.assertLessEqual(abs(b / a - far / 1000), 0.05 * far / 1000, result.stderr)
            for smaller in range(1, a):
                nearest = round(smaller * far / 1000) / smaller
                self.assertGreater(abs(nearest - far / 1000), 0.05 * far / 1000)

    def test_this_machine(self) -> None:
        if Path("/sys/devices/system/node/node1").exists():
            self.skipTest("the ratio is known where there is one node")
        self.check_set([], [LIBRARY, tiers(1, 1), "unset"],
                       MEMKIND_DAX_KMEM_NODES="0")

    def test_no_far_memory(self) -> None:
        line = "there appears to be no KMEM_DAX devices installed in this system."
        for capacities in ("4096:0", "4096:-1"):
            self.check_refused(SHOW, line, LD_PRELOAD=CAPACITY, CAPACITIES=capacities)
        self.check_refused(SHOW, line, MEMKIND_DAX_KMEM_NODES="")

    def check_library(self, name: str, library: str) -> None:
        # The program does not run with a library that may be installed.
        result = run(["-v", "-r", "1:4", "/nowhere/program"], name=name)
        self.assertEqual(result.stderr.splitlines()[0], f"setting LD_PRELOAD={library}", name)

    def test_the_library_of_an_installed_launcher(self) -> None:
        for name in ("memtier", "/usr/bin/memtier", "/usr/local/bin/memtier"):
            self.check_library(name, "libmemtier.so.0")

    def test_the_library_beside_the_launcher(self) -> None:
        above = os.path.relpath(FOLDER.name)
        self.check_library(BESIDE, LIBRARY)
        self.check_library(f"{above}/memtier", f"{above}/libmemtier.so.0")

    def test_the_library_beside_libmemkind(self) -> None:
        for name in (MEMTIER, "./memtier", "/opt/x/memtier"):
            self.check_library(name, str(BUILT.resolve()))
        result = run(["-r", "1:4", "sh", "-c", "cat /proc/$$/maps"],
                     {"MEMKIND_DAX_KMEM_NODES": "0"}, MEMTIER)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn(str(BUILT.resolve()), result.stdout)

    def test_other_preloaded_libraries_stay(self) -> None:
        self.check_set(["-r", "1:4"],
                       [f"{LIBRARY}:{CAPACITY}", tiers(1, 4), "unset"],
                       LD_PRELOAD=CAPACITY)
        self.check_set(["-r", "1:4"], [LIBRARY, tiers(1, 4), "unset"],
                       LD_PRELOAD="")

    def test_verbose(self) -> None:
        for options in (["-v", "-r", "1:4"], ["--verbose", "-r1:4"], ["-vr", "1:4"]):
            result = run([*options, "-t", "INIT_VAL:600", "/nowhere"])
            self.assertEqual(result.stderr.splitlines(), [
                f"setting LD_PRELOAD={LIBRARY}",
                f"setting MEMKIND_MEM_TIERS={tiers(1, 4, 'DYNAMIC_THRESHOLD')}",
                "setting MEMKIND_MEM_THRESHOLDS=INIT_VAL:600",
                'memtier: couldn\'t exec "/nowhere": No such file or directory'])

    def test_programs_that_can_not_run(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "plain"
            plain.write_text("")
            self.check_refused(["-r", "1:4", str(plain)],
                               f'couldn\'t exec "{plain}": Permission denied')
        self.check_refused(["-r", "1:4", "no-such-program"],
                           'couldn\'t exec "no-such-program": No such file or directory')

    def test_the_program_and_its_arguments(self) -> None:
        """It is found on PATH; options behind it are its own; its exit code is the launcher's."""
        for end in ([], ["--"]):
            result = run(["-r", "1:4", *end, "sh", "-c", 'echo "$@"; exit 7', "x", "-r", "9:9"])
            self.assertEqual((result.returncode, result.stdout), (7, "-r 9:9\n"))

    def test_help(self) -> None:
        for option in ("-h", "--help"):
            result = run([option])
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            for word in ("-r", "-t", "-v", "-h"):
                self.assertIn(word, result.stdout)
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([MEMTIER, "-h"], stdout=full, stderr=subprocess.PIPE,
                                    text=True, check=False)
        self.assertEqual((result.returncode, result.stderr),
                         (1, "memtier: standard output could not be written\n"))

    def test_wrong_usage(self) -> None:
        for arguments in ([], ["-r", "1:4"], ["-v"]):
            result = run(arguments)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr, "Usage: memtier [options] program [args]\n")
        for arguments in (["-x", *SHOW], ["--nope", *SHOW], ["-r"], ["-t"], ["--ratio"]):
            result = run(arguments)
            self.assertEqual(result.returncode, 1, arguments)
            self.assertIn("-r/--ratio", result.stdout)
            self.assertIn("option", result.stderr)


@unittest.skipUnless(shutil.which(OLD), "libmemkind-progs is not installed")
class OldTest(unittest.TestCase):
    """The launcher of libmemkind 1.14 sets the same, and refuses the same but for DIFFERENT."""

    # It reads numbers that are none: M11.
    DIFFERENT = {":1", "1:", " 1:1", "+1:1"}

    def outcome(self, program: str, arguments: list[str], capacities: str) -> tuple[int, str]:
        """The exit code, and the variables; the old one preloads the name of packages for developers."""
        result = run([*arguments, *SHOW], program=program,
                     environment={"LD_PRELOAD": CAPACITY, "CAPACITIES": capacities,
                                  "FAKE_REGULAR": "1"})
        return result.returncode, result.stdout.replace("libmemtier.so.0", "libmemtier.so")

    def check(self, arguments: list[str], capacities: str = "") -> None:
        with self.subTest(arguments=arguments, capacities=capacities):
            old, new = (self.outcome(program, arguments, capacities) for program in (OLD, MEMTIER))
            is_different = any(argument in self.DIFFERENT for argument in arguments)
            (self.assertNotEqual if is_different else self.assertEqual)(old, new)

    def test_ratios(self) -> None:
        for ratio in ("1:4", "1:0", "0:1", "0:0", "1.5:2", "x:1", "1:x", ":1", "1:", "", "-1:1",
                      "+1:1", " 1:1", "1:1 ", "1", "1:2:3", "1:2x", "0x10:010", "4294967295:1",
                      f"1:{(1 << 60) + 1}"):
            self.check(["-r", ratio])
        for ratio in ("1:4", "1:0", "0:1", "0:0", "x:1"):
            self.check(["-r", ratio, "-t", "INIT_VAL:64,MIN_VAL:1"])

    def test_capacities(self) -> None:
        for exponent in range(64):
            self.check([], f"{64 << 30}:{int((1 << 30) * 1.17 ** exponent)}")
        for capacities in ("512:4096", "1000017:3000000", "740:500", "0:4096", "-1:4096", "5:0",
                           "5:-1", "0:0"):
            self.check([], capacities)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
