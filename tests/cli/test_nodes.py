#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the tool prints, and how it ends: tables against files, help, misuse, bad variables.

Usage: test_nodes.py TOOL TOPOLOGY_DIRECTORY
"""

import json
import sys
import unittest
from pathlib import Path

TOOL = sys.argv[1]
sys.path.insert(0, sys.argv[2])

import tool  # noqa: E402
import tree  # noqa: E402

HERE = Path(__file__).resolve().parent
NODES_VARIABLE = "MEMKIND_DAX_KMEM_NODES"


class ToolTest(unittest.TestCase):
    """Runs the tool, on a machine where one is named."""

    def setUp(self) -> None:
        directory = tree.temporary_root()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def machine(self, name: str) -> list[str]:
        tree.write_tree(tree.read_machine(tree.DIRECTORY / f"{name}.txt"), Path(self.root))
        return ["nodes", "--sysroot", self.root]

    def check(self, arguments: list[str], code: int, **variables: str) -> tuple[str, str]:
        """(output, errors) of a run that ends with this code."""
        result = tool.run(TOOL, arguments, variables)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stdout, result.stderr

    def check_fault(self, arguments: list[str], code: int, fault: str, **variables: str) -> None:
        output, errors = self.check(arguments, code, **variables)
        self.assertEqual(output, "")
        self.assertEqual(errors, f"memkind: {fault}\n")


class TablesTest(ToolTest):
    """The form for people."""

    def check_table(self, name: str, table: str, **variables: str) -> None:
        output, errors = self.check(self.machine(name), 0, **variables)
        self.assertEqual(errors, "")
        self.assertEqual(output, (HERE / table).read_text())

    def test_four_nodes(self) -> None:
        self.check_table("four-node-kmem-6.12", "four-node-kmem-6.12.txt")

    def test_a_tie(self) -> None:
        self.check_table("snc2-optane", "snc2-optane.txt")

    def test_fast_memory_and_a_reason(self) -> None:
        self.check_table("xeon-max-flat", "xeon-max-flat.txt")

    def test_a_cpuset_and_unknown_distances(self) -> None:
        arguments = self.machine("trap-cpuset-one-far")
        (Path(self.root) / "sys/devices/system/node/node1/distance").unlink()
        output, _ = self.check(arguments, 0)
        self.assertEqual(output, (HERE / "trap-cpuset-one-far.txt").read_text())

    def test_nodes_named_by_the_user(self) -> None:
        self.check_table("four-node-cpuless-dram-6.12", "named-by-user.txt",
                         MEMKIND_DAX_KMEM_NODES="2-3")


class JsonTest(ToolTest):
    """The form for programs; the machines' own answers are compared in tests/topology."""

    @unittest.skipIf(tool.SKIP_LIVE, tool.SKIP_LIVE)
    def test_this_machine(self) -> None:
        output, errors = self.check(["nodes", "--json"], 0)
        self.assertEqual(errors, "")
        answer = json.loads(output)
        online = Path("/sys/devices/system/node/online")
        ids = list(tree.numbers(online.read_text())) if online.exists() else [0]
        self.assertEqual([node["id"] for node in answer["nodes"]], ids)

    def test_source_of_the_far_nodes(self) -> None:
        arguments = [*self.machine("four-node-kmem-6.12"), "--json"]
        detected = json.loads(self.check(arguments, 0)[0])
        self.assertEqual(detected["far_source"], "detected")
        named = json.loads(self.check(arguments, 0, **{NODES_VARIABLE: "!0-2"})[0])
        self.assertEqual(named["far_source"], NODES_VARIABLE)
        self.assertEqual(named["far"], [3])
        self.assertEqual(named["closest"], {"0": [3], "1": [3]})

    def test_both_forms_of_an_option(self) -> None:
        arguments = self.machine("1node-6.12")
        output, _ = self.check([*arguments, "--json"], 0)
        self.assertEqual(self.check(["nodes", "--json", f"--sysroot={self.root}"], 0)[0], output)


class HelpTest(ToolTest):
    """Help and version go to standard output."""

    def test_help(self) -> None:
        output, errors = self.check(["--help"], 0)
        self.assertIn("  nodes [--sysroot DIR] [--json]\n", output)
        self.assertEqual(errors, "")

    def test_help_of_the_command(self) -> None:
        output, errors = self.check(["nodes", "--help"], 0)
        self.assertTrue(output.startswith("usage: memkind nodes [--sysroot DIR] [--json]\n"))
        self.assertEqual(errors, "")

    def test_version(self) -> None:
        self.assertEqual(self.check(["--version"], 0), ("memkind 1.15.0\n", ""))


class FaultTest(ToolTest):
    """One line on standard error, nothing on standard output: 2 for bad usage, 1 for failure."""

    def test_bad_usage(self) -> None:
        for arguments, fault in [
                ([], "a command is missing; see memkind --help"),
                ([""], "no command is called ; see memkind --help"),
                (["node"], "no command is called node; see memkind --help"),
                (["--bad"], "no command is called --bad; see memkind --help"),
                (["nodes", "--jso"], "nodes: --jso is no option; see memkind nodes --help"),
                (["nodes", "-xy"], "nodes: -xy is no option; see memkind nodes --help"),
                (["nodes", "--json=1"], "nodes: --json=1 is no option; see memkind nodes --help"),
                (["nodes", "0"], "nodes: 0 is no option; see memkind nodes --help"),
                (["nodes", ""], "nodes:  is no option; see memkind nodes --help"),
                (["nodes", "--sysroot"],
                 "nodes: --sysroot needs a directory; see memkind nodes --help"),
                (["nodes", "--sysrootx", "/"],
                 "nodes: --sysrootx is no option; see memkind nodes --help")]:
            with self.subTest(arguments=arguments):
                self.check_fault(arguments, 2, fault)

    def test_roots_that_cannot_be_read(self) -> None:
        for root, reason in [("/nowhere/at/all", "No such file or directory"),
                             ("/dev/null", "Not a directory"),
                             ("", "No such file or directory")]:
            with self.subTest(root=root):
                self.check_fault(["nodes", f"--sysroot={root}"], 1,
                                 f"nodes: {root} can't be read: {reason}")

    def test_bad_node_lists(self) -> None:
        arguments = self.machine("kmem-offline-6.12")
        syntax = "a list of nodes, such as 2,3 or 2-3"
        memory = "it names a node without memory that may be used"
        for text, reason in [("", syntax), (" ", syntax), ("x", syntax), ("3,", syntax),
                             ("!all", syntax), ("-1", syntax), ("2", memory), ("4", memory),
                             ("0-3", memory), ("999999", memory)]:
            for form in ([], ["--json"]):
                with self.subTest(text=text, form=form):
                    self.check_fault([*arguments, *form], 1,
                                     f'nodes: {NODES_VARIABLE}="{text}" refused: {reason}',
                                     **{NODES_VARIABLE: text})

    def test_output_that_cannot_be_written(self) -> None:
        arguments = self.machine("1node-6.12")
        for form, who in [(["--help"], "memkind"), (arguments, "memkind: nodes"),
                          ([*arguments, "--json"], "memkind: nodes")]:
            with self.subTest(form=form), open("/dev/full", "w", encoding="ascii") as full:
                result = tool.run(TOOL, form, output=full)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stderr,
                                 f"{who}: standard output could not be written\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
