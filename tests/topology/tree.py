# SPDX-License-Identifier: BSD-2-Clause
"""Machines as text: trees of small files and links, as detection reads them.

A machine is a text file of entries, one a line; lines that begin with # are comments.

  base NAME              all entries of NAME.txt beside it first; later ones take their place
  file PATH = TEXT       a file of one line
  file PATH              a file of the lines that follow, each behind one tab
  raw PATH = TEXT        a file of exactly these bytes, with the escapes of Python: \\n \\0 \\x41
  link PATH -> TARGET    a symbolic link
  dir PATH               an empty directory; those above an entry need none of their own
  blocks PATH = LIST     links PATH/memoryN for each N of a kernel list: the memory of a node
  remove PATH            no such entry, nor any below it: for machines with a base
"""

import os
import tempfile
from pathlib import Path
from typing import Iterator, Union

DIRECTORY = Path(__file__).resolve().parent
# Thousands of small files: in memory where that can be.
_SHARED_MEMORY = Path("/dev/shm")

# Path -> what is there: bytes of a file, target of a link, or None: a directory.
Tree = dict[str, Union[bytes, str, None]]


class MachineError(Exception):
    """A text that is no machine."""


def numbers(text: str) -> Iterator[int]:
    """The members of a kernel list such as 0-3,8."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def number_list(members: list[int]) -> str:
    """The kernel list of these numbers."""
    runs: list[list[int]] = []
    for member in sorted(members):
        if runs and member == runs[-1][1] + 1:
            runs[-1][1] = member
        else:
            runs.append([member, member])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _remove(tree: Tree, path: str) -> None:
    found = [name for name in tree if name == path or name.startswith(path + "/")]
    if not found:
        raise MachineError(f"{path} is not there to be removed")
    for name in found:
        del tree[name]


def _enter(tree: Tree, word: str, path: str, rest: str, lines: list[str]) -> None:
    if word == "file":
        content = "".join(line + "\n" for line in (lines or [rest]))
        tree[path] = content.encode()
    elif word == "raw":
        tree[path] = rest.encode().decode("unicode_escape").encode("latin-1")
    elif word == "link":
        tree[path] = rest
    elif word == "dir":
        tree[path] = None
    elif word == "blocks":
        for number in numbers(rest):
            tree[f"{path}/memory{number}"] = f"../../memory/memory{number}"
    elif word == "remove":
        _remove(tree, path)
    else:
        raise MachineError(f"no entry begins with {word}")


def read_machine(path: Path) -> Tree:
    """Reads the text of a machine."""
    tree: Tree = {}
    entries: list[tuple[str, list[str]]] = []
    for line in path.read_text().split("\n"):
        if line.startswith("\t"):
            if not entries:
                raise MachineError("the first line belongs to no entry")
            entries[-1][1].append(line[1:])
        elif line and not line.startswith("#"):
            entries.append((line, []))
    for line, lines in entries:
        word, _, rest = line.partition(" ")
        if word == "base":
            tree.update(read_machine(path.parent / f"{rest}.txt"))
            continue
        separator = " -> " if word == "link" else " = "
        name, _, value = rest.partition(separator)
        _enter(tree, word, name, value, lines)
    return tree


def write_tree(tree: Tree, root: Path) -> None:
    """Makes the files, links and directories of a machine below ROOT."""
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.symlink_to(content)


def temporary_root() -> "tempfile.TemporaryDirectory[str]":
    """A directory to make a tree in."""
    directory = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="mk-machine-", dir=directory)
