# SPDX-License-Identifier: BSD-2-Clause
"""What is filled where and how far, and the demo's way through a stream, with its exit status."""

import dataclasses
import io
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import support

import demo
import page
import runs
from screen import Screen
from subjects import SUBJECTS

DEMO = support.PROJECT / "examples" / "demo" / "demo.py"
GIB = 1 << 30


class LocalTest(unittest.TestCase):
    def machine(self, free):
        machine = support.read(support.machine_lines()).machine
        for n, node in machine.nodes.items():
            machine.nodes[n] = dataclasses.replace(node, total=1024 * GIB, free=free[n])
        return machine

    def test_a_used_machine_keeps_nearly_all_its_memory(self):
        for far in (9 * GIB, 100 * GIB, 3000 * GIB):
            machine = self.machine({0: GIB, 1: GIB, 2: far, 3: far // 2})
            fills = runs.local_fills(machine)
            self.assertEqual([f.subject.name for f in fills[::2]],
                             [s.name for s in SUBJECTS.values() if not s.shares])
            for fill in fills:
                self.assertLessEqual(fill.limit << 20, far // 2 // 8)
                self.assertLessEqual(fill.limit, 4096)
                self.assertLessEqual(fill.limit // fill.step, 420)

    def test_only_cpus_on_which_we_may_run(self):
        with mock.patch("os.sched_getaffinity", return_value={1}):
            self.assertEqual(runs.first_cpus(self.machine(dict.fromkeys(range(4), GIB))), [1])

    def test_what_stands_in_the_way_is_said(self):
        machine = self.machine(dict.fromkeys(range(4), GIB))
        with mock.patch("os.geteuid", return_value=0), \
                mock.patch("os.sched_getaffinity", return_value={0, 1}):
            self.assertEqual(runs.local_obstacle(machine), "")
            self.assertIn("no room", runs.local_obstacle(self.machine(dict.fromkeys(range(4), 0))))
            high = self.machine(dict.fromkeys(range(4), GIB))
            high.nodes[40] = dataclasses.replace(high.nodes[3], id=40)
            self.assertIn("above 15", runs.local_obstacle(high))
            for n in (2, 3):
                machine.nodes[n] = dataclasses.replace(machine.nodes[n], kmem=False)
            self.assertIn("no kmem", runs.local_obstacle(machine))
        with mock.patch("os.geteuid", return_value=1000):
            self.assertIn("root", runs.local_obstacle(
                self.machine(dict.fromkeys(range(4), GIB))))

    def test_the_lines_of_the_program_arrive(self):
        with tempfile.TemporaryDirectory() as directory:
            program = Path(directory, "fill")
            program.write_text("#!/bin/sh\necho \"$LD_LIBRARY_PATH $MEMKIND_EXHAUSTION: $*\"\n")
            program.chmod(0o755)
            lines = []
            build = runs.Build(Path(directory, "libmemkind.so.0"), program, program)
            runs.run_local(build, [runs.Fill(SUBJECTS["DAX_KMEM_OR_NULL"], 1, 64)], lines.append)
        self.assertEqual(lines[1:], [f"{directory} null: -c 1 -l 64 -k 4 -a DAX_KMEM_OR_NULL DAX_KMEM"])


class GuestTest(unittest.TestCase):
    def test_each_kind_goes_past_its_memory_from_each_socket(self):
        nodes = [{"kind": "dram", "size": 256, "cpus": [0]},
                 {"kind": "dram", "size": 256, "cpus": [1]},
                 {"kind": "nvdimm", "size": 384}, {"kind": "nvdimm", "size": 256}]
        fills = runs.guest_fills(nodes, [list(row) for row in support.DISTANCES])
        limits = {(f.subject.name, f.cpu): f.limit for f in fills}
        self.assertEqual(set(limits), {*support.DOCUMENTED, ("WEIGHTED", 0), ("WEIGHTED", 1)})
        self.assertGreater(limits["DAX_KMEM", 0], 256)
        self.assertLess(limits["DAX_KMEM", 1], 256)
        self.assertGreater(limits["DAX_KMEM_ALL", 0], 384)
        self.assertGreater(limits["DAX_KMEM_PREFERRED", 1], 254 + 127 + 197 + 146)


class ShowTest(unittest.TestCase):
    def play(self, lines):
        out = io.StringIO()
        screen = Screen(out, live=False)
        show = demo.Show(screen, to_end=True)
        for line in lines:
            show.take(line)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "demo", "index.html")
            result = page.Result(show.machine, show.reader.runs, show.verdicts, "memkind 1.15.0",
                                 "a test", "make demo", "today")
            return demo.finish(show, screen, path, result), out.getvalue(), path.exists()

    def test_documented_orders_give_0(self):
        lines = support.machine_lines()
        for (kind, cpu), order in support.DOCUMENTED.items():
            lines += support.fill_lines(kind, cpu, order)
        status, text, written = self.play(lines)
        self.assertEqual((status, written), (0, True))
        self.assertIn("2 → 0 → 3 → 1 → swap   ✓ as documented", text)
        self.assertIn("All 10 orders", text)

    def test_one_other_order_gives_1_and_is_said(self):
        status, text, written = self.play([
            *support.machine_lines(), *support.fill_lines("DAX_KMEM", 0, (2, "swap")),
            *support.fill_lines("DAX_KMEM_ALL", 0, (3, 2, "swap"))])
        self.assertEqual((status, written), (1, True))
        self.assertIn("measured: 3 → 2 → swap   ✗ not the documented order; "
                      "documented: 2 → 3 → swap", text)
        self.assertIn("1 of 2 orders", text)

    def test_nothing_measured_gives_1(self):
        self.assertEqual(self.play(support.machine_lines())[0], 1)

    def test_a_damaged_line_is_shown_and_does_no_harm(self):
        fill = support.fill_lines("DAX_KMEM", 0, (2, "swap"))
        fill.insert(20, "step ms=5 blocks=[ 12.3] cpu")
        status, text, _ = self.play([*support.machine_lines(), *fill])
        self.assertEqual(status, 0)
        self.assertIn("not understood", text)


class ProgramTest(unittest.TestCase):
    def run_demo(self, *words):
        return subprocess.run([sys.executable, str(DEMO), *words], capture_output=True, text=True,
                              check=False)

    def test_without_a_build_it_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as directory:
            done = self.run_demo("--build", directory)
        self.assertEqual((done.returncode, done.stderr), (2, ""))
        self.assertIn("make demo", done.stdout)

    def test_wrong_words_are_refused(self):
        for words in (["--kernel", "2.4"], ["extra"], ["--output"]):
            self.assertEqual(self.run_demo(*words).returncode, 2, words)


class PageTextTest(unittest.TestCase):
    def result(self, **changes):
        reader = support.whole_demo()
        verdicts = [demo.verdict(reader.machine, run) for run in reader.runs]
        values = {"library": "memkind 1.15.0", "where": "a test", "command": "make demo",
                  "date": "today", **changes}
        return page.Result(reader.machine, reader.runs, verdicts, **values)

    def test_the_counts_are_in_the_page_as_measured(self):
        result = self.result()
        text = page.render(result).split('id="data">')[1].split("</script>")[0]
        for run, shown in zip(result.runs, json.loads(text)["runs"]):
            self.assertEqual(shown["blocks"], [s.blocks for s in run.steps])
            self.assertEqual(shown["swap"], [s.swap for s in run.steps])
            for n in range(4):
                self.assertEqual(shown["pages"][str(n)], [s.pages[n] for s in run.steps])

    def test_text_from_outside_cannot_become_markup(self):
        text = page.render(self.result(command="</script><b>@@DATA@@", where="<i>&"))
        self.assertNotIn("<b>", text.replace('<b class="', ""))
        self.assertIn("&lt;i&gt;&amp;", text)
        self.assertEqual(text.count("</script>"), 2)
        self.assertIn("@@DATA@@", text)

    def test_it_needs_nothing_from_outside(self):
        text = page.render(self.result())
        for word in ("src=", "href=", "@import", "fetch(", "url(h"):
            self.assertNotIn(word, text)

    def test_long_runs_are_thinned_with_both_ends(self):
        kept = page._thin(5000)
        self.assertLessEqual(len(kept), page.MOST_STEPS)
        self.assertEqual((kept[0], kept[-1]), (0, 4999))


if __name__ == "__main__":
    unittest.main()
