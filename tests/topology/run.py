#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every machine of this directory, looked at by `memkind nodes`, must get the answers beside it.

Usage: run.py TOOL [NAME...]     all machines where none is named; TAP

NAME.json holds what the tool's JSON must say: far, hbw, closest, closest_hbw, regular, nodes (each
id, cpus, memory, medium, and evidence where the words are fixed), and far_reason where it is fixed.
"cases" are further runs: what differs with an "environment". A machine without a NAME.json is only
the base of others.
"""

import json
import sys
from pathlib import Path
from typing import Any

import tool
import tree

Answers = dict[str, Any]


def ask(program: str, root: str, environment: dict[str, str]) -> Answers:
    """The tool's answers; raises ValueError where it has none."""
    result = tool.run(program, ["nodes", "--json", "--sysroot", root], environment)
    if result.returncode != 0 or result.stderr:
        raise ValueError(f"exit code {result.returncode}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def compare_nodes(found: list[Answers], expected: list[Answers]) -> list[str]:
    """What is wrong with the nodes."""
    ids = [node["id"] for node in found]
    if ids != [node["id"] for node in expected]:
        return [f"nodes {ids}"]
    faults = []
    for node, wanted in zip(found, expected):
        for name, value in wanted.items():
            if node.get(name) != value:
                faults.append(f"node {node['id']}: {name} is {node.get(name)!r}, not {value!r}")
        if not node.get("evidence"):
            faults.append(f"node {node['id']}: no evidence")
    return faults


def compare(found: Answers, expected: Answers) -> list[str]:
    """What is wrong with the answers."""
    faults = compare_nodes(found["nodes"], expected["nodes"])
    for name, value in expected.items():
        if name not in ("nodes", "cases", "environment") and found.get(name) != value:
            faults.append(f"{name} is {found.get(name)!r}, not {value!r}")
    if bool(found.get("far_reason")) != (not found["far"]):
        faults.append(f"far is {found['far']}, far_reason is {found.get('far_reason')!r}")
    return faults


def check(program: str, name: str) -> list[str]:
    """What is wrong with the answers to one machine."""
    expected = json.loads((tree.DIRECTORY / f"{name}.json").read_text())
    faults = []
    with tree.temporary_root() as root:
        tree.write_tree(tree.read_machine(tree.DIRECTORY / f"{name}.txt"), Path(root))
        for case in [{}, *expected.get("cases", [])]:
            environment = case.get("environment", {})
            try:
                found = ask(program, root, environment)
            except ValueError as error:
                faults.append(f"{environment or ''} {error}")
                continue
            faults += [f"{environment or ''} {fault}"
                       for fault in compare(found, {**expected, **case})]
    return faults


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    names = sys.argv[2:] or sorted(path.stem for path in tree.DIRECTORY.glob("*.json"))
    is_good = True
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        faults = check(sys.argv[1], name)
        is_good = is_good and not faults
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults:
            print(f"# {fault.strip()}", file=sys.stderr)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
