# SPDX-License-Identifier: BSD-2-Clause
"""Machines as data: reads topologies/*.json and turns each into QEMU arguments.

A topology is an object with
  description  one sentence
  nodes        list of {"kind", "size" (MiB), "cpus"}; its index is the node id. Kinds:
                 dram    ordinary memory; without cpus it is a CPU-less node
                 nvdimm  a persistent module: ndctl and daxctl make it a node
                 soft    "Soft Reserved" by the firmware: dax_hmem makes it a dax device
                 cxl     a CXL type-3 persistent device; "socket" is the node it is plugged into
               (soft nodes come after all dram, nodes made by cxl after all others)
  distances    the matrix of all nodes but those of kind cxl
  hmat         optional: {"cpu node,memory node": [read latency ns, bandwidth MB/s]}
  kernels      optional: versions on which it works; all if it is missing
  command_line optional: more words for the kernel
  setup        shell commands of guest/setup.sh that bring the nodes up
  expected     what is right once that is done: "online" (list of nodes), "cpuless",
               "distances" (rows of the online nodes), and the answers of `memkind nodes --json`:
               "far", "closest", "hbw", "closest_hbw", "medium"
"""

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any, Iterator

DIRECTORY = Path(__file__).resolve().parent / "topologies"
ABOVE_4G = 0x100000000
LABEL_SIZE = 2  # MiB: ndctl wants regions on 16 MiB, so the rest must not be cut
_MAX_DISTANCE = 255


@dataclasses.dataclass(frozen=True)
class Topology:
    name: str
    data: dict[str, Any]

    @property
    def nodes(self) -> list[dict[str, Any]]:
        return self.data["nodes"]

    @property
    def setup(self) -> list[str]:
        return self.data["setup"]

    @property
    def expected(self) -> dict[str, Any]:
        return self.data["expected"]

    def works_on(self, kernel: str) -> bool:
        return kernel in self.data.get("kernels", [kernel])

    def ids(self, kind: str) -> list[int]:
        return [number for number, node in enumerate(self.nodes) if node["kind"] == kind]

    def size(self, kind: str) -> int:
        return sum(self.nodes[number]["size"] for number in self.ids(kind))


def load(name: str) -> Topology:
    topology = Topology(name, json.loads((DIRECTORY / f"{name}.json").read_text()))
    plain = [number for number, node in enumerate(topology.nodes) if node["kind"] != "cxl"]
    matrix = topology.data["distances"]
    has_matrix = [len(row) for row in matrix] == [len(plain)] * len(plain)
    if plain != list(range(len(plain))) or not has_matrix:
        raise ValueError(f"{name}: nodes and distances don't fit")
    return topology


def names() -> list[str]:
    return sorted(path.stem for path in DIRECTORY.glob("*.json"))


def _slot(name: str) -> int:
    """Where GLib's smallest hash table keeps a name: (djb2 hash * 11) mod 7."""
    value = 5381
    for byte in name.encode():
        value = (value * 33 + byte) & 0xffffffff
    return (value * 11 & 0xffffffff) % 7


def nvdimm_ids(count: int) -> list[str]:
    """Device ids which QEMU lists in this order.

    The guest numbers nodes in the order of the firmware's table, and QEMU writes that one in the
    order in which its hash table keeps the ids of the devices.
    """
    candidates = [f"nv{number}" for number in range(64)]
    free = [slot for slot in range(7) if slot != _slot("type")]
    if count > len(free):
        raise ValueError("too many NVDIMMs")
    return [next(name for name in candidates if _slot(name) == slot) for slot in free[:count]]


def _dram_arguments(topology: Topology) -> Iterator[str]:
    for number, node in enumerate(topology.nodes):
        if node["kind"] == "cxl":
            continue
        option = f"node,nodeid={number}"
        if node["kind"] in ("dram", "soft"):
            yield from ("-object", f"memory-backend-ram,id=m{number},size={node['size']}M")
            option += f",memdev=m{number}"
        option += "".join(f",cpus={cpu}" for cpu in node.get("cpus", []))
        if "hmat" in topology.data and not node.get("cpus"):
            option += f",initiator={node['initiator']}"
        yield from ("-numa", option)


def _distance_arguments(topology: Topology) -> Iterator[str]:
    matrix = topology.data["distances"]
    for source, target in itertools.permutations(range(len(matrix)), 2):
        value = matrix[source][target]
        if not 10 <= value <= _MAX_DISTANCE:
            raise ValueError(f"{topology.name}: distance {value}")
        yield from ("-numa", f"dist,src={source},dst={target},val={value}")


def _hmat_arguments(topology: Topology) -> Iterator[str]:
    for pair, (latency, bandwidth) in topology.data.get("hmat", {}).items():
        initiator, target = pair.split(",")
        common = f"hmat-lb,initiator={initiator},target={target},hierarchy=memory"
        yield from ("-numa", f"{common},data-type=access-latency,latency={latency}")
        yield from ("-numa", f"{common},data-type=access-bandwidth,bandwidth={bandwidth}M")


def _nvdimm_arguments(topology: Topology) -> Iterator[str]:
    numbers = topology.ids("nvdimm")
    for index, (number, name) in enumerate(zip(numbers, nvdimm_ids(len(numbers)))):
        size = topology.nodes[number]["size"] + LABEL_SIZE
        address = 0x300000000 + index * ABOVE_4G
        yield from ("-object", f"memory-backend-ram,id=b{number},size={size}M,share=on")
        yield from ("-device", f"nvdimm,id={name},memdev=b{number},node={number},"
                    f"addr={address:#x},label-size={LABEL_SIZE}M")


def _cxl_arguments(topology: Topology) -> Iterator[str]:
    for index, number in enumerate(topology.ids("cxl")):
        node = topology.nodes[number]
        yield from ("-object", f"memory-backend-ram,id=b{number},size={node['size']}M,share=on")
        # ndctl reads all of the label area: keep it small.
        yield from ("-object", f"memory-backend-ram,id=l{number},size=1M,share=on")
        yield from ("-device", f"pxb-cxl,bus_nr={12 + index * 20},bus=pcie.0,id=cxl.{index},"
                    f"numa_node={node['socket']}")
        # Two ports, one of them empty: with a single one the kernel leaves the bridge's decoder
        # alone, as the standard has it, and then QEMU drops writes to the memory.
        for port in range(2):
            yield from ("-device", f"cxl-rp,port={port},bus=cxl.{index},id=rp{index}.{port},"
                        f"chassis={index},slot={port + 2}")
        yield from ("-device", f"cxl-type3,bus=rp{index}.0,memdev=b{number},lsa=l{number},"
                    f"id=cxl-pmem{index}")


def _machine(topology: Topology) -> str:
    if topology.ids("cxl"):
        windows = "".join(f",cxl-fmw.{index}.targets.0=cxl.{index},cxl-fmw.{index}.size=4G"
                          for index in range(len(topology.ids("cxl"))))
        return f"q35,cxl=on{windows}"
    machine = "pc,nvdimm=on"
    if "hmat" in topology.data:
        machine += ",hmat=on"
    if topology.ids("soft"):
        # QEMU keeps ACPI tables at the top of the memory below 4 GiB: no soft node may lie there.
        machine += f",max-ram-below-4g={topology.size('dram')}M"
    return machine


def qemu_arguments(topology: Topology) -> list[str]:
    """Machine, processors, memory and devices."""
    cpus = sum(len(node.get("cpus", [])) for node in topology.nodes)
    memory = topology.size("dram") + topology.size("soft")
    return ["-machine", _machine(topology),
            "-smp", f"{cpus},sockets={cpus},cores=1,threads=1",
            "-m", f"{memory}M,slots=4,maxmem=66048M",
            *_dram_arguments(topology), *_distance_arguments(topology),
            *_hmat_arguments(topology), *_nvdimm_arguments(topology), *_cxl_arguments(topology)]


def command_line(topology: Topology) -> str:
    """What the kernel needs to be told about this machine."""
    words, address = [], ABOVE_4G
    for number in topology.ids("soft"):
        size = topology.nodes[number]["size"]
        words.append(f"memmap={size}M%{address:#x}-1+0xefffffff")
        address += size << 20
    words.append(topology.data.get("command_line", ""))
    return " ".join(word for word in words if word)
