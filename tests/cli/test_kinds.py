#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""memkind kinds: tables against files, the form for programs, misuse.

Usage: test_kinds.py TOOL TOPOLOGY_DIRECTORY
"""

import json
import sys
import unittest
from pathlib import Path

from tooltest import SKIP_TERMINAL, ToolTest, joined, terminal_lines, tool

POOL = "sys/devices/system/node/node2/hugepages/hugepages-2048kB"


class KindsTest(ToolTest):
    def machine(self, name: str) -> list[str]:
        return ["kinds", "--sysroot", self.make_machine(name)]

    def kinds(self, name: str, *options: str, **variables: str) -> dict[str, dict]:
        output, errors = self.check([*self.machine(name), "--json", *options], 0, **variables)
        self.assertEqual(errors, "")
        return {kind["name"]: kind for kind in json.loads(output)["kinds"]}


class TableTest(KindsTest):
    """The form for people."""

    def test_four_nodes(self) -> None:
        self.check_output(self.machine("four-node-kmem-6.12"), "kinds-four-node.txt")

    def test_a_tie(self) -> None:
        self.check_output(self.machine("snc2-optane"), "kinds-tie.txt")

    def test_fast_memory_free_space_and_huge_pages(self) -> None:
        arguments = self.machine("hbm-hmat-6.12")
        node = Path(self.root) / "sys/devices/system/node/node2"
        (node / "meminfo").write_text("Node 2 MemTotal: 192340 kB\nNode 2 MemFree: 102400 kB\n")
        pool = Path(self.root) / POOL
        pool.mkdir(parents=True)
        (pool / "nr_hugepages").write_text("20\n")
        (pool / "free_hugepages").write_text("5\n")
        self.check_output(arguments, "kinds-hbm.txt")

    def test_a_terminal_breaks_no_line(self) -> None:
        if SKIP_TERMINAL:
            self.skipTest(SKIP_TERMINAL)
        arguments = self.machine("snc2-optane")
        pipe, _ = self.check(arguments, 0)
        for width in (70, 80, 300):
            with self.subTest(width=width):
                lines = terminal_lines(arguments, width)
                # A path stays whole, to be copied.
                self.assertLessEqual(max(len(line) for line in lines if "/sys" not in line), width)
                tail = joined(pipe[pipe.index("not available:"):])
                self.assertTrue(joined("\n".join(lines)).endswith(tail))
        self.assertEqual("\n".join(lines) + "\n", pipe)


class JsonTest(KindsTest):
    """The form for programs."""

    def check_remedy(self, machine: str, kind: str, reason: str, remedy: str,
                     **variables: str) -> None:
        found = self.kinds(machine, **variables)[kind]
        self.assertFalse(found["available"])
        self.assertLess(found["code"], 0)
        self.assertEqual((found["reason"], found["remedy"]), (reason, remedy))

    def test_places(self) -> None:
        kinds = self.kinds("four-node-kmem-6.12")
        self.assertEqual(len(kinds), 27)
        self.assertEqual(kinds["dax_kmem"], {
            "name": "dax_kmem", "available": True, "policy": "bind", "places": [
                {"cpu_nodes": [0], "nodes": [2], "capacity": 402653184},
                {"cpu_nodes": [1], "nodes": [3], "capacity": 268435456}]})
        self.assertEqual(kinds["regular"]["places"], [{"nodes": [0, 1], "capacity": 683192320}])
        self.assertEqual(kinds["hbw"]["code"], -20)

    def test_a_kind_that_some_cpus_cannot_use(self) -> None:
        root = Path(self.make_machine("snc2-optane"))
        (root / "proc/self").mkdir(parents=True, exist_ok=True)
        (root / "proc/self/status").write_text("Cpus_allowed_list:\t0\n")
        output, _ = self.check(["kinds", "--json", "--sysroot", self.root], 0)
        kinds = {kind["name"]: kind for kind in json.loads(output)["kinds"]}
        places = kinds["dax_kmem_preferred"]["places"]
        self.assertEqual([(place["cpu_nodes"], place["nodes"]) for place in places],
                         [([0], [4]), ([1, 3], []), ([2], [5])])

    def test_ties_that_are_used(self) -> None:
        places = self.kinds("snc2-optane", MEMKIND_DAX_KMEM_TIES="all")["dax_kmem_preferred"][
            "places"]
        self.assertEqual([(place["cpu_nodes"], place["nodes"]) for place in places],
                         [([0], [4]), ([1, 3], [4, 5]), ([2], [5])])

    def test_kinds_that_give_null(self) -> None:
        kinds = self.kinds("four-node-kmem-6.12", MEMKIND_EXHAUSTION="null")
        told = [name for name, kind in kinds.items() if "exhaustion" in kind]
        self.assertEqual(told, ["interleave", "regular", "dax_kmem", "dax_kmem_all",
                                "dax_kmem_interleave", "highest_capacity",
                                "highest_capacity_local"])
        output, _ = self.check(self.machine("four-node-kmem-6.12"), 0, MEMKIND_EXHAUSTION="null")
        self.assertRegex(output, r"(?m)^dax_kmem +bind, or NULL +0 +2 ")

    def test_described(self) -> None:
        text = "nodes=kmem;use=closest;limit=300M;exhaustion=null;then=nodes=9;then=regular"
        kinds = self.kinds("four-node-kmem-6.12", "--kind", text)
        first = "nodes=kmem;use=closest;exhaustion=null;limit=300M"
        self.assertEqual(list(kinds), [first, "nodes=9", "regular"])
        self.assertEqual(kinds[first], {
            "name": first, "available": True, "policy": "bind", "exhaustion": "null", "places": [
                {"cpu_nodes": [0], "nodes": [2], "capacity": 314572800},
                {"cpu_nodes": [1], "nodes": [3], "capacity": 268435456}]})
        self.assertEqual(kinds["nodes=9"]["code"], -1)
        self.assertEqual(list(self.kinds("four-node-kmem-6.12", "--kind", "DAX_kmem")),
                         ["dax_kmem"])

    def test_sets_of_nodes(self) -> None:
        for machine, nodes, found in (
                ("four-node-kmem-6.12", "all", [0, 1, 2, 3]),
                ("four-node-kmem-6.12", "dram", [0, 1]), ("four-node-kmem-6.12", "far", [2, 3]),
                ("four-node-kmem-6.12", "3,1", [1, 3]), ("cxl-pmem-6.1", "cxl", [2]),
                ("cxl-pmem-6.1", "kmem", [2]), ("hbm-hmat-6.12", "hbm", [2, 3])):
            with self.subTest(machine=machine, nodes=nodes):
                kind, = self.kinds(machine, "--kind", f"nodes={nodes};policy=interleave").values()
                self.assertEqual(kind["places"][0]["nodes"], found)

    def test_remedies(self) -> None:
        lists = "MEMKIND_DAX_KMEM_NODES"
        for machine, kind, reason, remedy, variables in (
                ("trap-kmem-all-offline", "dax_kmem",
                 "the memory of the kmem dax devices is offline",
                 "bring it online: daxctl online-memory dax0.0", {}),
                ("xeon-max-flat", "dax_kmem_all",
                 "all memory of kmem dax devices is proven fast",
                 f"use the HBW kinds for it, or name its nodes in {lists}", {}),
                ("trap-cpuset-no-far", "dax_kmem",
                 "the process may not use the far nodes (Mems_allowed)",
                 "add nodes 2-3 to cpuset.mems of its cgroup", {}),
                ("1node-6.12", "dax_kmem",
                 "no dax device is bound to kmem, and no node is proven slow",
                 "memkind setup tells how persistent or CXL memory becomes a node, and "
                 f"{lists} names nodes that are to count as far", {}),
                ("four-node-kmem-6.12", "dax_kmem",
                 f"{lists} is empty or not a list of nodes",
                 "set it to nodes out of nodes 0-3, such as 2,3 or 2-3, or unset it",
                 {lists: ""}),
                ("four-node-kmem-6.12", "dax_kmem",
                 f"{lists} names a node without memory for this process",
                 "name nodes out of nodes 0-3, or unset it", {lists: "4"}),
                ("four-node-kmem-6.12", "hbw",
                 "MEMKIND_HBW_THRESHOLD is no number up to 4294967295",
                 "set it to MB/s, such as 204800, or unset it",
                 {"MEMKIND_HBW_THRESHOLD": "x"}),
                ("four-node-kmem-6.12", "dax_kmem",
                 "MEMKIND_EXHAUSTION is neither swap nor null",
                 "set it to one of these, or unset it", {"MEMKIND_EXHAUSTION": "NULL"}),
                ("four-node-kmem-6.12", "dax_kmem_preferred",
                 "MEMKIND_DAX_KMEM_TIES is neither refuse nor all",
                 "set it to one of these, or unset it", {"MEMKIND_DAX_KMEM_TIES": ""})):
            with self.subTest(machine=machine, reason=reason):
                self.check_remedy(machine, kind, reason, remedy, **variables)

    def test_a_device_that_is_not_bound_to_kmem(self) -> None:
        root = Path(self.make_machine("1node-6.12"))
        for name, size in (("dax10.0", "0"), ("dax9.0", "4096"), ("dax11.0", "4096")):
            device = root / "sys/bus/dax/devices" / name
            device.mkdir(parents=True)
            (device / "size").write_text(f"{size}\n")
        output, _ = self.check(["kinds", "--json", "--sysroot", self.root], 0)
        kinds = {kind["name"]: kind for kind in json.loads(output)["kinds"]}
        self.assertEqual(kinds["dax_kmem"]["remedy"],
                         "make memory of a device: "
                         "daxctl reconfigure-device --mode=system-ram dax9.0")

    @unittest.skipIf(tool.SKIP_LIVE, tool.SKIP_LIVE)
    def test_this_machine(self) -> None:
        output, _ = self.check(["kinds", "--json"], 0)
        kinds = {kind["name"]: kind for kind in json.loads(output)["kinds"]}
        self.assertTrue(kinds["default"]["available"])
        place = kinds["default"]["places"][0]
        self.assertGreater(place["capacity"], place["free"])


class FaultTest(KindsTest):
    def test_help(self) -> None:
        self.check_help("kinds", "[--kind KIND] [--json] [--sysroot DIR]")

    def test_bad_usage(self) -> None:
        self.check_bad_usage("kinds", [
            (["--jso"], "--jso is no option"), (["x"], "x is no option"),
            (["--sysroot"], "--sysroot needs a directory")])

    def test_a_root_that_cannot_be_read(self) -> None:
        self.check_fault(["kinds", "--sysroot", "/nowhere"], 1,
                         "kinds: /nowhere can't be read: No such file or directory")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
