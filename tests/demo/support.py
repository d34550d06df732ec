# SPDX-License-Identifier: BSD-2-Clause
"""Makes the demo's modules importable (so it comes before them), and streams like the fill's."""

from __future__ import annotations

import random
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "examples" / "demo"))

import counts  # noqa: E402

SIZES = {0: 256, 1: 256, 2: 256, 3: 128}
FREE = {0: 197, 1: 146, 2: 254, 3: 127}
DISTANCES = ((10, 21, 17, 28), (21, 10, 28, 17), (17, 28, 10, 28), (28, 17, 28, 10))
DOCUMENTED = {
    ("DAX_KMEM", 0): (2, "swap"), ("DAX_KMEM", 1): (3, "swap"),
    ("DAX_KMEM_ALL", 0): (2, 3, "swap"), ("DAX_KMEM_ALL", 1): (3, 2, "swap"),
    ("DAX_KMEM_PREFERRED", 0): (2, 0, 3, 1, "swap"),
    ("DAX_KMEM_PREFERRED", 1): (3, 1, 2, 0, "swap"),
    ("DAX_KMEM_OR_NULL", 0): (2, "NULL"), ("DAX_KMEM_OR_NULL", 1): (3, "NULL"),
    ("NG_DAX_KMEM_FIRST", 0): (2, 3, 0, 1, "swap"),
    ("NG_DAX_KMEM_FIRST", 1): (3, 2, 1, 0, "swap"),
}
WEIGHTED_CPUS = (0, 1)
PAGES_OF_MIB = 256


def machine_lines() -> list[str]:
    """The four-node example, as machine.sh prints it."""
    lines = ["machine kernel=6.1.0-test"]
    for n, row in enumerate(DISTANCES):
        lines.append(
            f"machine node={n} cpus={n if n < 2 else ''} total_kb={SIZES[n] * 1024} "
            f"free_kb={FREE[n] * 1024} online=0-3 distance={','.join(map(str, row))} "
            f"kmem={int(n > 1)}")
    return lines


def fill_lines(kind: str, cpu: int, order: tuple, noise: int = 0, end: str = "limit",
               in_swap: int = 90) -> list[str]:
    """A fill of the nodes of `order`, one after the other, with `noise` MiB of early swap and up
    to 3 pages a node that belong elsewhere."""
    rng = random.Random(7)
    nodes = [n for n in order if n not in ("swap", "NULL")]
    end = "null" if "NULL" in order else end
    room = {n: (FREE[n] - 4) * PAGES_OF_MIB for n in nodes}
    total = sum(room.values()) + (in_swap * PAGES_OF_MIB if "swap" in order else 0)
    lines = [f"start kind={kind} cpu={cpu} block={counts.MIB}"]
    for blocks in range(4, total // PAGES_OF_MIB, 4):
        left, held = blocks * PAGES_OF_MIB, dict.fromkeys(SIZES, 0)
        swap = noise * left // total * PAGES_OF_MIB if "NULL" not in order else 0
        left -= swap
        for n in nodes:
            held[n] = min(left, room[n])
            left -= held[n]
        for n in SIZES:
            held[n] += rng.randrange(3) if noise else 0
        fields = " ".join(f"node{n}={held[n]}" for n in SIZES)
        lines.append(f"step ms={blocks * 9} blocks={blocks} cpu={cpu} {fields} swap={swap + left}")
    return [*lines, f"end reason={end} blocks={blocks}"]


def ratio_lines(cpu: int, weights: tuple[int, int] = (3, 1), off: int = 0) -> list[str]:
    """Nodes 0 and 2 that fill by their weights, in stripes of 256 KiB; OFF MiB go astray."""
    lines = [f"start kind=WEIGHTED cpu={cpu} block={counts.MIB}"]
    for blocks in range(4, 193, 4):
        pages = blocks * PAGES_OF_MIB
        near = pages * weights[0] // sum(weights) // 64 * 64 + min(off, blocks) * PAGES_OF_MIB
        lines.append(f"step ms={blocks} blocks={blocks} cpu={cpu} node0={near} node1=0 "
                     f"node2={pages - near} node3=0 swap=0")
    return [*lines, f"end reason=limit blocks={blocks}"]


def read(lines: list[str]) -> counts.Reader:
    reader = counts.Reader()
    for line in lines:
        reader.feed(line)
    return reader


def whole_demo() -> counts.Reader:
    lines = machine_lines()
    for (kind, cpu), order in DOCUMENTED.items():
        lines += fill_lines(kind, cpu, order, noise=9)
    for cpu in WEIGHTED_CPUS:
        lines += ratio_lines(cpu)
    return read(lines)
