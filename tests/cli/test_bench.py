#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""memkind bench: the form of what it says of this machine, and what it does not take.

Usage: test_bench.py TOOL TOPOLOGY_DIRECTORY
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

TOOL, TOPOLOGY_DIRECTORY = map(os.path.abspath, sys.argv[1:3])
sys.path.insert(0, TOPOLOGY_DIRECTORY)

import tool  # noqa: E402

MEASURES = {"latency": "ns", "read": "GB/s", "write": "GB/s", "copy": "GB/s"}
# With every machine's node 0 as far memory.
KINDS = ("default", "interleave", "regular", "dax_kmem", "dax_kmem_interleave")
MEMINFO = Path("/sys/devices/system/node/node0/meminfo")
SVG = "{http://www.w3.org/2000/svg}"


class BenchTest(unittest.TestCase):
    """Runs the tool."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_tool(self, *arguments: str, code: int = 0,
                 **variables: str) -> subprocess.CompletedProcess[str]:
        result = tool.run(TOOL, ["bench", *arguments], variables)
        self.assertEqual(result.returncode, code, result.stderr)
        return result


@unittest.skipIf(tool.SKIP_LIVE, tool.SKIP_LIVE)
class FiguresTest(BenchTest):
    """What is measured here; how fast that is depends on who else runs."""

    def check_figures(self, row: dict) -> None:
        self.assertGreaterEqual(row["bytes"], 16 << 20)
        self.assertEqual(row["bytes"] & (row["bytes"] - 1), 0)
        for name, unit in MEASURES.items():
            figure = row[name]
            self.assertEqual(figure["unit"], unit)
            self.assertTrue(0.001 < figure["value"] < 1e6, figure)
            self.assertGreater(figure["ratio"], 0)
        # Nothing is as near as that.
        self.assertGreater(row["latency"]["value"], 1)

    def check_bandwidths(self, report: dict) -> None:
        """What was read fastest of each node; a kind may go by it."""
        best: dict[int, float] = {}
        for row in report["rows"]:
            if row["kind"] is None and row["left_out"] is None:
                best[row["node"]] = max(best.get(row["node"], 0), row["read"]["value"])
        self.assertEqual(report["bandwidths"],
                         ",".join(f"{node}:{int(value * 1000)}"
                                  for node, value in sorted(best.items())))
        kind = "nodes=0;policy=weighted;weights=auto"
        kinds = tool.run(TOOL, ["kinds", "--json", "--kind", kind],
                         {"MEMKIND_NODE_BANDWIDTHS": report["bandwidths"]})
        self.assertTrue(json.loads(kinds.stdout)["kinds"][0]["available"], kinds.stdout)

    def test_json_and_picture(self) -> None:
        picture = self.folder / "bench.svg"
        result = self.run_tool("--seconds=1", "--json", f"--svg={picture}",
                               MEMKIND_DAX_KMEM_NODES="0")
        self.assertEqual(result.stderr, "")
        report = json.loads(result.stdout)
        self.assertEqual(set(report), {"seconds", "rows", "bandwidths"})
        self.check_bandwidths(report)
        rows = report["rows"]
        measured = [row for row in rows if row["left_out"] is None]
        for row in measured:
            with self.subTest(row=row):
                self.check_figures(row)
        own = next(row for row in rows if row["node"] == row["from"] == 0)
        self.assertEqual(own["nodes"], [0])
        self.assertEqual([own[name]["ratio"] for name in MEASURES], [1, 1, 1, 1])
        kinds = {row["kind"]: row for row in rows if row["from"] == 0 and row["kind"]}
        self.assertLessEqual(set(KINDS), set(kinds))
        self.assertEqual(kinds["dax_kmem"]["latency"], own["latency"])
        self.assertTrue(kinds["dax_kmem"]["like_node"])
        self.assertFalse(kinds["dax_kmem_interleave"]["like_node"])
        self.check_picture(picture.read_text(), len(rows), len(measured))

    def check_picture(self, text: str, row_count: int, measured_count: int) -> None:
        root = xml.etree.ElementTree.fromstring(text)
        bars = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") != "page"]
        self.assertEqual(len(bars), 4 * measured_count)
        labels = [label.text for label in root.iter(f"{SVG}text") if label.get("x") == "24"]
        self.assertEqual(len(labels), row_count + 2 + len(
            [label for label in labels if label.startswith("from the CPUs of node")]))
        self.assertIn("prefers-color-scheme: dark", text)
        width, height = int(root.get("width")), int(root.get("height"))
        for shape in [*bars, *root.iter(f"{SVG}text")]:
            self.assertLess(float(shape.get("x")) + float(shape.get("width", 0)), width)
            self.assertLess(float(shape.get("y")), height)

    def test_the_table(self) -> None:
        lines = self.run_tool("--seconds", "1").stdout.splitlines()
        form = [re.sub(r" +", " ", re.sub(r"\d+\.\d+", "#", line)) for line in lines]
        self.assertEqual(form[:2], ["from memory nodes latency ratio read ratio write ratio copy ratio",
                                    " ns GB/s GB/s GB/s"])
        self.assertIn("node 0 node 0 0 # # # # # # # #", form)
        self.assertTrue(any(line.startswith("node 0 default ") for line in form), form)


@unittest.skipIf(tool.SKIP_LIVE, tool.SKIP_LIVE)
@unittest.skipIf(os.geteuid() != 0 or not MEMINFO.exists(),
                 "only root can hide a file of sysfs, and there has to be one")
class LittleMemoryTest(BenchTest):
    """Node 0 seems to have 20 MiB left."""

    def test_a_row_that_is_left_out_says_why(self) -> None:
        meminfo = self.folder / "meminfo"
        meminfo.write_text(re.sub(r"(MemFree: +)\d+", r"\g<1>20480", MEMINFO.read_text()))
        picture = self.folder / "bench.svg"
        main, terminal = os.openpty()
        with open(main, "rb", buffering=0) as screen:
            result = subprocess.run(
                ["unshare", "--mount", "sh", "-c",
                 f"mount --bind {meminfo} {MEMINFO} || exit 77; "
                 f"exec {TOOL} bench --seconds 1 --svg {picture}"],
                stdout=subprocess.PIPE, stderr=terminal, text=True, timeout=100, check=False)
            os.close(terminal)
            shown = os.read(screen.fileno(), 65536).decode()
        if result.returncode == 77 or "unshare" in shown:
            self.skipTest("no mount namespaces here")
        self.assertEqual(result.returncode, 0, shown)
        row = next(line for line in result.stdout.splitlines()
                   if re.match(r"node 0 +node 0 ", line))
        self.assertRegex(row, r"left out: it takes \d+ MiB, and half of what is free is 10 MiB$")
        # A terminal sees how far it is, and nothing of it at the end.
        self.assertRegex(shown, r"\r\x1b\[K1 of \d+: node 0 from node 0\r")
        self.assertTrue(shown.endswith("\r\x1b[K"), shown)
        self.assertIn("left out: it takes", picture.read_text())


class FaultTest(BenchTest):
    """One line on standard error."""

    def test_bad_usage(self) -> None:
        for arguments, fault in (
                (["--quick"], "--quick is no option"), (["x"], "x is no option"),
                (["--json=1"], "--json=1 is no option"),
                (["--seconds"], "--seconds needs a number from 1 to 86400"),
                (["--seconds", "0"], "--seconds needs a number from 1 to 86400"),
                (["--seconds=1e3"], "--seconds needs a number from 1 to 86400"),
                (["--seconds=-5"], "--seconds needs a number from 1 to 86400"),
                (["--svg"], "--svg needs a file"), (["--svg="], "--svg needs a file")):
            with self.subTest(arguments=arguments):
                result = self.run_tool(*arguments, code=2)
                self.assertEqual(result.stdout, "")
                self.assertEqual(result.stderr,
                                 f"memkind: bench: {fault}; see memkind bench --help\n")

    def test_help(self) -> None:
        result = self.run_tool("--help")
        self.assertTrue(result.stdout.startswith("usage: memkind bench [--kind KIND] [--seconds N]"))
        self.assertEqual(result.stderr, "")

    def test_a_picture_that_cannot_be_written(self) -> None:
        result = self.run_tool("--svg", "/nowhere/at/all.svg", code=1)
        self.assertEqual((result.stdout, result.stderr),
                         ("", "memkind: bench: /nowhere/at/all.svg can't be written: "
                              "No such file or directory\n"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
