# SPDX-License-Identifier: BSD-2-Clause
"""In which order the nodes filled (from the counts), and in which they should have."""

from __future__ import annotations

from dataclasses import dataclass, field

from counts import Machine, Run
from subjects import NULL, SUBJECTS, SWAP, Place

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


# A ratio holds for what is at least so large, give or take this part of it.
RATIO_BYTES, RATIO_ERROR = 64 << 20, 0.01


@dataclass(frozen=True)
class Verdict:
    """The places that filled and those that should have, one after another; or side by side, and
    then `shares` has the part of each that filled, at the end."""

    measured: tuple[Place, ...]
    expected: tuple[Place, ...]
    problem: str = ""
    shares: dict[Place, float] = field(default_factory=dict)


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
    if not run.steps or SUBJECTS[run.kind].shares:
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


def _wanted(machine: Machine, nodes: str, home: int) -> list[tuple[int, int]]:
    row = machine.nodes[home].distances
    far = machine.far
    nearest = min(row.get(n, 255) for n in far)
    closest = [n for n in far if row.get(n, 255) == nearest]
    everything = [n.id for n in machine.nodes.values() if n.total]
    if nodes == "closest":
        return _fallback(machine, home, closest)
    if nodes == "far":
        return _fallback(machine, home, far)
    if nodes == "far, then near":
        near = [n for n in everything if n not in far]
        return [*_fallback(machine, home, far), *_fallback(machine, home, near)]
    if nodes == "closest, then by distance from it" and len(closest) == 1:
        return _fallback(machine, closest[0], everything)
    raise ValueError(f"no documented order of nodes ({nodes}) from node {home}")


def expected(machine: Machine, name: str, cpu: int) -> list[frozenset[int]]:
    """The documented order of nodes; nodes of the same cost are one entry, in either order."""
    if SUBJECTS[name].shares:
        return [frozenset({n}) for n in SUBJECTS[name].shares]
    home = machine.node_of(cpu)
    if home < 0 or not machine.far:
        raise ValueError(f"CPU {cpu} has no node, or the machine has no kmem node")
    groups: list[frozenset[int]] = []
    cost_before = None
    for cost, n in _wanted(machine, SUBJECTS[name].nodes, home):
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


def _ratio_problem(run: Run) -> str:
    """Where the ratio was another one than asked for, from the least size on."""
    wanted = SUBJECTS[run.kind].shares
    for step in run.steps:
        total = sum(step.pages.values()) + step.swap
        if total * run.page_size < RATIO_BYTES:
            continue
        for n, weight in wanted.items():
            part, right = step.pages.get(n, 0) / total, weight / sum(wanted.values())
            if abs(part - right) > RATIO_ERROR:
                return f"{part:.1%} of {total * run.page_size >> 20} MiB in {name(n)}, " \
                       f"not {right:.1%}"
    return ""


def _shares(run: Run, measured: list[Place]) -> dict[Place, float]:
    if not SUBJECTS[run.kind].shares or not run.steps:
        return {}
    last = run.steps[-1]
    total = max(1, sum(last.pages.values()) + last.swap)
    return {p: (last.swap if p == SWAP else last.pages.get(int(p), 0)) / total for p in measured}


def verdict(machine: Machine, run: Run, to_end: bool = True) -> Verdict:
    """Compare what was measured with the documented order.

    With `to_end` every node must fill and swap, or NULL, must follow; without it (a bounded run on
    a machine that is in use) what was measured must be the beginning of the documented order.
    """
    found = phases(run)
    measured = [phase.place for phase in found]
    end = SUBJECTS[run.kind].end
    if end == NULL and run.end == "null":
        measured.append(NULL)
    wanted = _settle(expected(machine, run.kind, run.cpu), measured)
    if SUBJECTS[run.kind].shares:
        measured = sorted(measured, key=wanted.index) if set(measured) == set(wanted) else measured
    elif to_end:
        wanted = [*wanted, end]
    else:
        wanted = wanted[:max(1, len(measured))]
    problem = ""
    if not run.steps:
        problem = "nothing was measured"
    elif measured != wanted:
        problem = "not the documented order"
    elif run.end != ("null" if NULL in wanted else "limit"):
        problem = {"null": "the allocation failed", "killed": "the program was killed"}.get(
            run.end, "the run did not end")
    elif any(step.cpu != run.cpu for step in run.steps):
        problem = "the program left its CPU"
    else:
        problem = _ratio_problem(run) if SUBJECTS[run.kind].shares else overlap(found)
    return Verdict(tuple(measured), tuple(wanted), problem, _shares(run, measured))


def name(place: Place) -> str:
    return str(place) if place in (SWAP, NULL) else f"node {place}"


def arrows(places: tuple[Place, ...], shares: dict[Place, float] | None = None) -> str:
    if shares:
        return " + ".join(f"{shares[p]:.1%} on {p}" for p in places)
    return " → ".join(str(p) for p in places) if places else "nothing"
