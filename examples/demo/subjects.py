# SPDX-License-Identifier: BSD-2-Clause
"""What the demo shows, one picture a row: a kind, how it is set up, and what should come out."""

from __future__ import annotations

from dataclasses import dataclass, field

SWAP = "swap"
NULL = "NULL"
Place = int | str


@dataclass(frozen=True)
class Subject:
    """`name` stands for it in the lines of the fill program and in the page; `nodes` says which
    nodes are to fill, in which order (order.py); `end` comes when these are full; `past` is how
    many MiB the guest asks for beyond them. With `shares` these nodes fill side by side by that
    ratio, and `most` is how many MiB are asked for."""

    name: str
    title: str
    sentence: str
    nodes: str
    kind: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    end: Place = SWAP
    past: int = 96
    shares: dict[int, int] = field(default_factory=dict)
    most: int = 0

    @property
    def argument(self) -> str:
        """The kind as the fill program takes it."""
        return self.kind or self.name


# Where the fast nodes are to fill, too, the kernel has a part of them already.
_TABLE = (
    Subject("DAX_KMEM", "MEMKIND_DAX_KMEM",
            "Only the big memory nearest to the processor; when it is full, swap.", "closest"),
    Subject("DAX_KMEM_ALL", "MEMKIND_DAX_KMEM_ALL",
            "All big memory, nearest first, then swap; fast memory stays free.", "far"),
    Subject("DAX_KMEM_PREFERRED", "MEMKIND_DAX_KMEM_PREFERRED",
            "The nearest big memory first, then all the rest by distance from it.",
            "closest, then by distance from it", past=-64),
    Subject("DAX_KMEM_OR_NULL", "MEMKIND_DAX_KMEM with MEMKIND_EXHAUSTION=null",
            "Only the big memory nearest to the processor; when it is full, the program is told "
            "(NULL), and nothing is put away to swap.", "closest", kind="DAX_KMEM",
            environment={"MEMKIND_EXHAUSTION": "null"}, end=NULL),
    Subject("NG_DAX_KMEM_FIRST", "MEMKIND_NG_DAX_KMEM_FIRST",
            "All big memory, nearest first, then the fast memory; swap when nothing else is left.",
            "far, then near", past=-64),
    Subject("WEIGHTED", "nodes=0,2;policy=weighted;weights=3:1",
            "Three of four parts in fast memory and one in big memory, from the first to the last "
            "byte, whichever processor asks.", "shares", environment={},
            kind="nodes=0,2;policy=weighted;weights=3:1", shares={0: 3, 2: 1}, most=192),
)
SUBJECTS = {subject.name: subject for subject in _TABLE}
