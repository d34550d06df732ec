# SPDX-License-Identifier: BSD-2-Clause
"""Writes the page: the measured counts as JSON inside one self-contained HTML file."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from pathlib import Path

from counts import MIB, Machine, Run
from order import Verdict, name, serving
from subjects import NULL, SUBJECTS, SWAP, Place

TEMPLATES = Path(__file__).resolve().parent / "page"
PARTS = {"STYLE": "style.css", "PICTURE": "picture.js", "PLAYER": "player.js"}
# More steps than a screen has columns only make the page bigger.
MOST_STEPS = 600


@dataclass
class Result:
    """All that the page tells."""

    machine: Machine
    runs: list[Run]
    verdicts: list[Verdict]
    library: str
    where: str
    command: str
    date: str
    notes: list[str] = field(default_factory=list)


def colours(machine: Machine) -> dict[int, str]:
    """Node id to the name of its colour: a family for fast memory, one for big memory."""
    names = {}
    for letter, kmem in (("d", False), ("k", True)):
        ids = sorted(n.id for n in machine.nodes.values() if n.kmem == kmem)
        names.update({n: f"{letter}{rank % 4}" for rank, n in enumerate(ids)})
    return names


def _thin(count: int) -> list[int]:
    """At most MOST_STEPS indices, evenly, with the first and the last."""
    if count <= MOST_STEPS:
        return list(range(count))
    return sorted({round(i * (count - 1) / (MOST_STEPS - 1)) for i in range(MOST_STEPS)})


def _run(machine: Machine, run: Run, verdict: Verdict) -> dict[str, object]:
    kept = _thin(len(run.steps))
    steps = [run.steps[i] for i in kept]
    ids = sorted({n for step in run.steps for n in step.pages})
    return {
        "kind": run.kind, "cpu": run.cpu, "home": machine.node_of(run.cpu), "end": run.end,
        "block_bytes": run.block_size, "page_bytes": run.page_size,
        "free": run.free,
        "blocks": [s.blocks for s in steps], "cpus": [s.cpu for s in steps],
        "pages": {n: [s.pages.get(n, 0) for s in steps] for n in ids},
        "swap": [s.swap for s in steps],
        "serving": [serving(run, i) for i in kept],
        "measured": verdict.measured, "expected": verdict.expected, "problem": verdict.problem,
        "shares": verdict.shares,
    }


def data(result: Result) -> dict[str, object]:
    names = colours(result.machine)
    return {
        "kernel": result.machine.kernel, "library": result.library, "where": result.where,
        "command": result.command, "date": result.date,
        "subjects": {s.name: {"title": s.title, "sentence": s.sentence} for s in SUBJECTS.values()},
        "machine": [{"id": n.id, "cpus": n.cpus, "total": n.total, "kmem": n.kmem,
                     "distances": n.distances, "colour": names[n.id]}
                    for n in sorted(result.machine.nodes.values(), key=lambda n: n.id)],
        "runs": [_run(result.machine, r, v) for r, v in zip(result.runs, result.verdicts)],
    }


def _colour(place: Place, names: dict[int, str]) -> str:
    return "swap" if place in (SWAP, NULL) else names[int(place)]


def _chips(places: tuple[Place, ...], names: dict[int, str],
           shares: dict[Place, float] | None = None) -> str:
    if not places:
        return '<span class="none">nothing measured</span>'
    parts = [f'<span class="chip" style="--c:var(--{_colour(p, names)})">{name(p)}</span>'
             + (f" {shares[p]:.1%}" if shares else "") for p in places]
    return f'<span class="to"> {"+" if shares else "→"} </span>'.join(parts)


def _summary(result: Result) -> str:
    """Rows of the table of orders, readable without script."""
    names = colours(result.machine)
    rows = []
    for run, verdict in zip(result.runs, result.verdicts):
        good = not verdict.problem
        word = "✓ as documented" if good else f"✗ {html.escape(verdict.problem)}"
        if verdict.measured != verdict.expected:
            word += f': {_chips(verdict.expected, names)} is documented'
        rows.append(
            f'<tr><th scope="row"><code>{html.escape(SUBJECTS[run.kind].title)}</code></th>'
            f'<td>CPU {run.cpu}</td><td class="orders">{_chips(verdict.measured, names, verdict.shares)}</td>'
            f'<td class="{"good" if good else "bad"}">{word}</td></tr>')
    return "\n".join(rows)


def _distances(result: Result) -> str:
    nodes = sorted(result.machine.nodes.values(), key=lambda n: n.id)
    names = colours(result.machine)

    def head(n: int) -> str:
        return f'<span class="chip" style="--c:var(--{names[n]})">node {n}</span>'

    lines = ['<tr><td></td>' + "".join(f'<th scope="col">{head(n.id)}</th>' for n in nodes)
             + "</tr>"]
    for n in nodes:
        cells = "".join(f'<td class="{"own" if n.id == o.id else ""}">'
                        f'{n.distances.get(o.id, "?")}</td>' for o in nodes)
        lines.append(f'<tr><th scope="row">{head(n.id)}</th>{cells}</tr>')
    return "\n".join(lines)


def _banner(result: Result) -> str:
    bad = sum(bool(v.problem) for v in result.verdicts)
    count = len(result.verdicts)
    if bad or not count:
        return f'<p class="banner bad" role="alert">✗ {bad} of {count} measured orders differ ' \
               'from the documentation.</p>'
    return f'<p class="banner good">✓ All {count} measured orders are the documented ones.</p>'


def _facts(result: Result) -> str:
    block = result.runs[0].block_size / MIB if result.runs else 0
    facts = {"Measured": result.date, "Where": result.where, "Kernel": result.machine.kernel,
             "Library": result.library, "Block": f"{block:g} MiB, every page written",
             "Made by": result.command}
    rows = [f"<dt>{key}</dt><dd>{html.escape(value)}</dd>" for key, value in facts.items()]
    rows += [f"<dt>Left out</dt><dd>{html.escape(note)}</dd>" for note in result.notes]
    return "\n".join(rows)


def render(result: Result) -> str:
    parts = {key: (TEMPLATES / name).read_text("utf-8") for key, name in PARTS.items()}
    # Inside <script> only "</" could end the data early.
    parts["DATA"] = json.dumps(data(result), separators=(",", ":")).replace("<", "\\u003c")
    parts.update(BANNER=_banner(result), SUMMARY=_summary(result), FACTS=_facts(result),
                 DISTANCES=_distances(result))
    text = (TEMPLATES / "page.html").read_text("utf-8")
    pieces = text.split("@@")
    # Odd pieces are names; what is put in is not searched again.
    return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def write(result: Result, path: Path) -> None:
    """Replace the page at once: a viewer never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(render(result), "utf-8")
    fresh.replace(path)
