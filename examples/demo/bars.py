# SPDX-License-Identifier: BSD-2-Clause
"""The live bars of one fill: a line a node, the nodes in the order in which they should fill."""

from __future__ import annotations

from counts import MIB, Machine, Run
from order import arrows, expected, phases, serving
from screen import bar, style
from subjects import SUBJECTS, SWAP, Place

COLOURS = ("blue", "cyan", "yellow", "magenta")
NARROW = 56


def colour(machine: Machine, place: Place) -> str:
    """A node keeps its colour in all pictures: its rank among the machine's nodes."""
    if place == SWAP:
        return "dim"
    ids = sorted(machine.nodes)
    return COLOURS[ids.index(int(place)) % len(COLOURS)] if place in ids else "dim"


def places(machine: Machine, run: Run) -> list[Place]:
    """The lines: documented order first, then the nodes that should stay empty, then swap."""
    try:
        wanted = [n for group in expected(machine, run.kind, run.cpu) for n in sorted(group)]
    except ValueError:
        wanted = []
    return [*wanted, *(n for n in sorted(machine.nodes) if n not in wanted), SWAP]


def _pages(run: Run, place: Place) -> int:
    if not run.steps:
        return 0
    last = run.steps[-1]
    return last.swap if place == SWAP else last.pages.get(int(place), 0)


def _room(machine: Machine, run: Run, place: Place) -> int:
    """Bytes a full bar stands for; the swap's bar is as long as the biggest node."""
    if place != SWAP:
        return machine.nodes[int(place)].total
    return max([n.total for n in machine.nodes.values()] + [_pages(run, SWAP) * run.page_size])


def _label(machine: Machine, place: Place) -> str:
    if place == SWAP:
        return "swap"
    return f"node {place} {'big' if machine.nodes[int(place)].kmem else 'fast'}"


def _amount(used: int, room: int, place: Place) -> str:
    unit, word = (MIB, "MiB") if room < 64 * 1024 * MIB else (1024 * MIB, "GiB")
    text = f"{used // unit:5d} {word}" if place == SWAP else (
        f"{used // unit:5d} of {room // unit} {word}")
    return f"{text:<20}"


def title(machine: Machine, run: Run) -> str:
    home = machine.node_of(run.cpu)
    return f"{SUBJECTS[run.kind].title.removeprefix('MEMKIND_')} from CPU {run.cpu} (node {home})"


def draw(machine: Machine, run: Run, width: int) -> list[str]:
    """The block of one run for a terminal of `width` columns."""
    answering = serving(run, len(run.steps) - 1) if run.steps and not run.end else None
    labels = {p: _label(machine, p) for p in places(machine, run)}
    label_width = max(len(text) for text in labels.values())
    narrow = width < NARROW
    lines = [style(title(machine, run), "bold"), style(SUBJECTS[run.kind].sentence, "dim")]
    for place, label in labels.items():
        used, room = _pages(run, place) * run.page_size, _room(machine, run, place)
        serves = place == answering
        edge = style("│", "green" if serves else "dim")
        amount = f"{used // MIB:6d}" if narrow else _amount(used, room, place)
        mark = style("◀" if narrow else " ◀ serves", "green") if serves else ""
        bar_width = width - label_width - (10 if narrow else 34)
        filled = style(bar(used, room, bar_width), colour(machine, place))
        lines.append(f"{label:<{label_width}} {edge}{filled}{edge}{amount}{mark}")
    order = arrows(tuple(phase.place for phase in phases(run)))
    lines.append(f"{run.asked // MIB} MiB asked for; order so far: {order}")
    return lines


def log_line(machine: Machine, run: Run) -> str:
    """One line of the plain log: what lies where now."""
    parts = [f"{_label(machine, p)} {_pages(run, p) * run.page_size // MIB}"
             for p in places(machine, run)]
    return f"    {run.asked // MIB:5d} MiB asked: " + ", ".join(parts)
