#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints a machine as text: what detection can read of it, and no more.

Usage: capture.py [ROOT]     ROOT: a tree with sys and proc in it, / if it is missing

Needs no privileges. What it prints are node numbers, sizes, distances, speeds, device paths and
which nodes and CPUs this process may use. The format is described in tree.py.
"""

import os
import re
import sys
from pathlib import Path

import tree

NODE = "sys/devices/system/node"
# Lines that are kept of files with many.
KEPT_LINES = re.compile(rb"(Mems_allowed_list|Cpus_allowed_list|(Node +\d+ +)?MemTotal|"
                        rb"cpu family\t|model\t\t):")

PATTERNS = [
    "sys/devices/system/cpu/possible",
    f"{NODE}/online", f"{NODE}/has_memory",
    f"{NODE}/node*/cpulist", f"{NODE}/node*/cpumap", f"{NODE}/node*/distance",
    f"{NODE}/node*/meminfo", f"{NODE}/node*/memory[0-9]*",
    f"{NODE}/node*/access[01]/initiators/node*", f"{NODE}/node*/access[01]/initiators/*_*",
    "sys/devices/system/memory/block_size_bytes",
    "sys/devices/virtual/memory_tiering/*/nodelist",
    "sys/bus/dax/devices/*",
    "sys/bus/cxl/devices/*",
    f"{NODE}/node*/hugepages/*/nr_hugepages", f"{NODE}/node*/hugepages/*/surplus_hugepages",
    "sys/kernel/mm/hugepages/*/nr_overcommit_hugepages",
    "proc/self/status", "proc/meminfo", "proc/cpuinfo",
    "proc/driver/nvidia/gpus/*/numa_status",
]
# Kind of a device of sys/bus -> what is read in the directory that its link leads to.
DEVICE_FILES = {
    "dax": "target_node|numa_node|driver",
    "endpoint": "uport",
    "mem": "numa_node",
    "region": r"resource|size|target\d+",
}


class Capture:
    """Collects entries below a root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree: tree.Tree = {}

    def add(self, path: Path) -> None:
        name = str(path.relative_to(self.root))
        if path.is_symlink():
            self.tree[name] = os.readlink(path)
            return
        try:
            content = path.read_bytes()
        except OSError:
            return
        if path.name in ("status", "meminfo", "cpuinfo"):
            # Each once: CPUs are alike.
            lines = dict.fromkeys(line for line in content.split(b"\n") if KEPT_LINES.match(line))
            content = b"".join(line + b"\n" for line in lines)
        self.tree[name] = content

    def add_device(self, link: Path) -> None:
        """A link of sys/bus, and what is read through it."""
        self.add(link)
        directory = Path(os.path.realpath(link))
        if not directory.is_relative_to(self.root) or not directory.is_dir():
            return
        kind = re.match(r"[a-z]+", link.name)
        wanted = DEVICE_FILES.get(kind.group() if kind else "", "")
        for path in sorted(directory.iterdir()):
            if re.fullmatch(wanted, path.name):
                self.add(path)

    def run(self) -> None:
        for pattern in PATTERNS:
            for path in sorted(self.root.glob(pattern)):
                if pattern.startswith("sys/bus/"):
                    self.add_device(path)
                else:
                    self.add(path)


def entry(name: str, content: "bytes | str | None") -> str:
    """One entry of the text."""
    if content is None:
        return f"dir {name}\n"
    if isinstance(content, str):
        return f"link {name} -> {content}\n"
    text = content.decode("latin-1")
    is_plain = text.endswith("\n") and text != "\n" and re.fullmatch(r"[\t\n -~]*", text)
    if not is_plain:
        escaped = text.encode("unicode_escape").decode().replace("\\x00", "\\0")
        return f"raw {name} = {escaped}\n"
    if text.count("\n") == 1:
        return f"file {name} = {text}"
    return f"file {name}\n" + "".join(f"\t{line}\n" for line in text[:-1].split("\n"))


def machine_text(entries: tree.Tree) -> str:
    """The text of a machine; links to memory blocks become one line a node."""
    blocks: dict[str, list[int]] = {}
    text = ""
    for name, content in entries.items():
        parent, _, leaf = name.rpartition("/")
        number = re.fullmatch(r"memory(\d+)", leaf)
        if number and isinstance(content, str):
            blocks.setdefault(parent, []).append(int(number.group(1)))
        else:
            text += entry(name, content)
    for parent, members in blocks.items():
        text += f"blocks {parent} = {tree.number_list(members)}\n"
    return text


def main() -> int:
    if len(sys.argv) > 2 or sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__)
        return 2
    capture = Capture(Path(sys.argv[1] if len(sys.argv) == 2 else "/").resolve())
    capture.run()
    if not capture.tree:
        print(f"capture.py: nothing to read below {capture.root}", file=sys.stderr)
        return 1
    sys.stdout.write(machine_text(capture.tree))
    return 0


if __name__ == "__main__":
    sys.exit(main())
