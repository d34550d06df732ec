# SPDX-License-Identifier: BSD-2-Clause
"""Checks where a server's memory lies, by /proc/PID/numa_maps before and after it is filled."""

import dataclasses
import re
from typing import Callable

# The job prints them before the server's numa_maps.
EMPTY = "=== empty"
FILLED = "=== filled"

# Of what the server gets this part may lie elsewhere: what the library notes down of blocks.
_NOTES = 0.05
_RATIO_TOLERANCE = 0.1


@dataclasses.dataclass
class Area:
    """A line of numa_maps."""

    policy: str
    what: str  # "stack", "heap", "file=...", or "" for anonymous memory
    pages: dict[int, int]  # by node


def parse(text: str) -> list[Area]:
    areas = []
    for line in text.splitlines():
        match = re.match(r"[0-9a-f]{8,} (\S+) ?(.*)", line)
        if match:
            words = match[2].split()
            pages = {int(node): int(count) for node, count in re.findall(r"\bN(\d+)=(\d+)", line)}
            what = next((word for word in words if word.startswith(("stack", "heap", "file="))), "")
            areas.append(Area(match[1], what, pages))
    return areas


def _cut(output: str) -> tuple[list[Area], list[Area]]:
    empty, _, filled = output.partition(EMPTY)[2].partition(FILLED)
    return parse(empty), parse(filled)


def _by_node(areas: list[Area]) -> dict[int, int]:
    pages: dict[int, int] = {}
    for area in areas:
        for node, count in area.pages.items():
            pages[node] = pages.get(node, 0) + count
    return pages


def _growth(output: str) -> dict[int, int]:
    empty, filled = map(_by_node, _cut(output))
    return {node: count - empty.get(node, 0) for node, count in filled.items()}


def heap_on(node: int, policy: str, least: int) -> Callable[[str], str]:
    """LEAST pages or more with the policy are on the node, and nothing else: no stack, no code."""
    def check(output: str) -> str:
        filled = _cut(output)[1]
        heap = _by_node([area for area in filled if area.policy == policy])
        rest = [area for area in filled if area.policy != policy]
        growth = _growth(output)
        elsewhere = sum(growth.values()) - growth.get(node, 0)
        for what in ("stack", "file="):
            if not any(area.what.startswith(what) and area.pages for area in rest):
                return f"no {what} of its own in DRAM"
        if set(heap) != {node} or heap[node] < least:
            return f"memory with {policy} is on {heap}, not {least} pages on {node}"
        if strays := [area for area in rest if node in area.pages]:
            return f"not of the heap, but on {node}: {strays[0]}"
        if elsewhere > _NOTES * heap[node]:
            return f"it grew by {elsewhere} pages elsewhere"
        return ""
    return check


def shares(near: int, far: int, ratio: float, least: int) -> Callable[[str], str]:
    """What came when it was filled: RATIO times as many pages on the node FAR as on NEAR."""
    def check(output: str) -> str:
        growth = _growth(output)
        if growth.get(near, 0) + growth.get(far, 0) < least:
            return f"it grew by {growth}, not by {least} pages"
        if abs(growth.get(far, 0) / growth.get(near, 1) / ratio - 1) > _RATIO_TOLERANCE:
            return f"it grew by {growth}, not 1:{ratio:g}"
        return ""
    return check
