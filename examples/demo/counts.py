# SPDX-License-Identifier: BSD-2-Clause
"""What was measured: the machine's nodes and, block by block, on which node a program's pages lie.

The lines come from examples/demo/job.sh (`machine ...`) and from the fill program (`start`,
`step`, `end`); both are words of the form key=value after a first word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from subjects import SUBJECTS

MIB = 1 << 20
# What the fill program counts in, also where the kernel's pages are bigger.
PAGE = 4096
ENDS = ("limit", "killed", "null")


class BadLine(ValueError):
    """A line that begins like a measurement but is not one."""


@dataclass(frozen=True)
class Node:
    """One NUMA node; distances go to every online node, by id."""

    id: int
    cpus: tuple[int, ...]
    total: int
    free: int
    distances: dict[int, int]
    kmem: bool = False


@dataclass
class Machine:
    nodes: dict[int, Node] = field(default_factory=dict)
    kernel: str = ""

    def node_of(self, cpu: int) -> int:
        """The node of a CPU; -1 when no node lists it."""
        return next((n.id for n in self.nodes.values() if cpu in n.cpus), -1)

    @property
    def far(self) -> list[int]:
        return [n.id for n in self.nodes.values() if n.kmem]


@dataclass(frozen=True)
class Step:
    """Pages of the program at one moment, after `blocks` blocks; `pages` is by node id."""

    ms: int
    blocks: int
    cpu: int
    pages: dict[int, int]
    swap: int


@dataclass
class Run:
    """One kind filled from one CPU; `end` is empty while it is going on."""

    kind: str
    cpu: int
    block_size: int
    page_size: int = PAGE
    steps: list[Step] = field(default_factory=list)
    end: str = ""
    free: dict[int, int] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Bytes asked for so far."""
        return self.steps[-1].blocks * self.block_size if self.steps else 0


def parse_list(text: str) -> tuple[int, ...]:
    """A list of CPUs or nodes as the kernel prints it: "0-2,5"; empty text is an empty list."""
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if not match:
            raise BadLine(f"not a list of numbers: {text!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first > 65535:
            raise BadLine(f"not a range: {part!r}")
        numbers.extend(range(first, last + 1))
    return tuple(numbers)


def _words(line: str) -> dict[str, str]:
    pairs = {}
    for word in line.split()[1:]:
        key, equals, value = word.partition("=")
        if not equals or key in pairs:
            raise BadLine(f"not key=value, or twice: {word!r} in {line!r}")
        pairs[key] = value
    return pairs


def _number(words: dict[str, str], key: str, line: str) -> int:
    if not re.fullmatch(r"\d{1,18}", words.get(key, "")):
        raise BadLine(f"{key} is not a number in {line!r}")
    return int(words[key])


def _step(words: dict[str, str], line: str) -> Step:
    pages = {int(key[4:]): _number(words, key, line)
             for key in words if re.fullmatch(r"node\d{1,4}", key)}
    return Step(*(_number(words, key, line) for key in ("ms", "blocks", "cpu")),
                pages, _number(words, "swap", line))


class Reader:
    """Turns lines into a Machine and Runs; lines of other programs are left alone."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.runs: list[Run] = []

    @property
    def current(self) -> Run | None:
        return self.runs[-1] if self.runs and not self.runs[-1].end else None

    def feed(self, line: str) -> str:
        """Take one line; gives its first word when it was a measurement, else ''."""
        word = line.split(" ", 1)[0]
        handler = {"machine": self._machine, "start": self._start,
                   "step": self._step, "end": self._end}.get(word)
        if not handler or "=" not in line:
            return ""
        handler(_words(line), line)
        return word

    def _machine(self, words: dict[str, str], line: str) -> None:
        if "kernel" in words:
            self.machine.kernel = words["kernel"]
            return
        number = _number(words, "node", line)
        others = parse_list(words.get("online", ""))
        far = [int(d) for d in words.get("distance", "").split(",") if d.isdigit()]
        if len(others) != len(far):
            raise BadLine(f"{len(far)} distances for {len(others)} nodes in {line!r}")
        self.machine.nodes[number] = Node(
            number, parse_list(words.get("cpus", "")), _number(words, "total_kb", line) * 1024,
            _number(words, "free_kb", line) * 1024, dict(zip(others, far)),
            words.get("kmem") == "1")

    def _start(self, words: dict[str, str], line: str) -> None:
        kind = words.get("kind", "").removeprefix("MEMKIND_")
        block = _number(words, "block", line)
        if kind not in SUBJECTS or not block:
            raise BadLine(f"no kind of the demo or no block size in {line!r}")
        if self.current:
            self.runs[-1].end = "killed"
        free = {n.id: n.free for n in self.machine.nodes.values()}
        self.runs.append(Run(kind, _number(words, "cpu", line), block, free=free))

    def _step(self, words: dict[str, str], line: str) -> None:
        run = self.current
        if not run:
            raise BadLine(f"step without start: {line!r}")
        run.steps.append(_step(words, line))

    def _end(self, words: dict[str, str], line: str) -> None:
        run = self.current
        if not run or words.get("reason") not in ENDS:
            raise BadLine(f"end without start or reason: {line!r}")
        run.end = words["reason"]
