#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whole processes under the libraries that are loaded before them: settings, begin and end.

Arguments: the folder of the libraries, and that of the programs.
"""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

LIBRARIES = Path()
PROGRAMS = Path()
WHOLE_LIFE = "main\natexit\ndestructor\ncompanion\n"
FAR = {"MEMKIND_DAX_KMEM_NODES": "0"}
KIND, SIZE, OBJECTS = (f"MEMKIND_PRELOAD_{name}" for name in ("KIND", "SIZE", "OBJECTS"))
TIERS = "MEMKIND_MEM_TIERS"
OTHER = {"OTHER_KIND": "1"}  # for the program: blocks are not of the default kind
# Library -> settings under which it is good for any program.
GOOD = {
    "libmemkind-preload.so.0": [
        {},
        {KIND: "default"},
        {KIND: "dax_kmem_preferred", **FAR, **OTHER},
        {KIND: "memkind_dax_kmem", SIZE: ":1M", **FAR, **OTHER},
        {KIND: "MEMKIND_Dax_Kmem_ALL", OBJECTS: "late", **FAR, **OTHER},
        {KIND: "dax_kmem", OBJECTS: "other", **FAR},
        {KIND: "regular", **OTHER},
        {KIND: "nodes=0;limit=64K;then=nodes=0;exhaustion=null;then=default", **OTHER},
    ],
    "libautohbw.so.0": [
        {"AUTO_HBW_LOG": "-1"},
        {"AUTO_HBW_SIZE": "0", "MEMKIND_HBW_NODES": "0", **OTHER},
        {"AUTO_HBW_MEM_TYPE": "memkind_interleave", "AUTO_HBW_SIZE": "1M"},
        {"AUTO_HBW_MEM_TYPE": "nodes=0;limit=1G", "AUTO_HBW_SIZE": "0", **OTHER},
    ],
    "libmemtier.so.0": [
        {TIERS: "KIND:DRAM,RATIO:1;POLICY:STATIC_RATIO"},
        {TIERS: "KIND:KMEM_DAX,RATIO:1;POLICY:STATIC_RATIO", **FAR, **OTHER},
        {TIERS: "KIND:[nodes=0;limit=1M;then=nodes=0],RATIO:1;POLICY:STATIC_RATIO", **OTHER},
    ],
}


def run(program: str, *preload: Path, settings: dict[str, str]
        ) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("MEMKIND_", "AUTO_HBW_", "LD_"))}
    preloaded = {"LD_PRELOAD": ":".join(map(str, preload))}
    return subprocess.run([PROGRAMS / program], env={**clean, **preloaded, **settings},
                          capture_output=True, text=True, check=False, timeout=120)


class Life(unittest.TestCase):
    def test_from_before_constructors_until_after_destructors(self) -> None:
        companion = PROGRAMS / "libcompanion.so"
        for library, all_settings in GOOD.items():
            for settings in all_settings:
                for preload in ([LIBRARIES / library, companion],
                                [companion, LIBRARIES / library]):
                    with self.subTest(preload=preload, settings=settings):
                        done = run("late", *preload, settings=settings)
                        self.assertEqual((done.stdout, done.stderr, done.returncode),
                                         (WHOLE_LIFE, "", 0))

    def test_a_malloc_of_the_program_s_own(self) -> None:
        for library, (settings, *_) in GOOD.items():
            with self.subTest(library=library):
                done = run("own_malloc", LIBRARIES / library, settings=settings)
                self.assertEqual((done.stdout, done.stderr, done.returncode), ("main\n", "", 0))

    def test_what_comes_before_the_environment_does_not_hide_it(self) -> None:
        done = run("late", LIBRARIES / "libmemkind-preload.so.0",
                   settings={"MEMKIND_DEBUG": "1", KIND: "dax_kmem", **FAR, **OTHER})
        self.assertEqual(done.returncode, 0)
        self.assertIn("MEMKIND_INFO: Initializing kind memkind_dax_kmem.", done.stderr)


class Settings(unittest.TestCase):
    def refused(self, library: str, settings: dict[str, str], name: str, *words: str) -> None:
        """One line on standard error, exit code 1, and main has not run."""
        for program in ("none", "late"):
            with self.subTest(program=program, settings=settings):
                done = run(program, LIBRARIES / library, settings=settings)
                self.assertEqual(done.stdout, "")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, r"\A[^\n]+\n\Z")
                shown = re.sub(r"[\x00-\x1f\x7f]", "?", settings[name])
                for word in (f'{name}="{shown}" refused: ', *words):
                    self.assertIn(word, done.stderr)

    def test_kinds(self) -> None:
        for kind in ("", "memkind", "memkind_", "dax_kmem ", "dax-kmem", "dax_kmem,hbw",
                     "dax_kmem\nmemkind: \x1b[2J\x7f"):
            self.refused("libmemkind-preload.so.0", {KIND: kind}, KIND,
                         "memkind_default", "memkind_dax_kmem_preferred",
                         "memkind_highest_bandwidth_local_preferred")

    def test_kinds_that_are_not_there(self) -> None:
        self.refused("libmemkind-preload.so.0",
                     {KIND: "dax_kmem", "MEMKIND_DAX_KMEM_NODES": "0,1023"}, KIND, "node")
        self.refused("libmemkind-preload.so.0",
                     {KIND: "hbw", "MEMKIND_HBW_NODES": "x"}, KIND, "MEMKIND_HBW_NODES")

    def test_sizes(self) -> None:
        for size in ("", ":", "1", "1M", "x", "1:x", "x:1", "2:1", "1K:1", "-1:", "1M:2M:", "1:2 ",
                     " 1:2", "1KB:", "1T:", "0x10:"):
            for rest in ({}, {KIND: "regular"}):
                self.refused("libmemkind-preload.so.0", {SIZE: size, **rest}, SIZE, "64K:1M")

    def test_objects(self) -> None:
        for objects in ("", ":", "a:", ":a", "a::b"):
            self.refused("libmemkind-preload.so.0", {OBJECTS: objects, KIND: "regular"}, OBJECTS,
                         "libfoo.so")

    def test_sizes_of_autohbw(self) -> None:
        for size in ("", "x", ":", ":1", "1:x", "-1", "1K1", "4Kx", "1:2:3"):
            self.refused("libautohbw.so.0", {"AUTO_HBW_SIZE": size}, "AUTO_HBW_SIZE", "64K:1M")

    def test_warnings_of_autohbw(self) -> None:
        """The program runs nevertheless; without warnings where AUTO_HBW_LOG is negative."""
        for settings, words in (
                ({"AUTO_HBW_MEM_TYPE": "x"}, ['AUTO_HBW_MEM_TYPE="x"', "high bandwidth"]),
                ({"AUTO_HBW_MEM_TYPE": "regular", "AUTO_HBW_SIZE": "1M:1M"}, ["AUTO_HBW_SIZE"]),
                ({}, ["high bandwidth"])):
            for level in (None, "0", "1", "-1", "-2"):
                with self.subTest(settings=settings, level=level):
                    done = run("none", LIBRARIES / "libautohbw.so.0",
                               settings={**settings, "MEMKIND_HBW_THRESHOLD": "4294967295",
                                         **({"AUTO_HBW_LOG": level} if level else {})})
                    self.assertEqual((done.stdout, done.returncode), ("main\n", 0))
                    lines = done.stderr.splitlines()
                    shown = [] if level in ("-1", "-2") else words
                    self.assertEqual(len(lines), len(shown), lines)
                    for word, line in zip(shown, lines):
                        self.assertIn(word, line)

    def test_kind_of_autohbw_without_memory(self) -> None:
        done = run("none", LIBRARIES / "libautohbw.so.0",
                   settings={"AUTO_HBW_MEM_TYPE": "dax_kmem", "MEMKIND_DAX_KMEM_NODES": "x"})
        self.assertEqual((done.stdout, done.returncode), ("", -6))
        self.assertRegex(done.stderr, r"\A[^\n]*AUTO_HBW_MEM_TYPE[^\n]*\n\Z")

    def test_calls_that_autohbw_logs(self) -> None:
        """M13: lines came through stdio, from inside malloc."""
        done = run("late", LIBRARIES / "libautohbw.so.0",
                   settings={"AUTO_HBW_LOG": "2", "MEMKIND_HBW_NODES": "0"})
        self.assertEqual(done.returncode, 0)
        for line in done.stderr.splitlines():
            self.assertRegex(line, r"\AIn my memkind (malloc|calloc|realloc|align|free)"
                                   r" sz:\d+ ptr:0x[0-9a-f]+\Z")
        for call in ("malloc sz:100000 ", "calloc sz:100 ", "realloc sz:100000 ", "free sz:0 "):
            self.assertIn(f"In my memkind {call}", done.stderr)


if __name__ == "__main__":
    LIBRARIES, PROGRAMS = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    unittest.main(argv=sys.argv[:1])
