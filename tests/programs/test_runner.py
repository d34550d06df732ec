#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the runner of real programs takes for the proof that a preload is in force."""

import sys
import tempfile
import unittest
from pathlib import Path

from preloads import PLAIN, PRELOADS, parse_trace, wrong_with
from run import difference

_LIBRARIES = Path("/lib/of/ours")
_FAR = next(preload for preload in PRELOADS if preload.name == "far")


def _trace(program: str, *libraries: str) -> str:
    """As the loader writes it."""
    lines = [f"      7:\tcalling init: {library}\n      7:\t\n" for library in libraries]
    return "".join(lines) + f"      7:\tinitialize program: {program}\n"


class Proof(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.traces = Path(folder.name)

    def leave(self, trace: str, statistics: str = "") -> None:
        (self.traces / "loader.7").write_text(trace)
        (self.traces / "statistics").write_text(statistics)

    def wrong(self, preload) -> str:
        return wrong_with(preload, _LIBRARIES, self.traces)

    def test_every_program_of_a_process_counts(self) -> None:
        ours = [f"{_LIBRARIES}/libmemkind.so.0", f"{_LIBRARIES}/{_FAR.library}"]
        far = "7 ls dax_kmem_preferred 0 4096\n"
        self.leave(_trace("sh", "/lib/libc.so.6", *ours) + _trace("ls", *ours), far)
        self.assertEqual(self.wrong(_FAR), "")
        self.leave(_trace("sh", "/lib/libc.so.6", *ours) + _trace("ls", ours[0]), far)
        self.assertIn("ls ran with", self.wrong(_FAR))

    def test_kinds_must_have_memory(self) -> None:
        ours = [f"{_LIBRARIES}/libmemkind.so.0", f"{_LIBRARIES}/{_FAR.library}"]
        self.leave(_trace("ls", *ours), "7 ls default 0 4096\n7 ls dax_kmem_preferred 0 0\n")
        self.assertIn("memory was of ['default']", self.wrong(_FAR))

    def test_no_trace_is_no_proof(self) -> None:
        self.assertIn("traced no program", self.wrong(_FAR))
        self.assertIn("traced no program", self.wrong(PLAIN))

    def test_plain_runs_have_nothing_of_ours(self) -> None:
        self.leave(_trace("ls", f"{_LIBRARIES}/libmemkind.so.0"))
        self.assertIn("ls ran with", self.wrong(PLAIN))

    def test_libraries_of_one_program(self) -> None:
        self.assertEqual(list(parse_trace(_trace("a", "/x", "/y") + _trace("b"))),
                         [("a", {"/x", "/y"}), ("b", set())])

    def test_difference_is_a_line(self) -> None:
        self.assertEqual(difference("a\nb\n", "a\nc\n"), "printed 'c' instead of 'b'")
        self.assertEqual(difference("a\n", "a\nc\n"), "printed 'c' instead of None")


if __name__ == "__main__":
    sys.exit(unittest.main())
