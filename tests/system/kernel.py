# SPDX-License-Identifier: BSD-2-Clause
"""Fetches a Debian kernel without installing it, and takes out what a guest needs."""

import re
import shutil
import struct
import subprocess
from pathlib import Path

# Both have every driver that the topologies need, CXL too; the generic flavours boot slower.
META_PACKAGES = {
    "6.1": "linux-image-cloud-amd64",
    "6.12": "linux-image-6.12-cloud-amd64",
}

MODULES = ("nfit", "libnvdimm", "nd_pmem", "dax_pmem", "device_dax", "kmem", "dax_hmem", "dax_cxl",
           "cxl_acpi", "cxl_pci", "cxl_mem", "cxl_port", "cxl_pmem", "zram", "lzo_rle", "lz4",
           "ext4")

_DECOMPRESSORS = {
    b"\x02\x21\x4c\x18": ["lz4", "-dc"],
    b"\x28\xb5\x2f\xfd": ["zstd", "-dc"],
    b"\xfd7zXZ\0": ["xz", "-dc", "--single-stream"],
    b"\x1f\x8b": ["gzip", "-dc"],
}


def run(command: list[str], cwd: Path | None = None) -> str:
    """Runs a command and returns what it printed; its errors are part of the exception."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {result.returncode}\n{result.stderr}")
    return result.stdout


def resolve_package(version: str) -> str:
    """The name of the kernel package now behind the meta package of VERSION, with its version."""
    meta = META_PACKAGES[version]
    text = run(["apt-cache", "depends", "--important", meta])
    match = re.search(r"Depends: (linux-image-\S+)", text)
    if not match:
        raise RuntimeError(f"apt-cache knows no kernel behind {meta}: run apt-get update")
    policy = run(["apt-cache", "policy", match[1]])
    candidate = re.search(r"Candidate: (\S+)", policy)
    if not candidate:
        raise RuntimeError(f"apt-cache knows no version of {match[1]}: run apt-get update")
    return f"{match[1]}={candidate[1]}"


def unpack(package: str, directory: Path) -> Path:
    """Downloads NAME=VERSION and returns the root of its unpacked tree."""
    root = directory / "tree"
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    # -o: apt's unprivileged user can't write here, and need not.
    run(["apt-get", "-o", "APT::Sandbox::User=root", "download", package], cwd=directory)
    archives = list(directory.glob("*.deb"))
    if len(archives) != 1:
        raise RuntimeError(f"{directory}: expected one package, found {archives}")
    run(["dpkg-deb", "-x", str(archives[0]), str(root)])
    archives[0].unlink()
    return root


def payload(image: bytes) -> bytes:
    """The compressed kernel inside a bzImage (boot protocol 2.08 and later)."""
    if image[0x202:0x206] != b"HdrS":
        raise ValueError("not a bzImage")
    setup_sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    return image[start:start + length]


def decompress(data: bytes) -> bytes:
    for magic, command in _DECOMPRESSORS.items():
        if data.startswith(magic):
            # The last four bytes of a payload are its size, which the tools call trailing garbage.
            result = subprocess.run(command, input=data, capture_output=True, check=False)
            if result.stdout:
                return result.stdout
            raise RuntimeError(f"{command[0]}: {result.stderr.decode(errors='replace')}")
    raise ValueError(f"unknown compression: {data[:6].hex()}")


def extract_elf(image: Path, target: Path) -> None:
    """The ELF kernel: QEMU starts it at its PVH entry, so the guest need not decompress."""
    elf = decompress(payload(image.read_bytes()))
    if not elf.startswith(b"\x7fELF"):
        raise RuntimeError(f"{image}: its payload is no ELF file")
    target.write_bytes(elf)


def closure(dependencies: str, names: tuple[str, ...]) -> list[str]:
    """Paths of the modules NAMES and all they need, by the text of modules.dep.

    Not by modprobe --show-depends: it leaves out what is built into the running kernel.
    """
    needs, path_of = {}, {}
    for line in dependencies.splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
        path_of[re.sub(r"\.ko.*$", "", Path(path).name).replace("-", "_")] = path
    wanted, pending = set(), [path_of[name] for name in names if name in path_of]
    while pending:
        path = pending.pop()
        if path not in wanted:
            wanted.add(path)
            pending.extend(needs[path])
    return sorted(wanted)


def extract_modules(root: Path, target: Path) -> str:
    """Copies MODULES, decompressed and stripped, to TARGET/lib/modules; returns the release."""
    (source,) = [path for path in (root / "lib/modules").iterdir() if path.is_dir()]
    release = source.name
    run(["depmod", "-b", str(root), release])
    shutil.rmtree(target, ignore_errors=True)
    for name in closure((source / "modules.dep").read_text(), MODULES):
        copy = target / "lib/modules" / release / re.sub(r"\.ko.*$", ".ko", name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        data = (source / name).read_bytes()
        copy.write_bytes(data if data.startswith(b"\x7fELF") else decompress(data))
        run(["strip", "--strip-debug", str(copy)])
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        shutil.copy(source / name, target / "lib/modules" / release / name)
    run(["depmod", "-b", str(target), release])
    return release
