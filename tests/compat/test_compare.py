#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of compare.py: what is not named is found, and so is what is named for nothing."""

import unittest

import compare

OLD = "a/b = 1\na/c = x = y\nnoise\nonly/old = signal 11\n"
NEW = "a/b = 2\na/c = x = y\nonly/new = NULL\n"
ROWS = """# comment
host* | a/b | 1 | 2 | H1
host*,guest | only/old | signal 11 | (none) | H2
* | only/* | (none) | NULL | H2
elsewhere | a/c | 1 | 2 | H3
"""


class CompareTest(unittest.TestCase):
    def check(self, text: str, *parts: str, place: str = "host-named") -> None:
        faults = compare.compare(place, OLD, NEW, compare.load_rows(text)).splitlines()
        self.assertEqual(len(parts), len(faults), faults)
        for part, fault in zip(parts, faults):
            self.assertIn(part, fault)

    def test_all_named(self) -> None:
        self.check(ROWS)

    def test_not_named(self) -> None:
        self.check(ROWS.replace("a/b", "a/d"), "a/b: 1 -> 2", "a/d does not differ")

    def test_other_value(self) -> None:
        self.check(ROWS.replace("| 1 | 2 | H1", "| 1 | 3 | H1"), "a/b: 1 -> 2", "a/b does not")

    def test_other_place(self) -> None:
        self.check(ROWS, "a/b: 1 -> 2", place="guest")

    def test_named_for_nothing(self) -> None:
        self.check(ROWS + "host* | a/c | * | * | H4\n", "a/c does not differ any more")

    def test_no_answers(self) -> None:
        self.assertIn("nothing", compare.compare("host", OLD, "", []))

    def test_row_without_reason(self) -> None:
        with self.assertRaises(ValueError):
            compare.load_rows("host | a | 1 | 2 |")


if __name__ == "__main__":
    unittest.main()
