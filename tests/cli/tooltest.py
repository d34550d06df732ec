# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the commands share: machines, runs, terminals.

Arguments of the test: TOOL TOPOLOGY_DIRECTORY
"""

import itertools
import os
import shlex
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

TOOL = sys.argv[1]
sys.path.insert(0, sys.argv[2])

import tool  # noqa: E402
import tree  # noqa: E402

HERE = Path(__file__).resolve().parent
_numbers = itertools.count()


class ToolTest(unittest.TestCase):
    """Runs the tool, on a machine where one is named."""

    def setUp(self) -> None:
        self.root = self.make_root()

    def make_root(self) -> str:
        directory = tree.temporary_root()
        self.addCleanup(directory.cleanup)
        return directory.name

    def make_machine(self, name: str, folder: Path = tree.DIRECTORY) -> str:
        """The root of a machine, which self.root is then."""
        self.root = self.make_root()
        tree.write_tree(tree.read_machine(folder / f"{name}.txt"), Path(self.root))
        return self.root

    def check(self, arguments: list[str], code: int, **variables: str) -> tuple[str, str]:
        """(output, errors) of a run that ends with this code."""
        result = tool.run(TOOL, arguments, variables)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stdout, result.stderr

    def check_output(self, arguments: list[str], expected: str, **variables: str) -> None:
        """What is printed is what the file says."""
        output, errors = self.check(arguments, 0, **variables)
        self.assertEqual(errors, "")
        self.assertEqual(output, (HERE / expected).read_text())

    def check_fault(self, arguments: list[str], code: int, fault: str, **variables: str) -> None:
        output, errors = self.check(arguments, code, **variables)
        self.assertEqual(output, "")
        self.assertEqual(errors, f"memkind: {fault}\n")

    def check_bad_usage(self, command: str, rows: list[tuple[list[str], str]]) -> None:
        """One line, and exit code 2."""
        for arguments, fault in rows:
            with self.subTest(arguments=arguments):
                self.check_fault([command, *arguments], 2,
                                 f"{command}: {fault}; see memkind {command} --help")

    def check_help(self, command: str, usage: str) -> None:
        output, errors = self.check([command, "--help"], 0)
        self.assertEqual(output.splitlines()[0], f"usage: memkind {command} {usage}")
        self.assertEqual(errors, "")
        self.assertIn(f"  {command} {usage}\n", self.check(["--help"], 0)[0])
        self.assertLessEqual(max(map(len, output.splitlines())), 95)


def terminal_lines(arguments: list[str], width: int) -> list[str]:
    """What a terminal of this width shows of a run."""
    command = f"{shlex.quote(TOOL)} {shlex.join(arguments)}"
    socket = f"memkind-{os.getpid()}-{next(_numbers)}"

    def tmux(*words: str) -> str:
        result = subprocess.run(["tmux", "-L", socket, "-f", "/dev/null", *words], text=True,
                                check=True, capture_output=True)
        return result.stdout

    # It holds the terminal until it was looked at.
    tmux("new-session", "-d", "-x", str(width), "-y", "500",
         f"{command}; tmux -L {socket} wait-for -S done; read -r line")
    try:
        tmux("wait-for", "done")
        # -e shows colours, where there are some; -J joins what the terminal had to break.
        text = tmux("capture-pane", "-p", "-e", "-J")
        return [line.rstrip() for line in text.rstrip("\n ").split("\n")]
    finally:
        tmux("kill-server")


SKIP_TERMINAL = tool.SKIP_LIVE or ("" if shutil.which("tmux") else "tmux is not installed")


def joined(text: str) -> str:
    """Without blanks and line ends."""
    return "".join(text.split())
