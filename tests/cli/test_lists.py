#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tools that print a list of nodes, as the old library's did: output and exit codes.

Usage: test_lists.py KMEM_TOOL HBW_TOOL TOPOLOGY_DIRECTORY
"""

import dataclasses
import json
import sys
import unittest
from pathlib import Path

KMEM_TOOL, HBW_TOOL = sys.argv[1:3]
sys.path.insert(0, sys.argv[3])

import tool  # noqa: E402
import tree  # noqa: E402


@dataclasses.dataclass(frozen=True)
class ListTool:
    path: str
    variable: str
    answer: str  # its nodes in the machines' answers
    help_code: int
    failure: int

    @property
    def name(self) -> str:
        return Path(self.path).name


KMEM = ListTool(KMEM_TOOL, "MEMKIND_DAX_KMEM_NODES", "far", help_code=0, failure=3)
HBW = ListTool(HBW_TOOL, "MEMKIND_HBW_NODES", "hbw", help_code=2, failure=1)
TOOLS = (KMEM, HBW)


class ListsTest(unittest.TestCase):
    """Both tools, on written machines and on this one."""

    def write_machine(self, name: str) -> str:
        directory = tree.temporary_root()
        self.addCleanup(directory.cleanup)
        tree.write_tree(tree.read_machine(tree.DIRECTORY / f"{name}.txt"), Path(directory.name))
        return directory.name

    def check(self, asked: ListTool, arguments: list[str], code: int, output: str,
              **variables: str) -> str:
        """What the tool says on standard error."""
        result = tool.run(asked.path, arguments, variables)
        self.assertEqual((result.stdout, result.returncode), (output, code), result.stderr)
        return result.stderr

    def check_nodes(self, asked: ListTool, root: str, nodes: list[int], **variables: str) -> None:
        arguments = ["--sysroot", root]
        if nodes:
            errors = self.check(asked, arguments, 0, ",".join(map(str, nodes)) + "\n", **variables)
            self.assertEqual(errors, "")
        else:
            errors = self.check(asked, arguments, asked.failure, "", **variables)
            self.assertRegex(errors, rf"\A{asked.name}: .+\n\Z")

    def test_every_machine(self) -> None:
        for path in sorted(tree.DIRECTORY.glob("*.json")):
            expected = json.loads(path.read_text())
            root = self.write_machine(path.stem)
            for case in [{}, *expected.get("cases", [])]:
                for asked in TOOLS:
                    with self.subTest(machine=path.stem, tool=asked.name, case=case):
                        nodes = {**expected, **case}[asked.answer]
                        self.check_nodes(asked, root, nodes, **case.get("environment", {}))

    def test_nodes_named_by_the_user(self) -> None:
        root = self.write_machine("four-node-kmem-6.12")
        for asked in TOOLS:
            for text, nodes in [("3,1", [1, 3]), ("!2", [0, 1, 3]), ("0-3", [0, 1, 2, 3])]:
                with self.subTest(tool=asked.name, text=text):
                    self.check_nodes(asked, root, nodes, **{asked.variable: text})

    def test_bad_variables(self) -> None:
        root = self.write_machine("kmem-offline-6.12")
        rows = [(asked, asked.variable, text)
                for asked in TOOLS for text in ("", " ", "x", "3,", "!all", "-1", "2", "999999")]
        rows += [(HBW, "MEMKIND_HBW_THRESHOLD", text) for text in ("x", "-1", "1 ", "4294967296")]
        for asked, variable, text in rows:
            with self.subTest(tool=asked.name, variable=variable, text=text):
                errors = self.check(asked, ["--sysroot", root], asked.failure, "",
                                    **{variable: text})
                self.assertTrue(errors.startswith(f'{asked.name}: {variable}="{text}" refused: '),
                                errors)

    def test_variables_of_others(self) -> None:
        root = self.write_machine("four-node-kmem-6.12")
        self.check_nodes(KMEM, root, [2, 3], MEMKIND_HBW_NODES="x", MEMKIND_HBW_THRESHOLD="x")
        self.check_nodes(HBW, root, [1], MEMKIND_HBW_NODES="1", MEMKIND_HBW_THRESHOLD="x",
                         MEMKIND_DAX_KMEM_NODES="x")

    @unittest.skipIf(tool.SKIP_LIVE, tool.SKIP_LIVE)
    def test_this_machine(self) -> None:
        for asked in TOOLS:
            with self.subTest(tool=asked.name):
                self.check(asked, [], 0, "0\n", **{asked.variable: "0"})

    def test_help(self) -> None:
        for asked in TOOLS:
            for option in ("-h", "--help"):
                with self.subTest(tool=asked.name, option=option):
                    result = tool.run(asked.path, [option])
                    self.assertEqual((result.returncode, result.stderr), (asked.help_code, ""))
                    self.assertTrue(result.stdout.startswith(f"usage: {asked.name} "))
                    self.assertIn(asked.variable, result.stdout.replace("\n", " "))

    def test_unknown_options(self) -> None:
        for asked in TOOLS:
            for arguments in (["-x"], [""], ["2"], ["--helpp"], ["--sysroot"], ["x", "--help"]):
                with self.subTest(tool=asked.name, arguments=arguments):
                    errors = self.check(asked, arguments, 2,
                                        f"ERROR: Unknown option {arguments[0]}. "
                                        f"See {asked.name} --help.\n")
                    self.assertEqual(errors, "")

    def test_roots_that_cannot_be_read(self) -> None:
        for asked in TOOLS:
            with self.subTest(tool=asked.name):
                errors = self.check(asked, ["--sysroot=/nowhere"], asked.failure, "")
                self.assertEqual(errors, f"{asked.name}: /nowhere can't be read: "
                                         "No such file or directory\n")

    def test_output_that_cannot_be_written(self) -> None:
        root = self.write_machine("four-node-kmem-6.12")
        for asked in TOOLS:
            with (self.subTest(tool=asked.name),
                  open("/dev/full", "w", encoding="ascii") as full):
                result = tool.run(asked.path, ["--sysroot", root], {asked.variable: "0"}, full)
                self.assertEqual(result.returncode, asked.failure)
                self.assertEqual(result.stderr,
                                 f"{asked.name}: standard output could not be written\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
