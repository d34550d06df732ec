# SPDX-License-Identifier: BSD-2-Clause
"""Reading the lines of machine.sh and of the fill program, good and bad."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import support

from counts import BadLine, Reader, parse_list


class ListTest(unittest.TestCase):
    def test_lists_as_the_kernel_prints_them(self):
        for text, numbers in (("", ()), ("0", (0,)), ("0-2,5", (0, 1, 2, 5)), ("7-7", (7,))):
            self.assertEqual(parse_list(text), numbers, text)

    def test_what_is_no_list_is_refused(self):
        for text in ("a", "1-", "-1", "3-1", "0--2", "0-999999", "1 2"):
            with self.assertRaises(BadLine, msg=text):
                parse_list(text)


class ReaderTest(unittest.TestCase):
    def test_the_machine(self):
        machine = support.read(support.machine_lines()).machine
        self.assertEqual(machine.far, [2, 3])
        self.assertEqual([machine.node_of(cpu) for cpu in (0, 1, 9)], [0, 1, -1])
        self.assertEqual(machine.nodes[3].distances, {0: 28, 1: 17, 2: 28, 3: 10})
        self.assertEqual(machine.kernel, "6.1.0-test")

    def test_distances_belong_to_online_nodes_and_not_to_ids(self):
        reader = support.read(["machine node=0 cpus=0 total_kb=1 free_kb=1 online=0,8 "
                               "distance=10,40 kmem=0"])
        self.assertEqual(reader.machine.nodes[0].distances, {0: 10, 8: 40})

    def test_a_run_with_its_steps(self):
        reader = support.read([
            *support.machine_lines(), "start kind=MEMKIND_DAX_KMEM cpu=1 block=1048576",
            "step ms=5 blocks=2 cpu=1 node0=1 node1=0 node2=0 node3=511 swap=3"])
        run = reader.current
        self.assertEqual((run.kind, run.cpu, run.asked), ("DAX_KMEM", 1, 2 << 20))
        self.assertEqual(run.steps[0].pages, {0: 1, 1: 0, 2: 0, 3: 511})
        self.assertEqual(run.steps[0].swap, 3)
        reader.feed("end reason=killed blocks=2")
        self.assertIsNone(reader.current)
        self.assertEqual(run.end, "killed")

    def test_other_lines_are_left_alone(self):
        reader = Reader()
        for line in ("", "starting up", "end", "machine", "# ndctl list", "step by step"):
            self.assertEqual(reader.feed(line), "", line)

    def test_damaged_lines_are_refused(self):
        start = "start kind=DAX_KMEM cpu=0 block=1048576"
        for lines in (
                ["step ms=1 blocks=1 cpu=0 node0=1 swap=0"], ["end reason=limit blocks=1"],
                ["start kind=dax cpu=0 block=1"], ["start kind=DAX_KMEM cpu=0 block=0"],
                ["start kind=DAX_KMEM cpu=x block=1"], [start, "end reason=bored blocks=1"],
                [start, "step ms=1 blocks=1 cpu=0 node0=-1 swap=0"],
                [start, "step ms=1 blocks=1 cpu=0 node0=1"],
                [start, "step ms=1 blocks=1 cpu=0 node0=1 node0=2 swap=0"],
                [start, "step ms=1 blocks=1 cpu=0 node0=1 swa"],
                ["machine node=0 cpus=0 total_kb=1 free_kb=1 online=0-1 distance=10 kmem=0"]):
            with self.assertRaises(BadLine, msg=lines):
                support.read(lines)

    def test_a_run_cut_off_by_the_next_counts_as_killed(self):
        start = "start kind=DAX_KMEM cpu=0 block=1048576"
        self.assertEqual(support.read([start, start]).runs[0].end, "killed")


class MachineScriptTest(unittest.TestCase):
    """machine.sh on a made-up tree, and on the machine the test runs on."""

    script = support.PROJECT / "examples" / "demo" / "machine.sh"

    def run_on(self, root: str) -> Reader:
        done = subprocess.run(["sh", str(self.script), root], capture_output=True, text=True,
                              check=True)
        self.assertEqual(done.stderr, "")
        return support.read(done.stdout.splitlines())

    def test_sparse_nodes_and_a_kmem_device(self):
        with tempfile.TemporaryDirectory() as root:
            nodes = Path(root, "sys/devices/system/node")
            for number, cpus, distance in ((0, "0-3", "10 40"), (8, "", "40 10")):
                node = nodes / f"node{number}"
                node.mkdir(parents=True)
                (node / "cpulist").write_text(f"{cpus}\n")
                (node / "distance").write_text(f"{distance}\n")
                (node / "meminfo").write_text(f"Node {number} MemTotal:  2048 kB\n"
                                              f"Node {number} MemFree:   1024 kB\n")
            (nodes / "online").write_text("0,8\n")
            device = Path(root, "sys/bus/dax/drivers/kmem/dax0.0")
            device.mkdir(parents=True)
            (device / "target_node").write_text("8\n")
            machine = self.run_on(root).machine
        self.assertEqual(machine.far, [8])
        self.assertEqual(machine.nodes[0].cpus, (0, 1, 2, 3))
        self.assertEqual(machine.nodes[8].distances, {0: 40, 8: 10})
        self.assertEqual((machine.nodes[8].total, machine.nodes[8].free), (2 << 20, 1 << 20))

    def test_the_real_machine(self):
        if not Path("/sys/devices/system/node/online").exists():
            self.skipTest("this kernel shows no NUMA nodes")
        machine = self.run_on("").machine
        online = parse_list(Path("/sys/devices/system/node/online").read_text().strip())
        self.assertEqual(tuple(sorted(machine.nodes)), online)


if __name__ == "__main__":
    unittest.main()
