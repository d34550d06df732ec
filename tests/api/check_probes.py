#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The static probes: their notes, what a debugger sees at them, and the example for bpftrace.

Arguments: the library, the program probed, examples/probes.bt.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from typing import NamedTuple

LIBRARY, PROGRAM, EXAMPLE = sys.argv[1:4]
LARGE_SIZE = 8 << 20
OF_HEAP = ("reserve", "commit", "purge", "release")
ARGUMENT_COUNT = {**dict.fromkeys(OF_HEAP, 5), "exhausted": 3}
COMMANDS = [
    *(f"""break -probe-stap libmemkind.so.0:memkind:{name}
commands
silent
printf "@ {name} %d %s %#lx %#lx %lu\\n", $_probe_arg0, (char *) $_probe_arg1, $_probe_arg2, $_probe_arg3, $_probe_arg4
continue
end""" for name in OF_HEAP),
    """break -probe-stap libmemkind.so.0:memkind:exhausted
commands
silent
printf "@ exhausted %s %lu %lu\\n", (char *) $_probe_arg0, $_probe_arg1, $_probe_arg2
continue
end""",
    "continue", "printf \"@ exit %d\\n\", $_exitcode"]


class Event(NamedTuple):
    """A probe of a heap that was passed."""

    name: str
    heap: int
    kind: str
    nodes: int
    address: int
    size: int


def need(*programs: str):
    missing = [name for name in programs if shutil.which(name) is None]
    return unittest.skipIf(missing, f"not installed: {' '.join(missing)}")


class ProbesTest(unittest.TestCase):
    """What tools make of the library."""

    @need("readelf")
    def test_notes(self) -> None:
        text = subprocess.run(["readelf", "--wide", "--notes", LIBRARY], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        found = re.findall(r"Provider: memkind\n\s+Name: (\w+)\n.*Semaphore: 0x0+\n"
                           r"\s+Arguments: (.*)", text)
        self.assertEqual({name for name, _ in found}, set(ARGUMENT_COUNT))
        for name, arguments in found:
            self.assertEqual(len(re.findall(r"-?\d+@", arguments)), ARGUMENT_COUNT[name], name)

    def events(self) -> tuple[list[Event], list[list[str]]]:
        """What gdb saw of heaps, and of requests that got NULL."""
        with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
            script.write("\n".join(COMMANDS))
            script.flush()
            result = subprocess.run(["gdb", "-nx", "-batch", "-ex", "break main", "-ex", "run",
                                     "-x", script.name, PROGRAM], text=True, check=False,
                                    capture_output=True, timeout=100)
        lines = re.findall(r"^@ (\w+) (.*)$", result.stdout, re.M)
        if "ptrace" in result.stderr and not lines:
            self.skipTest("the debugger may not trace here")
        self.assertEqual(lines[-1:], [("exit", "0")], result.stdout + result.stderr)
        events = []
        for name, text in lines:
            if name in OF_HEAP:
                heap, kind, nodes, address, size = text.split()
                events.append(Event(name, int(heap), kind, int(nodes, 16), int(address, 16),
                                    int(size)))
        return events, [text.split() for name, text in lines if name == "exhausted"]

    @need("gdb")
    def test_a_debugger_sees_events_and_arguments(self) -> None:
        events, exhausted = self.events()
        self.assertEqual(exhausted, [["memkind_regular", str(1 << 47), "0"]])
        regular = [event for event in events if event.kind == "memkind_regular"]
        self.assertEqual([event.name for event in regular[:3]], ["reserve", "commit", "purge"])
        reserve, commit, purge = regular[:3]
        self.assertEqual(len({event.heap for event in regular}), 1)
        self.assertTrue(all(event.nodes & 1 for event in regular), regular)
        self.assertGreaterEqual(reserve.size, commit.size)
        self.assertEqual(reserve.address, commit.address)
        self.assertGreaterEqual(commit.size, LARGE_SIZE)
        self.assertGreaterEqual(purge.size, LARGE_SIZE)
        end = commit.address + commit.size
        self.assertTrue(commit.address <= purge.address < end, regular)

        own = [event for event in events if event.kind.startswith("pmem")]
        self.assertEqual([event.name for event in own], ["reserve", "commit", "release"])
        self.assertEqual([event.nodes for event in own], [0, 0, 0])
        self.assertNotEqual(own[0].heap, reserve.heap)
        self.assertEqual((own[0].address, own[0].size), (own[2].address, own[2].size))

    @unittest.skipIf(os.geteuid() != 0, "bpftrace is for root only")
    @need("bpftrace")
    def test_the_example_fits_the_library(self) -> None:
        for example, text, code in (
                (EXAMPLE, None, 0),
                ("/dev/stdin", "usdt:$1:memkind:absent { print(arg0); }\n", 254)):
            result = subprocess.run(["bpftrace", "-d", example, LIBRARY], input=text, text=True,
                                    check=False, capture_output=True, timeout=100)
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
