#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A machine captured by capture.py is the machine: text to tree to text, and this very one.

Usage: test_capture.py TOOL
"""

import json
import subprocess
import sys
import unittest
from pathlib import Path

import tool
import tree

TOOL = sys.argv[1]
CAPTURED = "*-6.*.txt"


def capture(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-B", str(tree.DIRECTORY / "capture.py"), *arguments],
                          text=True, capture_output=True, check=False)


class CaptureTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tree.temporary_root()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def recapture(self, entries: tree.Tree, name: str) -> tree.Tree:
        tree.write_tree(entries, self.root / name)
        result = capture(str(self.root / name))
        self.assertEqual(result.returncode, 0, result.stderr)
        (self.root / f"{name}.txt").write_text(result.stdout)
        return tree.read_machine(self.root / f"{name}.txt")

    def test_captured_machines_stay_as_they_are(self) -> None:
        paths = sorted(tree.DIRECTORY.glob(CAPTURED))
        self.assertEqual(len(paths), 15)
        for path in paths:
            with self.subTest(path=path.name):
                entries = tree.read_machine(path)
                self.assertEqual(self.recapture(entries, path.stem), entries)

    def test_bytes_that_are_no_text(self) -> None:
        path = "sys/devices/system/node/online"
        for number, content in enumerate([b"0-3\n\0\0", b"", b"\n", b"\n\n", b"0", b"\xff\\n = \t\n",
                                          b"0\n\n1\n", b"# 0\n", b"\t0\n\t1\n"]):
            with self.subTest(content=content):
                entries: tree.Tree = {path: content}
                self.assertEqual(self.recapture(entries, str(number)), entries)

    @unittest.skipIf(tool.SKIP_LIVE, tool.SKIP_LIVE)
    def test_this_machine(self) -> None:
        text = capture()
        self.assertEqual(text.returncode, 0, text.stderr)
        (self.root / "live.txt").write_text(text.stdout)
        tree.write_tree(tree.read_machine(self.root / "live.txt"), self.root / "live")
        answers = []
        for arguments in ([], ["--sysroot", str(self.root / "live")]):
            result = tool.run(TOOL, ["nodes", "--json", *arguments])
            self.assertEqual(result.returncode, 0, result.stderr)
            answers.append(json.loads(result.stdout))
        self.assertEqual(answers[0], answers[1])

    def test_nothing_to_capture(self) -> None:
        result = capture(str(self.root))
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr, f"capture.py: nothing to read below {self.root}\n")


class TextTest(unittest.TestCase):
    """Texts that are no machine are refused, with the reason."""

    def test_bad_texts(self) -> None:
        for text, fault in [("files a = b\n", "no entry begins with files"),
                            ("remove a\n", "a is not there to be removed"),
                            ("\tfirst\n", "the first line belongs to no entry")]:
            with self.subTest(text=text), tree.temporary_root() as root:
                path = Path(root) / "bad.txt"
                path.write_text(text)
                with self.assertRaisesRegex(tree.MachineError, fault):
                    tree.read_machine(path)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
