# SPDX-License-Identifier: BSD-2-Clause
"""What the tools say of themselves."""

import re
import subprocess
from pathlib import Path

_OPTIONS = re.compile(r"^ +(-[\w-]+(?:(?:/|, )-[\w-]+)*)", re.MULTILINE)
_COMMAND = re.compile(r"^  (\w+)(?: |$)", re.MULTILINE)


def _help(tool: Path, *command: str) -> str:
    return subprocess.run([tool, *command, "--help"], capture_output=True, text=True,
                          check=False).stdout


def commands(tool: Path) -> list[str]:
    """The subcommands of `memkind`."""
    return _COMMAND.findall(_help(tool).partition("commands:\n")[2])


def options(tool: Path, *command: str) -> set[str]:
    """The options of a tool, or of one of its subcommands; all have --help."""
    lists = _OPTIONS.findall(_help(tool, *command))
    return {option for found in lists for option in re.split("/|, ", found)} | {"--help"}


def kinds(tool: Path) -> set[str]:
    """The static kinds that `memkind run --kind` takes, without memkind_."""
    said = subprocess.run([tool, "run", "--kind", "?", "true"], capture_output=True, text=True,
                          check=False).stderr
    return set(re.findall(r"memkind_(\w+)", said.partition(" or one of ")[2]))
