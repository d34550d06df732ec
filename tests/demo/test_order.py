# SPDX-License-Identifier: BSD-2-Clause
"""The order of filling: as measured from counts with noise, as documented, and their comparison."""

import dataclasses
import unittest

import support

from counts import Machine, Node
from order import arrows, expected, is_swapping, phases, serving, verdict


def one_run(kind, cpu, order, **options):
    reader = support.read([*support.machine_lines(),
                           *support.fill_lines(kind, cpu, order, **options)])
    return reader.machine, reader.runs[0]


class DocumentedTest(unittest.TestCase):
    def test_the_four_node_example(self):
        machine = support.read(support.machine_lines()).machine
        for (kind, cpu), order in support.DOCUMENTED.items():
            groups = expected(machine, kind, cpu)
            self.assertEqual([set(g) for g in groups], [{n} for n in order[:-1]], (kind, cpu))

    def test_nodes_of_the_same_cost_may_come_in_either_order(self):
        # Two far nodes of the same distance: bound to both, the kernel may take either first.
        rows = {0: (10, 17, 17), 1: (17, 10, 28), 2: (17, 28, 10)}
        machine = Machine({n: Node(n, (0,) if n == 0 else (), 1 << 28, 1 << 28,
                                   dict(enumerate(row)), n > 0) for n, row in rows.items()})
        self.assertEqual(expected(machine, "DAX_KMEM", 0), [frozenset({1, 2})])
        with self.assertRaises(ValueError):
            expected(machine, "DAX_KMEM_PREFERRED", 0)

    def test_no_far_node_or_no_such_cpu(self):
        machine = support.read(support.machine_lines()).machine
        with self.assertRaises(ValueError):
            expected(machine, "DAX_KMEM", 99)
        bare = Machine({0: dataclasses.replace(machine.nodes[0], distances={0: 10})})
        with self.assertRaises(ValueError):
            expected(bare, "DAX_KMEM", 0)


class MeasuredTest(unittest.TestCase):
    def test_clean_and_noisy_fills_pass(self):
        for noise in (0, 12, 40):
            for (kind, cpu), order in support.DOCUMENTED.items():
                found = verdict(*one_run(kind, cpu, order, noise=noise))
                self.assertEqual((found.measured, found.problem), (order, ""), (kind, cpu, noise))

    def test_a_wrong_order_fails(self):
        for kind, cpu, order in (
                ("DAX_KMEM", 0, (3, "swap")), ("DAX_KMEM", 0, (2, 3, "swap")),
                ("DAX_KMEM_ALL", 0, (3, 2, "swap")), ("DAX_KMEM_ALL", 0, (2, "swap")),
                ("DAX_KMEM_PREFERRED", 0, (2, 3, 0, 1, "swap")),
                ("DAX_KMEM_PREFERRED", 1, (2, 0, 3, 1, "swap")), ("DAX_KMEM", 0, (2,))):
            found = verdict(*one_run(kind, cpu, order))
            self.assertEqual(found.problem, "not the documented order", (kind, cpu, order))
            self.assertEqual(found.measured, order)

    def test_nodes_filled_in_turns_fail(self):
        machine, run = one_run("DAX_KMEM_ALL", 0, (2, 3, "swap"))
        half = [dataclasses.replace(s, pages={**s.pages, 2: (s.pages[2] + s.pages[3]) * 2 // 3,
                                              3: (s.pages[2] + s.pages[3]) // 3})
                for s in run.steps]
        run.steps = half
        self.assertIn("began before", verdict(machine, run).problem)

    def test_a_run_that_did_not_end_well_fails(self):
        for end, word in (("killed", "killed"), ("null", "allocation failed"),
                          ("", "did not end")):
            machine, run = one_run("DAX_KMEM", 0, (2, "swap"))
            run.end = end
            self.assertIn(word, verdict(machine, run).problem)

    def test_swap_where_null_was_asked_for_fails(self):
        machine, run = one_run("DAX_KMEM_OR_NULL", 0, (2, "swap"))
        found = verdict(machine, run)
        self.assertEqual((found.measured, found.expected), ((2, "swap"), (2, "NULL")))
        self.assertEqual(found.problem, "not the documented order")

    def test_a_run_that_left_its_cpu_fails(self):
        machine, run = one_run("DAX_KMEM", 0, (2, "swap"))
        run.steps[5] = dataclasses.replace(run.steps[5], cpu=1)
        self.assertIn("CPU", verdict(machine, run).problem)

    def test_nothing_measured(self):
        machine, run = one_run("DAX_KMEM", 0, (2, "swap"))
        run.steps.clear()
        self.assertEqual(phases(run), [])
        self.assertIsNone(serving(run, 0))
        self.assertEqual(verdict(machine, run).problem, "nothing was measured")

    def test_a_ratio_that_holds_passes(self):
        machine = support.read(support.machine_lines()).machine
        for cpu in support.WEIGHTED_CPUS:
            run = support.read([*support.machine_lines(), *support.ratio_lines(cpu)]).runs[0]
            found = verdict(machine, run)
            self.assertEqual((found.measured, found.problem), ((0, 2), ""))
            self.assertAlmostEqual(found.shares[0], 0.75, delta=0.001)
            self.assertEqual(arrows(found.measured, found.shares), "75.0% on 0 + 25.0% on 2")

    def test_another_ratio_fails_whenever_it_was(self):
        machine = support.read(support.machine_lines()).machine
        for lines in (support.ratio_lines(0, (4, 1)), support.ratio_lines(0, (1, 3)),
                      support.ratio_lines(0, off=1)):
            run = support.read([*support.machine_lines(), *lines]).runs[0]
            self.assertRegex(verdict(machine, run).problem, r"of \d+ MiB in node 0, not 75.0%")
        run = support.read([*support.machine_lines(), *support.ratio_lines(0, (1, 0))]).runs[0]
        self.assertEqual(verdict(machine, run).problem, "not the documented order")

    def test_a_bounded_run_needs_the_beginning_only(self):
        machine, run = one_run("DAX_KMEM_PREFERRED", 0, (2,))
        self.assertEqual(verdict(machine, run, to_end=False).problem, "")
        machine, run = one_run("DAX_KMEM_PREFERRED", 0, (0,))
        self.assertNotEqual(verdict(machine, run, to_end=False).problem, "")


class ServingTest(unittest.TestCase):
    def test_each_place_serves_in_its_turn(self):
        order = support.DOCUMENTED["DAX_KMEM_PREFERRED", 0]
        _, run = one_run("DAX_KMEM_PREFERRED", 0, order, noise=20)
        turns = []
        for i in range(len(run.steps)):
            place = serving(run, i)
            if not turns or turns[-1] != place:
                turns.append(place)
        self.assertEqual(tuple(turns), order)

    def test_single_early_pages_in_swap_are_not_swapping(self):
        _, run = one_run("DAX_KMEM_ALL", 0, (2, 3), noise=40)
        self.assertFalse(any(is_swapping(run, i) for i in range(len(run.steps))))

    def test_arrows(self):
        self.assertEqual(arrows((2, 0, "swap")), "2 → 0 → swap")
        self.assertEqual(arrows(()), "nothing")


if __name__ == "__main__":
    unittest.main()
