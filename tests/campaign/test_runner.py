#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the campaign makes of what its programs print, and of how they end."""

import contextlib
import dataclasses
import io
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import rows
import run


class Counts(unittest.TestCase):
    def test_lines_are_added_up(self) -> None:
        text = "x\ncounts operations=3 lost=0\n  counts operations=4 wrong=1\nend\n"
        self.assertEqual(run.counts_of(text), {"operations": 7, "lost": 0, "wrong": 1})

    def test_inputs_of_a_fuzzer_are_bad_inputs(self) -> None:
        self.assertEqual(run.counts_of("stat::number_of_executed_units: 17\n"), {"bad": 17})

    def test_an_unknown_figure_is_refused(self) -> None:
        self.assertRaises(ValueError, run.counts_of, "counts opreations=3\n")

    def test_what_nobody_counted_is_no_zero(self) -> None:
        table = run.table_of([run.Outcome("one", {"operations": 1000, "wrong": 0}, 2)])
        self.assertEqual(table.splitlines()[2].split("|")[2:10],
                         [text.rjust(width) for text, width in
                          ((" 1,000 ", 12), (" - ", 17), (" - ", 17), (" - ", 12), (" - ", 13),
                           (" 0 ", 13), (" - ", 7), (" - ", 17))])


class Names(unittest.TestCase):
    def test_rows_are_called_by_their_first_words(self) -> None:
        for text, is_right in (("killing", True), ("killing, 6.1", True), ("killing, 6.12", False),
                               ("kill", False), ("killing, 6.1 ", False), ("6.1", False)):
            self.assertEqual(run.is_called("killing, 6.1", text), is_right, text)
        self.assertFalse(run.is_called("killing, 6.12", "killing, 6.1"))


class Ends(unittest.TestCase):
    def outcome(self, script: str, limit: int = 60) -> run.Outcome:
        row = rows.Row("a row", lambda _: [["sh", "-c", script]], 0, {})
        with (tempfile.TemporaryDirectory(dir=rows.PROJECT) as folder,
              contextlib.redirect_stdout(io.StringIO()),
              mock.patch.object(run, "_LEAST_LIMIT", limit)):
            this = rows.Run(1, 1, Path(folder), Path(folder))
            self.assertIsNone(run.kept(row, this))
            outcome = run.run_row(row, this)
            self.assertEqual(run.kept(row, this), outcome)
            self.assertIsNone(run.kept(row, dataclasses.replace(this, scale=0.5)))
            return outcome

    def test_a_row_that_counts_and_ends_well_is_good(self) -> None:
        outcome = self.outcome("echo counts operations=1 wrong=0")
        self.assertEqual((outcome.error, outcome.counts),
                         ("", {"operations": 1, "wrong": 0, "hangs": 0}))

    def test_an_exit_code_fails_it(self) -> None:
        self.assertIn("exit code 3", self.outcome("echo counts operations=1; exit 3").error)

    def test_a_wrong_byte_fails_it(self) -> None:
        self.assertIn("wrong: 1", self.outcome("echo counts operations=1 wrong=1").error)

    def test_nothing_counted_fails_it(self) -> None:
        self.assertIn("nothing was counted", self.outcome("echo counts operations=0").error)

    def test_what_does_not_end_hangs(self) -> None:
        outcome = self.outcome("echo counts operations=1; exec sleep 600", limit=1)
        self.assertEqual(outcome.counts["hangs"], 1)
        self.assertIn("hangs", outcome.error)


if __name__ == "__main__":
    sys.exit(unittest.main())
