# SPDX-License-Identifier: BSD-2-Clause
"""Writes initramfs archives (cpio "newc") and finds the libraries that programs need."""

import os
import re
import stat
import subprocess
from pathlib import Path

_PADDING = 4


class Archive:
    """A cpio archive in memory; directories appear before what is in them, each once."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._names: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name.strip("/") in self._names

    def _entry(self, name: str, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> None:
        encoded = name.encode() + b"\0"
        fields = (len(self._names) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1],
                  len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._parts.append(_pad(header + encoded) + _pad(data))
        self._names.add(name)

    def add_directory(self, name: str) -> None:
        name = name.strip("/")
        if not name or name in self._names:
            return
        self.add_directory(str(Path(name).parent) if "/" in name else "")
        self._entry(name, stat.S_IFDIR | 0o755, b"")

    def add_bytes(self, name: str, data: bytes, executable: bool = False) -> None:
        name = name.strip("/")
        if name in self._names:
            raise ValueError(f"{name} is in the archive already")
        self.add_directory(str(Path(name).parent) if "/" in name else "")
        self._entry(name, stat.S_IFREG | (0o755 if executable else 0o644), data)

    def add_file(self, name: str, source: Path) -> None:
        executable = bool(source.stat().st_mode & stat.S_IXUSR)
        self.add_bytes(name, source.read_bytes(), executable)

    def add_link(self, name: str, target: str) -> None:
        name = name.strip("/")
        self.add_directory(str(Path(name).parent) if "/" in name else "")
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def add_device(self, name: str, major: int, minor: int) -> None:
        name = name.strip("/")
        self.add_directory(str(Path(name).parent) if "/" in name else "")
        self._entry(name, stat.S_IFCHR | 0o600, b"", (major, minor))

    def add_tree(self, name: str, source: Path) -> None:
        for path in sorted(source.rglob("*")):
            inside = f"{name}/{path.relative_to(source)}"
            if path.is_dir():
                self.add_directory(inside)
            else:
                self.add_file(inside, path)

    def to_bytes(self) -> bytes:
        trailer = Archive()
        trailer._entry("TRAILER!!!", 0, b"")
        return b"".join(self._parts) + trailer._parts[0]


def _pad(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _PADDING)


def parse_ldd(text: str) -> dict[str, str]:
    """Library name -> path, of the lines that ldd prints; a missing library is an error."""
    libraries = {}
    for line in text.splitlines():
        if "not found" in line:
            raise FileNotFoundError(line.strip())
        match = re.match(r"\s*(\S+) => (/\S+) \(", line) or re.match(r"\s*((/\S+)) \(", line)
        if match:
            libraries[match[1]] = match[2]
    return libraries


def libraries_of(program: Path, folder: Path | None = None) -> dict[str, str]:
    """What the loader would map for PROGRAM (or a shared library); nothing if it is static.

    FOLDER has libraries that the loader would not find by itself.
    """
    environment = os.environ if folder is None else {**os.environ, "LD_LIBRARY_PATH": str(folder)}
    result = subprocess.run(["ldd", str(program)], env=environment, capture_output=True, text=True,
                            check=False)
    if result.returncode != 0 and "not a dynamic executable" in result.stdout + result.stderr:
        return {}
    result.check_returncode()
    return parse_ldd(result.stdout)
