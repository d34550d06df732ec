# SPDX-License-Identifier: BSD-2-Clause
"""docs/tutorial.md as a test: its commands are the job, what it shows must be in the output."""

import re
from pathlib import Path
from typing import Callable, Iterator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
# The program that the page writes down.
PROGRAM = "far"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# What differs from machine to machine: sizes.
_SIZE = re.compile(r"\d+\.\d+ [KMGT]iB|\d{5,}")
# udev makes a machine wait for these.
_DEVICES = ((re.compile(r"--region=(\w+)"), "/sys/bus/nd/devices/{}"),
            (re.compile(r"--mode=system-ram"), "/sys/bus/dax/devices/dax0.0"))


def _blocks(headings: tuple[str, ...], language: str) -> Iterator[str]:
    sections = re.split(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = dict(zip(sections[1::2], sections[2::2]))
    for heading in headings:
        for word, text in _BLOCK.findall(found[heading]):
            if word == language:
                yield text


def write_program(path: Path) -> None:
    (source,) = _blocks(("A program",), "c")
    path.write_text(source, encoding="utf-8")


def _steps(line: str) -> Iterator[str]:
    for pattern, device in _DEVICES:
        for match in pattern.finditer(line):
            yield f"wait_until test -e {device.format(*match.groups())} || exit"
    # The guest has no compiler: it gets the program that was compiled outside.
    if line.startswith("cc "):
        yield f"cp /job/bin/{PROGRAM} {PROGRAM} || exit"
    else:
        yield line if line.endswith("&") else f"{line} || exit"


def job(*headings: str) -> str:
    lines = [step for text in _blocks(headings, "sh") for line in text.splitlines()
             for step in _steps(line)]
    return "\n".join(["cd /tmp", "set -x", *lines])


def _same(line: str) -> str:
    return " ".join(_SIZE.sub("SIZE", line).split())


def check(*headings: str) -> Callable[[str], str]:
    """What these sections show must have been printed, in their order."""
    def look(output: str) -> str:
        printed = iter(_same(line) for line in output.splitlines())
        for text in _blocks(headings, "text"):
            for line in text.splitlines():
                if _same(line) not in printed:
                    return f"the tutorial shows \"{line}\", which does not come"
        return ""
    return look
