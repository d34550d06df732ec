# SPDX-License-Identifier: BSD-2-Clause
"""Looks at what jobs printed. Each check returns what is wrong, or an empty text."""

import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import Any, Callable

sys.path.append(str(Path(__file__).resolve().parents[1] / "compat"))

import compare

# The job prints it between the answers of libmemkind 1.14 and of this library.
NEXT_LIBRARY = "=== next library"

Check = Callable[[str], str]

PAGES_PER_MIB = 256
# A node counts as reached from here on: what a process happens to use besides is less.
_REACHED = 8 * PAGES_PER_MIB


def nothing(output: str) -> str:
    del output
    return ""


def contains(text: str) -> Check:
    return lambda output: "" if text in output else f"no line with {text}"


def contains_all(*texts: str) -> Check:
    return lambda output: "; ".join(filter(None, (contains(text)(output) for text in texts)))


def same_answers(place: str) -> Check:
    """The two halves must be the same but for what tests/compat/differences.txt names."""
    def check(output: str) -> str:
        old, _, new = output.partition(f"{NEXT_LIBRARY}\n")
        return compare.compare(place, old, new)
    return check


@dataclasses.dataclass
class Fill:
    """The records of programs/fill.c. Pages by "0", "1", ... and "swap", a row a step."""

    steps: list[dict[str, int]]
    reason: str
    blocks: int


def parse_fill(output: str) -> Fill:
    steps, reason, blocks = [], "", 0
    for line in output.splitlines():
        words = line.split()
        if not words or words[0] not in ("step", "end"):
            continue
        fields = dict(word.split("=", 1) for word in words[1:])
        if words[0] == "end":
            reason, blocks = fields["reason"], int(fields["blocks"])
        else:
            steps.append({name.removeprefix("node"): int(value) for name, value in fields.items()
                          if name == "swap" or name.startswith("node")})
    return Fill(steps, reason, blocks)


def _first_step(fill: Fill, place: str) -> int | None:
    return next((number for number, step in enumerate(fill.steps)
                 if step.get(place, 0) >= _REACHED), None)


def _order_error(fill: Fill, order: list[tuple[str, int]]) -> str:
    places = [place for place, _ in order]
    found = {place: _first_step(fill, place) for place in fill.steps[-1]}
    reached = sorted((place for place in found if found[place] is not None),
                     key=lambda place: found[place])
    if reached != places:
        return f"filled in the order {' '.join(reached)}, not {' '.join(places)}"
    for (place, least), after in zip(order, places[1:]):
        now = fill.steps[found[after]][place] // PAGES_PER_MIB
        if now < least:
            return f"{after} was used when {place} had {now} of {least} MiB"
    return ""


def fill_order(order: tuple[tuple[int | str, int], ...], reasons: tuple[str, ...]) -> Check:
    """The places must be filled in this order, each full before the next is used, no others.

    ORDER: node or "swap", with the MiB that it must hold by then, or at some time, if it is last. A
    full node may get more room later: the kernel takes pages of others, too.
    """
    def check(output: str) -> str:
        fill = parse_fill(output)
        if not fill.steps or fill.reason not in reasons:
            return f"ended with {fill.reason or 'nothing'}, not {' or '.join(reasons)}"
        error = _order_error(fill, [(str(place), least) for place, least in order])
        for place, least in order:
            most = max(step.get(str(place), 0) for step in fill.steps) // PAGES_PER_MIB
            if not error and most < least:
                error = f"{place} never held more than {most} of {least} MiB"
        return error
    return check


def fill_shares(shares: dict[int, int], tolerance: int) -> Check:
    """At the end each node must hold these MiB, and no other more than the tolerance."""
    def check(output: str) -> str:
        fill = parse_fill(output)
        if not fill.steps or fill.reason != "limit":
            return f"ended with {fill.reason or 'nothing'}"
        for place, pages in fill.steps[-1].items():
            wanted = 0 if place == "swap" else shares.get(int(place), 0)
            if abs(pages / PAGES_PER_MIB - wanted) > tolerance:
                return f"{place} holds {pages // PAGES_PER_MIB} MiB, not {wanted}"
        return ""
    return check


def fill_held(least: dict[int, int], reason: str) -> Check:
    """At the end each node must hold these MiB or more, and no other place anything."""
    def check(output: str) -> str:
        fill = parse_fill(output)
        if not fill.steps or fill.reason != reason:
            return f"ended with {fill.reason or 'nothing'}, not {reason}"
        held = {place: pages // PAGES_PER_MIB for place, pages in fill.steps[-1].items()}
        strangers = [place for place, size in held.items()
                     if size != 0 and place not in map(str, least)]
        if strangers:
            return f"{' '.join(strangers)} was used, too"
        return "".join(f"{node} holds {held[str(node)]} MiB, not {size}"
                       for node, size in least.items() if held[str(node)] < size)
    return check


def stays_full(share: float, sample_count: int) -> Check:
    """Of the lines "free KIB of KIB" so many must be there; from the first one on that has it, all
    must have this share of the node in use. "oom_kill" and "pswpout" stay what they were, and each
    "exit" is 0."""
    def check(output: str) -> str:
        used = [1 - int(free) / int(total)
                for free, total in re.findall(r"^free (\d+) of (\d+)$", output, re.M)]
        full = next((i for i, part in enumerate(used) if part >= share), len(used))
        exits = re.findall(r"^exit (\d+)$", output, re.M)
        counts = {name: set(re.findall(rf"^{name} (\d+)$", output, re.M))
                  for name in ("oom_kill", "pswpout")}
        if len(used) - full < sample_count:
            return f"the node was full in {len(used) - full} samples of {len(used)} only"
        if min(used[full:]) < share:
            return f"at one time {min(used[full:]):.1%} of the node were used"
        if not exits or set(exits) != {"0"}:
            return f"exit codes {' '.join(exits)}"
        return "".join(f"{name}: {' '.join(sorted(seen))}; " for name, seen in counts.items()
                       if len(seen) != 1)
    return check


def run_table(expected: dict[tuple[str, int], int], tolerance: int = 6) -> Check:
    """`memkind run --stats` must show these MiB of a kind on a node, and others up to the tolerance.

    A kind's metadata, what a process needs besides, and the rest of a huge page are in it.
    """
    def check(output: str) -> str:
        rows = re.findall(r"^(\w+) +(\d+) +(\d+) +\d+$", output, re.M)
        found = {(kind, int(node)): int(size) / 2**20 for kind, node, size in rows}
        for place in {*found, *expected}:
            if abs(found.get(place, 0) - expected.get(place, 0)) > tolerance:
                return (f"{found.get(place, 0):.1f} MiB of {place[0]} on node {place[1]}, "
                        f"not {expected.get(place, 0)}")
        return ""
    return check


def top_shows(name: str, labels: tuple[str, str], node: int, mib: int) -> Check:
    """`memkind top --once --json` must show so much in the process, all of it on the node.

    LABELS: the kind, and the policy that is shown where the kernel keeps no names of memory.
    """
    def check(output: str) -> str:
        try:
            processes = [process for process in json.loads(output)["processes"]
                         if process["name"] == name]
        except ValueError as error:
            return f"no JSON: {error}"
        if len(processes) != 1:
            return f"{len(processes)} processes are called {name}"
        found = {row["node"]: row["bytes"] / 2**20 for row in processes[0]["memory"]
                 if (row["kind"] or row["policy"]) in labels}
        if set(found) != {node} or not mib <= found[node] < mib + 6:
            return f"{' or '.join(labels)} has {found} MiB on nodes, not {mib} on {node}"
        return ""
    return check


def bench_measured(nodes: set[tuple[int, int]],
                   kinds: dict[tuple[int, str], list[int]]) -> Check:
    """`memkind bench --json` must have figures from CPUs of a node for these nodes, on which the
    pages were, and for kinds whose pages were on these; no more nodes, but more kinds."""
    def check(output: str) -> str:
        try:
            rows = json.loads(output)["rows"]
        except ValueError as error:
            return f"no JSON: {error}"
        if left_out := [row for row in rows if row["left_out"]]:
            return f"left out: {left_out[0]}"
        found = {(row["from"], row["node"]): row for row in rows if row["kind"] is None}
        if set(found) != nodes:
            return f"measured {sorted(found)}"
        for (_, node), row in found.items():
            if row["nodes"] != [node] or not row["latency"]["value"] > 0 < row["copy"]["value"]:
                return f"node {node}: {row}"
        on_nodes = {(row["from"], row["kind"]): row["nodes"] for row in rows}
        for name, wanted in kinds.items():
            if on_nodes.get(name) != wanted:
                return f"{name} was on {on_nodes.get(name)}, not {wanted}"
        return ""
    return check


def parse_nodes(text: str) -> list[int]:
    """A list as the kernel and numactl write it: "0-1,3"."""
    nodes = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        nodes.extend(range(int(first), int(last or first) + 1))
    return nodes


def numactl_nodes(expected: dict[str, Any]) -> Check:
    """`numactl -H` must show the nodes and distances of a topology's "expected"."""
    def check(output: str) -> str:
        available = re.search(r"available: \d+ nodes? \((.*)\)", output)
        online = parse_nodes(available[1]) if available else []
        if online != expected["online"]:
            return f"nodes {online}, not {expected['online']}"
        cpuless = [int(node) for node in re.findall(r"^node (\d+) cpus:\s*$", output, re.M)]
        if cpuless != expected["cpuless"]:
            return f"CPU-less nodes {cpuless}, not {expected['cpuless']}"
        rows = [[int(value) for value in row.split()]
                for row in re.findall(r"^ *\d+: ((?: *\d+)+) *$", output, re.M)]
        return "" if rows == expected["distances"] else f"distances {rows}"
    return check


def classification(expected: dict[str, Any]) -> Check:
    """`memkind nodes --json` must give the answers of a topology's "expected"."""
    def check(output: str) -> str:
        try:
            answer = json.loads(output)
        except ValueError as error:
            return f"no JSON: {error}"
        for name in ("far", "closest", "hbw", "closest_hbw"):
            if answer.get(name) != expected[name]:
                return f"{name} is {answer.get(name)}, not {expected[name]}"
        if [node["id"] for node in answer["nodes"]] != expected["online"]:
            return f"nodes {[node['id'] for node in answer['nodes']]}, not {expected['online']}"
        medium = {str(node["id"]): node["medium"] for node in answer["nodes"]}
        for node, wanted in expected["medium"].items():
            if medium.get(node) != wanted:
                return f"node {node} is taken for {medium.get(node)}, not {wanted}"
        return ""
    return check
