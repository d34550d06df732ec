#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What memkind_ng_stats_json() writes: JSON that says what the other functions say of each kind.

Argument: the program stats_json.
"""
import json
import os
import subprocess
import sys
import unittest
from typing import Any

PROGRAM = sys.argv[1]
STATIC_COUNT, OWN_COUNT = 27, 2
SIZES = ("allocated", "active", "resident")
# What kinds on node 0 have; MEMKIND_DAX_KMEM_NODES and MEMKIND_HBW_NODES make them available.
POLICIES = {
    "memkind_default": ("default", []), "memkind_regular": ("bind", [0]),
    "memkind_interleave": ("interleave", [0]), "memkind_dax_kmem": ("bind", [0]),
    "memkind_dax_kmem_preferred": ("preferred", [0]),
    "memkind_hbw_interleave": ("interleave", [0]),
}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MEMKIND_DAX_KMEM_NODES": "0", "MEMKIND_HBW_NODES": "0",
                   **variables}
    return subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True,
                          timeout=100, check=True)


def kinds_of(text: str) -> list[dict[str, Any]]:
    content = json.loads(text)
    assert list(content) == ["kinds"]
    return content["kinds"]


class StatsTest(unittest.TestCase):
    """One run, and what is in its report."""

    def check_kind(self, kind: dict[str, Any], line: str) -> None:
        *numbers, reason = line.split(" ", 5)
        allocated, active, resident, on_node_0, capacity = map(int, numbers)
        self.assertEqual(kind["available"], reason == "")
        self.assertEqual(kind.get("reason", ""), reason)
        self.assertEqual(kind.get("capacity", -1), capacity)
        self.assertEqual([kind[name] for name in SIZES], [allocated, active, resident])
        self.assertEqual(kind["resident_on"], {"0": on_node_0} if on_node_0 else {})

    def check(self, **variables: str) -> dict[str, dict[str, Any]]:
        *lines, report = run(**variables).stdout.splitlines()
        kinds = kinds_of(report)
        self.assertEqual(len(lines), STATIC_COUNT + OWN_COUNT)
        self.assertEqual(len(kinds), STATIC_COUNT + OWN_COUNT)
        for kind, line in zip(kinds, lines):
            # The callback allocates from HBW.
            if kind["kind"] != "memkind_hbw":
                with self.subTest(kind=kind, line=line):
                    self.check_kind(kind, line)
        return {kind["kind"]: kind for kind in kinds}

    def test_what_other_functions_say(self) -> None:
        kinds = self.check()
        for name, (policy, nodes) in POLICIES.items():
            self.assertEqual((kinds[name]["policy"], kinds[name]["nodes"]), (policy, nodes), name)
            self.assertTrue(kinds[name]["available"])
        self.assertGreater(kinds["memkind_default"]["allocated"], 0)
        own = [kind for name, kind in kinds.items() if not name.startswith("memkind_")]
        self.assertEqual([kind["kind"][:4] for kind in own], ["pmem", "fixe"])

    def test_a_reason(self) -> None:
        kinds = self.check(MEMKIND_DAX_KMEM_NODES="1023")
        self.assertFalse(kinds["memkind_dax_kmem"]["available"])
        self.assertEqual(kinds["memkind_dax_kmem"]["nodes"], [])

    def test_kinds_come_and_go_meanwhile(self) -> None:
        reports = run("busy").stdout.splitlines()
        self.assertGreater(len(reports), 30)
        for report in reports:
            kinds = kinds_of(report)
            self.assertIn(len(kinds) - STATIC_COUNT - OWN_COUNT, (0, 1))

    def test_standard_error(self) -> None:
        result = run("error")
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(kinds_of(result.stderr)), STATIC_COUNT + OWN_COUNT)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
