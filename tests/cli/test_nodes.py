#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the tool prints, and how it ends: tables against files, help, misuse, bad variables.

Usage: test_nodes.py TOOL TOPOLOGY_DIRECTORY
"""

import json
import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path

from tooltest import (SKIP_TERMINAL, TOOL, ToolTest, joined, terminal_lines, tool, tree)

NODES_VARIABLE = "MEMKIND_DAX_KMEM_NODES"
SVG = "{http://www.w3.org/2000/svg}"


class NodesTest(ToolTest):
    def machine(self, name: str) -> list[str]:
        return ["nodes", "--sysroot", self.make_machine(name)]


class TablesTest(NodesTest):
    """The form for people."""

    def check_table(self, name: str, table: str, **variables: str) -> None:
        self.check_output(self.machine(name), table, **variables)

    def test_four_nodes(self) -> None:
        self.check_table("four-node-kmem-6.12", "four-node-kmem-6.12.txt")

    def test_a_tie(self) -> None:
        self.check_table("snc2-optane", "snc2-optane.txt")

    def test_fast_memory_and_a_reason(self) -> None:
        self.check_table("xeon-max-flat", "xeon-max-flat.txt")

    def test_a_cpuset_and_unknown_distances(self) -> None:
        arguments = self.machine("trap-cpuset-one-far")
        (Path(self.root) / "sys/devices/system/node/node1/distance").unlink()
        self.check_output(arguments, "trap-cpuset-one-far.txt")

    def test_nodes_named_by_the_user(self) -> None:
        self.check_table("four-node-cpuless-dram-6.12", "named-by-user.txt",
                         MEMKIND_DAX_KMEM_NODES="2-3")


    def test_what_is_free(self) -> None:
        arguments = self.machine("hbm-hmat-6.12")
        node = Path(self.root) / "sys/devices/system/node/node2"
        (node / "meminfo").write_text("Node 2 MemTotal: 192340 kB\nNode 2 MemFree: 102400 kB\n")
        self.check_output(arguments, "hbm-free.txt")

    def test_a_terminal_breaks_no_line(self) -> None:
        for name in ("xeon-max-flat", "trap-long-cpulist", "snc2-optane"):
            arguments = self.machine(name)
            pipe, _ = self.check(arguments, 0)
            for width in (72, 80, 300):
                with self.subTest(name=name, width=width):
                    self.check_terminal(arguments, width, pipe)

    def check_terminal(self, arguments: list[str], width: int, pipe: str) -> None:
        if SKIP_TERMINAL:
            self.skipTest(SKIP_TERMINAL)
        lines = terminal_lines(arguments, width)
        self.assertLessEqual(max(map(len, lines)), width)
        if max(map(len, pipe.split("\n"))) <= width:
            self.assertEqual("\n".join(lines) + "\n", pipe)
        # Words are moved, none is lost or cut.
        tail = pipe[pipe.index("far nodes"):]
        self.assertTrue(joined("\n".join(lines)).endswith(joined(tail)))


class MapTest(NodesTest):
    """The form for browsers; what it looks like was looked at."""

    def draw(self, name: str) -> xml.etree.ElementTree.Element:
        arguments = self.machine(name)
        path = Path(self.root) / "map.svg"
        arguments += ["--svg", str(path)]
        self.assertEqual(self.check(arguments, 0), ("", ""))
        return xml.etree.ElementTree.parse(path).getroot()

    @staticmethod
    def texts(drawing: xml.etree.ElementTree.Element) -> list[str]:
        return ["".join(text.itertext()) for text in drawing.iter(f"{SVG}text")]

    def test_every_node_and_distance_is_there(self) -> None:
        for name in ("1node-6.12", "snc2-optane", "knm-snc4-flat", "sparse-1023", "gpu-coherent",
                     "trap-nothing", "kmem-offline-6.12"):
            with self.subTest(name=name):
                drawing = self.draw(name)
                texts = self.texts(drawing)
                nodes = json.loads(self.check(["nodes", "--json", "--sysroot", self.root], 0)[0])
                for node in nodes["nodes"]:
                    self.assertIn(f"node {node['id']}: {node['medium']}", texts)
                    for distance in node["distances"].values():
                        self.assertIn(str(distance), texts)

    def test_ties_and_closest_nodes(self) -> None:
        texts = self.texts(self.draw("snc2-optane"))
        self.assertEqual(texts.count("tie for far: nodes 4-5"), 2)
        self.assertIn("closest far: node 4", texts)
        self.assertIn("closest far: node 5", texts)

    def test_it_stands_alone_and_says_what_it_shows(self) -> None:
        drawing = self.draw("four-node-kmem-6.12")
        self.assertEqual(drawing.get("role"), "img")
        labels = drawing.get("aria-labelledby", "").split()
        found = {element.get("id"): element.text for element in drawing.iter()}
        self.assertEqual(found[labels[0]], "Memory nodes")
        self.assertIn("Far nodes: 2-3.", found[labels[1]])
        source = (Path(self.root) / "map.svg").read_text()
        self.assertNotIn("href", source)
        self.assertNotIn("url(", source)
        self.assertIn("prefers-color-scheme:dark", source)

    def test_nothing_is_drawn_outside(self) -> None:
        drawing = self.draw("knm-snc4-flat")
        width, height = int(drawing.get("width")), int(drawing.get("height"))
        for element in drawing.iter():
            if element.get("x"):
                right = int(element.get("x")) + int(element.get("width", 0))
                self.assertTrue(0 <= right <= width)
                self.assertTrue(0 <= int(element.get("y")) <= height)

    def test_a_file_that_cannot_be_written(self) -> None:
        arguments = self.machine("1node-6.12")
        self.check_fault([*arguments, "--svg", "/nowhere/map.svg"], 1,
                         "nodes: /nowhere/map.svg can't be written: No such file or directory")
        self.check_fault([*arguments, "--svg=/dev/full"], 1,
                         "nodes: /dev/full can't be written: No space left on device")


class JsonTest(NodesTest):
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

    def test_help_of_the_command(self) -> None:
        self.check_help("nodes", "[--json] [--svg FILE] [--sysroot DIR]")

    def test_version(self) -> None:
        self.assertEqual(self.check(["--version"], 0), ("memkind 1.15.0\n", ""))


class FaultTest(NodesTest):
    """One line on standard error, nothing on standard output: 2 for bad usage, 1 for failure."""

    def test_bad_usage(self) -> None:
        for arguments, fault in [
                ([], "a command is missing; see memkind --help"),
                ([""], "no command is called ; see memkind --help"),
                (["node"], "no command is called node; see memkind --help"),
                (["--bad"], "no command is called --bad; see memkind --help"),
                (["nodes", "--jso"], "nodes: --jso is no option; see memkind nodes --help"),
                (["nodes", "--svg"], "nodes: --svg needs a file; see memkind nodes --help"),
                (["nodes", "--svg", "x", "--json"],
                 "nodes: --json and --svg exclude each other; see memkind nodes --help"),
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
