# SPDX-License-Identifier: BSD-2-Clause
"""Builds the guest: a Debian kernel and an initramfs, kept until one of their inputs changes."""

import argparse
import dataclasses
import hashlib
import shutil
from pathlib import Path

import kernel
from initramfs import Archive, libraries_of

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
DEFAULT_DIRECTORY = PROJECT / "build" / "guest"

TOOLS = ("ndctl", "daxctl", "cxl", "numactl", "mkfs.ext4")
_INPUTS = ("guest.py", "kernel.py", "initramfs.py", "guest/init.c")


@dataclasses.dataclass(frozen=True)
class Guest:
    """What QEMU boots."""

    version: str
    kernel: Path
    initrd: Path


def tool_path(name: str) -> Path:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is missing: apt-get install ndctl daxctl numactl "
                                "busybox-static")
    return Path(path).resolve()


def _stamp(package: str) -> str:
    digest = hashlib.sha256(package.encode())
    for name in _INPUTS:
        digest.update((HERE / name).read_bytes())
    for name in (*TOOLS, "busybox"):
        state = tool_path(name).stat()
        digest.update(f"{name} {state.st_size} {state.st_mtime_ns}".encode())
    return digest.hexdigest()


def add_program(archive: Archive, name: str, path: Path) -> None:
    """Adds a program under NAME, and the libraries it needs at their own paths."""
    archive.add_file(name, path)
    add_libraries(archive, libraries_of(path))


def add_libraries(archive: Archive, libraries: dict[str, str]) -> None:
    for path in libraries.values():
        # By the path the loader looks for, which may lead through links: /lib is one on the host.
        name = path.replace("/usr/lib/", "/lib/", 1)
        if name not in archive:
            archive.add_bytes(name, Path(path).read_bytes(), executable=True)


def _base_archive(tree: Path, init: Path) -> Archive:
    archive = Archive()
    for name in ("proc", "sys", "dev", "tmp", "run", "etc", "cgroup", "job", "lib64"):
        archive.add_directory(name)
    archive.add_device("dev/console", 5, 1)
    archive.add_link("usr", ".")
    archive.add_link("sbin", "bin")
    archive.add_file("init", init)
    archive.add_bytes("etc/passwd", b"root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
    archive.add_bytes("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    busybox = tool_path("busybox")
    if libraries_of(busybox):
        raise RuntimeError("busybox is not static: apt-get install busybox-static")
    archive.add_file("bin/busybox", busybox)
    for name in kernel.run([str(busybox), "--list"]).split():
        if name not in ("busybox", *TOOLS):
            archive.add_link(f"bin/{name}", "busybox")
    for name in TOOLS:
        add_program(archive, f"bin/{name}", tool_path(name))
    archive.add_tree("lib/modules", tree / "lib/modules")
    return archive


def build(version: str, directory: Path = DEFAULT_DIRECTORY) -> Guest:
    """The guest with kernel VERSION ("6.1", "6.12"), built below DIRECTORY where it is stale."""
    home = directory / version
    guest = Guest(version, home / "vmlinux", home / "base.cpio")
    package = kernel.resolve_package(version)
    stamp = home / "stamp"
    wanted = _stamp(package)
    if stamp.exists() and stamp.read_text() == wanted:
        return guest
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    root = kernel.unpack(package, home)
    (image,) = (root / "boot").glob("vmlinuz-*")
    kernel.extract_elf(image, guest.kernel)
    kernel.extract_modules(root, home / "modules")
    init = home / "init"
    kernel.run(["cc", "-O2", "-Wall", "-Wextra", "-static", "-o", str(init),
                str(HERE / "guest" / "init.c")])
    guest.initrd.write_bytes(_base_archive(home / "modules", init).to_bytes())
    shutil.rmtree(root)
    stamp.write_text(wanted)
    return guest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY)
    parser.add_argument("version", nargs="*", default=sorted(kernel.META_PACKAGES))
    arguments = parser.parse_args()
    for version in arguments.version:
        guest = build(version, arguments.directory)
        print(f"{version}: {guest.kernel} {guest.initrd}")


if __name__ == "__main__":
    main()
