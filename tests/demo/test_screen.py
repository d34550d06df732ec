# SPDX-License-Identifier: BSD-2-Clause
"""Bars at many widths; a live screen as a terminal shows it; the plain log."""

import io
import os
import re
import unittest
from unittest import mock

import support

import bars
from screen import Screen, bar, clip, is_live, plain, style


class Terminal(io.StringIO):
    """Understands what Screen sends: text, line ends, up, and erasing; no line is broken."""

    def isatty(self):
        return True

    def rows(self):
        rows, row, column = [""], 0, 0
        for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\n)", self.getvalue()):
            up = re.fullmatch(r"\x1b\[(\d+)F", part)
            if part == "\n":
                row, column = row + 1, 0
                rows += [""] * (row + 1 - len(rows))
            elif up:
                row, column = row - int(up[1]), 0
            elif part in ("\x1b[K", "\x1b[J"):
                rows[row] = rows[row][:column]
                if part == "\x1b[J":
                    del rows[row + 1:]
            elif not part.startswith("\x1b"):
                rows[row] = rows[row][:column] + part + rows[row][column + len(part):]
                column += len(part)
        return rows


class BarTest(unittest.TestCase):
    def test_is_always_as_wide_as_asked(self):
        for width in range(0, 60):
            for value in (-5, 0, 1, 33, 99, 100, 500):
                self.assertEqual(len(bar(value, 100, width)), width)

    def test_is_filled_in_proportion(self):
        self.assertEqual(bar(0, 100, 4), "    ")
        self.assertEqual(bar(50, 100, 4), "██  ")
        self.assertEqual(bar(100, 100, 4), "████")
        self.assertEqual(bar(3, 8, 1), "▍")
        self.assertEqual(bar(1, 0, 3), "   ")

    def test_a_clipped_line_keeps_its_width_and_closes_its_style(self):
        text = style("node 2", "green") + " and more of it"
        for width in range(1, 30):
            shorter = clip(text, width)
            self.assertLessEqual(len(plain(shorter)), width)
            self.assertEqual(plain(shorter)[:width - 1], plain(text)[:width - 1])
        self.assertTrue(clip(text, 5).endswith("\x1b[0m"))


class DrawTest(unittest.TestCase):
    def setUp(self):
        reader = support.whole_demo()
        self.machine, self.run = reader.machine, reader.runs[4]

    def test_every_width_has_every_place_and_fits(self):
        for width in (30, 40, 55, 56, 80, 100, 200):
            lines = [plain(t) for t in bars.draw(self.machine, self.run, width)]
            rows = lines[2:-1]
            self.assertEqual([r.split("│")[0].split()[:2] for r in rows],
                             [["node", "2"], ["node", "0"], ["node", "3"], ["node", "1"],
                              ["swap"]])
            for row in rows:
                self.assertLessEqual(len(row), width, row)
        wide, narrow = (bars.draw(self.machine, self.run, w)[2] for w in (200, 60))
        self.assertGreater(wide.count("█"), narrow.count("█") + 50)

    def test_the_node_that_serves_is_marked(self):
        self.run.end = ""
        for count, place in ((10, "node 2"), (90, "node 0"), (len(self.run.steps), "swap")):
            steps, self.run.steps = self.run.steps, self.run.steps[:count]
            marked = [t for t in bars.draw(self.machine, self.run, 80) if "◀" in t]
            self.run.steps = steps
            self.assertEqual(len(marked), 1, count)
            self.assertTrue(plain(marked[0]).startswith(place), (count, marked))

    def test_without_steps_and_without_a_documented_order(self):
        self.run.steps, self.run.end = [], ""
        self.machine.nodes[0].distances[3] = self.machine.nodes[0].distances[2]
        lines = bars.draw(self.machine, self.run, 70)
        self.assertIn("0 MiB asked for", lines[-1])


class ScreenTest(unittest.TestCase):
    def test_a_block_is_redrawn_in_place_below_the_lines(self):
        out = Terminal()
        screen = Screen(out, live=True)
        content = ["one", "two"]
        screen.block(lambda width: list(content))
        screen.line("stays")
        content[1] = "three"
        screen.line("stays too")
        self.assertEqual(out.rows(), ["stays", "stays too", "one", "three", ""])
        screen.block(None)
        self.assertEqual(out.rows(), ["stays", "stays too", ""])

    def test_lines_fit_whatever_the_width(self):
        for columns in (20, 37, 80):
            out = Terminal()
            screen = Screen(out, live=True)
            with mock.patch.dict(os.environ, {"COLUMNS": str(columns), "LINES": "24"}):
                screen.block(lambda width: ["x" * 200])
            self.assertEqual(max(map(len, out.rows())), columns - 1)

    def test_a_block_higher_than_the_terminal_is_cut(self):
        out = Terminal()
        with mock.patch.dict(os.environ, {"COLUMNS": "80", "LINES": "6"}):
            Screen(out, live=True).block(lambda width: [str(i) for i in range(50)])
        self.assertEqual(out.rows(), ["45", "46", "47", "48", "49", ""])

    def test_the_plain_log_has_no_escapes_and_no_block(self):
        out = io.StringIO()
        with Screen(out) as screen:
            screen.task("boot")
            screen.block(lambda width: ["bars"])
            screen.line(style("done", "green"))
            screen.task("")
        self.assertNotIn("\x1b", out.getvalue())
        self.assertNotIn("bars", out.getvalue())
        self.assertRegex(out.getvalue(), r"^\.\.\. boot\ndone\n✓ boot \d+\.\d s\n$")

    def test_dumb_terminals_and_no_color_get_the_plain_log(self):
        for environment, live in (({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({}, False),
                                  ({"TERM": "xterm", "NO_COLOR": "1"}, False)):
            with mock.patch.dict(os.environ, environment, clear=True):
                self.assertEqual(is_live(Terminal()), live, environment)
                self.assertFalse(is_live(io.StringIO()))

    def test_a_stream_that_is_not_utf8(self):
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding="ascii")
        Screen(out).line("2 → swap ✓")
        out.flush()
        self.assertEqual(raw.getvalue(), b"2 ? swap ?\n")

    def test_the_cursor_comes_back(self):
        out = Terminal()
        with self.assertRaises(KeyboardInterrupt):
            with Screen(out, live=True) as screen:
                screen.task("boot")
                raise KeyboardInterrupt
        self.assertTrue(out.getvalue().endswith("\x1b[?25h"))


if __name__ == "__main__":
    unittest.main()
