# SPDX-License-Identifier: BSD-2-Clause
"""In which order the nodes filled (from the counts), and in which they should have."""

from __future__ import annotations

from dataclasses import dataclass

from counts import Machine, Run

SWAP = "swap"
Place = int | str

# A node that got less than this share of all pages was not part of the order: the kernel keeps
# single pages elsewhere when a node is at its last free ones.
NOISE = 0.02
# A node is begun at the first share of its own peak and done at the second.
BEGUN, DONE = 0.10, 0.90
# Swap has no size. The kernel's page daemon puts single pages there early, when a node is nearly
# full while others are free; swap serves once most of what is asked for pushes pages out to it,
# over this many steps.
SWAP_SHARE, SWAP_STEPS = 0.5, 6


@dataclass(frozen=True)
class Phase:
    """The steps (indices) in which one place filled: begun, all but full."""

    place: Place
    begun: int
    done: int


@dataclass(frozen=True)
class Verdict:
    measured: tuple[Place, ...]
    expected: tuple[Place, ...]
    problem: str = ""


def _pages(run: Run, place: Place) -> list[int]:
    if place == SWAP:
        return [step.swap for step in run.steps]
    return [step.pages.get(int(place), 0) for step in run.steps]


def phases(run: Run) -> list[Phase]:
    """The places that took part, in the order in which they were begun."""
    if not run.steps:
        return []
    last = run.steps[-1]
    least = max(1, NOISE * (sum(last.pages.values()) + last.swap))
    found = []
    for place in (*sorted({n for s in run.steps for n in s.pages}), SWAP):
        pages = _pages(run, place)
        peak = max(pages)
        if peak < least:
            continue
        begun = next(i for i, p in enumerate(pages) if p >= BEGUN * peak)
        if place == SWAP:
            begun = next((i for i in range(len(pages)) if is_swapping(run, i)), begun)
        done = next(i for i, p in enumerate(pages) if p >= DONE * peak)
        found.append(Phase(place, begun, done))
    return sorted(found, key=lambda p: (p.begun, p.done))


def overlap(found: list[Phase]) -> str:
    """A sentence when one place began long before the one ahead of it was full, else ''."""
    for first, second in zip(found, found[1:]):
        if second.begun < first.done:
            return f"{name(second.place)} began before {name(first.place)} was full"
    return ""


def is_swapping(run: Run, index: int) -> bool:
    """Do most of the pages asked for in the last steps push others out to swap?"""
    now = run.steps[index]
    before = run.steps[max(0, index - SWAP_STEPS)]
    asked = (now.blocks - before.blocks) * run.block_size // run.page_size
    return now.swap - before.swap > SWAP_SHARE * asked


def serving(run: Run, index: int) -> Place | None:
    """The place that took most of the newest pages at the step `index`; where none did (between
    two places), the one before."""
    if not run.steps:
        return None
    if is_swapping(run, index):
        return SWAP
    for i in range(index, -1, -1):
        now = run.steps[i]
        blocks, pages = (run.steps[i - 1].blocks, run.steps[i - 1].pages) if i else (0, {})
        most = (now.blocks - blocks) * run.block_size // run.page_size // 2
        for n, count in now.pages.items():
            if count - pages.get(n, 0) > most:
                return n
    return None


def _fallback(machine: Machine, start: int, allowed: list[int]) -> list[tuple[int, int]]:
    """Pairs (cost, node) as the kernel goes through them for memory wanted from node `start`.

    The cost is its own: the distance, one more for a node with CPUs, one more for a lower id.
    """
    row = machine.nodes[start].distances
    costs = []
    for n in allowed:
        cost = -1 if n == start else row.get(n, 255) + (n < start) + bool(machine.nodes[n].cpus)
        costs.append((cost, n))
    return sorted(costs)


def _wanted(machine: Machine, kind: str, home: int) -> list[tuple[int, int]]:
    row = machine.nodes[home].distances
    far = machine.far
    nearest = min(row.get(n, 255) for n in far)
    closest = [n for n in far if row.get(n, 255) == nearest]
    if kind == "DAX_KMEM":
        return _fallback(machine, home, closest)
    if kind == "DAX_KMEM_ALL":
        return _fallback(machine, home, far)
    if kind == "DAX_KMEM_PREFERRED" and len(closest) == 1:
        everything = [n.id for n in machine.nodes.values() if n.total]
        return _fallback(machine, closest[0], everything)
    raise ValueError(f"no documented order for {kind} from node {home}")


def expected(machine: Machine, kind: str, cpu: int) -> list[frozenset[int]]:
    """The documented order of nodes; nodes of the same cost are one entry, in either order."""
    home = machine.node_of(cpu)
    if home < 0 or not machine.far:
        raise ValueError(f"CPU {cpu} has no node, or the machine has no kmem node")
    groups: list[frozenset[int]] = []
    cost_before = None
    for cost, n in _wanted(machine, kind, home):
        if cost == cost_before:
            groups[-1] |= {n}
        else:
            groups.append(frozenset({n}))
        cost_before = cost
    return groups


def _settle(groups: list[frozenset[int]], measured: list[Place]) -> list[Place]:
    """One order out of the groups: equals come as they were measured."""
    def seen(n: int) -> tuple[int, int]:
        return (measured.index(n) if n in measured else len(measured), n)
    return [n for group in groups for n in sorted(group, key=seen)]


def verdict(machine: Machine, run: Run, to_swap: bool = True) -> Verdict:
    """Compare what was measured with the documented order.

    With `to_swap` every node must fill and swap must follow; without it (a bounded run on a
    machine that is in use) what was measured must be the beginning of the documented order.
    """
    found = phases(run)
    measured = [phase.place for phase in found]
    wanted = _settle(expected(machine, run.kind, run.cpu), measured)
    if to_swap:
        wanted = [*wanted, SWAP]
    else:
        wanted = wanted[:max(1, len(measured))]
    problem = ""
    if not run.steps:
        problem = "nothing was measured"
    elif measured != wanted:
        problem = "not the documented order"
    elif run.end != "limit":
        problem = {"null": "the allocation failed", "killed": "the program was killed"}.get(
            run.end, "the run did not end")
    elif any(step.cpu != run.cpu for step in run.steps):
        problem = "the program left its CPU"
    else:
        problem = overlap(found)
    return Verdict(tuple(measured), tuple(wanted), problem)


def name(place: Place) -> str:
    return SWAP if place == SWAP else f"node {place}"


def arrows(places: tuple[Place, ...]) -> str:
    return " → ".join(str(p) for p in places) if places else "nothing"
