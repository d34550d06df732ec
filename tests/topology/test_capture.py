#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A machine captured by memkind capture is the machine: text to tree to text, and this very one.

Usage: test_capture.py TOOL
"""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

import tool
import tree

TOOL = sys.argv[1]
CAPTURED = "*-6.*.txt"


def read_tree(root: Path) -> tree.Tree:
    """What is below a directory, without empty directories."""
    found: tree.Tree = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink():
                found[str(path.relative_to(root))] = os.readlink(path)
            elif path.is_file():
                found[str(path.relative_to(root))] = path.read_bytes()
    return found


class CaptureTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tree.temporary_root()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def capture(self, target: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return tool.run(TOOL, ["capture", *arguments, str(target)])

    def recapture(self, entries: tree.Tree, name: str) -> tree.Tree:
        """By the text; the tree beside it is the same."""
        tree.write_tree(entries, self.root / name)
        target = self.root / f"{name}.captured"
        result = self.capture(target, "--sysroot", str(self.root / name))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout, f"{target}/machine.txt\n")
        found = tree.read_machine(target / "machine.txt")
        (target / "machine.txt").unlink()
        files = {path: content for path, content in found.items() if content is not None}
        self.assertEqual(read_tree(target), files)
        return found

    def test_captured_machines_stay_as_they_are(self) -> None:
        paths = sorted(tree.DIRECTORY.glob(CAPTURED))
        self.assertEqual(len(paths), 18)
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
        target = self.root / "live"
        result = self.capture(target)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        tree.write_tree(tree.read_machine(target / "machine.txt"), self.root / "written")
        for command in ("nodes", "kinds"):
            answers = []
            for arguments in ([], ["--sysroot", str(target)],
                              ["--sysroot", str(self.root / "written")]):
                result = tool.run(TOOL, [command, "--json", *arguments])
                self.assertEqual(result.returncode, 0, result.stderr)
                answers.append(without_free(json.loads(result.stdout)))
            self.assertEqual(answers[0], answers[1])
            self.assertEqual(answers[0], answers[2])

    def test_what_says_who_it_is_stays_away(self) -> None:
        secret = "s3cret"
        device = "sys/devices/platform/ndbus0/region0/namespace0.0"
        self.root.joinpath("a").mkdir()
        entries: tree.Tree = {
            "sys/bus/nd/devices/namespace0.0": f"../../../../{device}",
            f"{device}/size": b"4096\n", f"{device}/uuid": secret.encode(),
            f"{device}/alt_name": secret.encode(), f"{device}/serial": secret.encode(),
            "proc/self/status": f"Name:\t{secret}\nMems_allowed_list:\t0\n".encode(),
            "proc/self/mounts": f"/dev/pmem0 /home/{secret} ext4 rw 0 0\n{secret} / x x\n".encode(),
            "proc/self/mountinfo": secret.encode(), "proc/cmdline": secret.encode(),
            "proc/self/cgroup": secret.encode(), "proc/sys/kernel/hostname": secret.encode(),
            "proc/version": secret.encode(), "proc/sys/kernel/osrelease": b"6.12.1\n",
            "boot/config-6.12.1": f'CONFIG_DEV_DAX=m\nCONFIG_BUILD_SALT="{secret}"\n'.encode(),
            "sys/class/dmi/id/product_uuid": secret.encode(),
        }
        found = self.recapture(entries, "a")
        self.assertEqual(found, {
            "sys/bus/nd/devices/namespace0.0": f"../../../../{device}",
            f"{device}/size": b"4096\n", "proc/self/status": b"Mems_allowed_list:\t0\n",
            "proc/self/mounts": b"/dev/pmem0\n", "proc/sys/kernel/osrelease": b"6.12.1\n",
            "boot/config-6.12.1": b"CONFIG_DEV_DAX=m\n"})

    def test_a_link_that_leads_elsewhere_is_not_followed(self) -> None:
        outside = self.root / "outside"
        outside.mkdir()
        (outside / "size").write_text("1\n")
        entries: tree.Tree = {"sys/bus/dax/devices/dax0.0": str(outside),
                              "sys/devices/system/node/online": b"0\n"}
        self.assertEqual(self.recapture(entries, "a"), entries)


class FaultTest(unittest.TestCase):
    setUp = CaptureTest.setUp

    def check_fault(self, arguments: list[str], code: int, fault: str) -> None:
        result = tool.run(TOOL, ["capture", *arguments])
        self.assertEqual((result.returncode, result.stdout), (code, ""))
        self.assertEqual(result.stderr, f"memkind: capture: {fault}\n")

    def test_nothing_to_capture(self) -> None:
        self.check_fault(["--sysroot", str(self.root), str(self.root / "x")], 1,
                         f"there is nothing to read below {self.root}")

    def test_a_directory_that_is_not_empty(self) -> None:
        (self.root / ".hidden").touch()
        self.check_fault([str(self.root)], 1, f"{self.root} is not empty")
        self.assertEqual(os.listdir(self.root), [".hidden"])

    def test_a_directory_that_cannot_be_made(self) -> None:
        self.check_fault(["/nowhere/at/all"], 1,
                         "/nowhere/at/all can't be made: No such file or directory")
        self.check_fault(["/dev/null"], 1, "/dev/null can't be made: Not a directory")

    def test_bad_usage(self) -> None:
        see = "; see memkind capture --help"
        for arguments, fault in (([], "a directory must be given"),
                                 (["a", "b"], "b is one too many"),
                                 (["--sysroot"], "--sysroot needs a directory"),
                                 (["-x", "a"], "-x is no option")):
            with self.subTest(arguments=arguments):
                self.check_fault(arguments, 2, fault + see)

    def test_help(self) -> None:
        result = tool.run(TOOL, ["capture", "--help"])
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertTrue(result.stdout.startswith(
            "usage: memkind capture [--sysroot DIR] DIR\n"))


def without_free(answer: object) -> object:
    """It is another at the next moment."""
    if isinstance(answer, dict):
        return {key: without_free(value) for key, value in answer.items() if key != "free"}
    return [without_free(item) for item in answer] if isinstance(answer, list) else answer


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
