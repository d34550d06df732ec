#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""memkind setup: what it prints for captured and written machines. It is applied in tests/system.

Usage: test_setup.py TOOL TOPOLOGY_DIRECTORY
"""

import os
import sys
import unittest
from pathlib import Path

from tooltest import SKIP_TERMINAL, ToolTest, joined, terminal_lines, tree

MIB = 1 << 20
CXL = "sys/bus/cxl/devices"
WINDOW = "sys/devices/root0/decoder0.0"
RELEASE = "proc/sys/kernel/osrelease"


class SetupTest(ToolTest):
    def machine(self, name: str) -> list[str]:
        return ["setup", "--sysroot", self.make_machine(name)]

    def write(self, entries: tree.Tree) -> None:
        for path in entries:
            (Path(self.root) / path).unlink(missing_ok=True)
        tree.write_tree(entries, Path(self.root))

    def hold(self, device: str, content: bytes = b"", offset: int = 0, size: int = 4 * MIB) -> None:
        """What is in a device of the machine."""
        path = Path(self.root) / "dev" / device
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
            file.seek(offset)
            file.write(content)

    def lines(self, arguments: list[str]) -> list[str]:
        output, errors = self.check(arguments, 0)
        self.assertEqual(errors, "")
        return output.splitlines()


class PlanTest(SetupTest):
    """Namespaces, dax devices and CXL memory, each in what states it can be."""

    def test_blank_modules_and_one_with_a_file_system(self) -> None:
        arguments = self.machine("nvdimms-bare-6.12")
        self.hold("pmem0")
        self.hold("pmem1", b"\x53\xef", 1080)
        self.hold("pmem2")
        self.check_output(arguments, "setup-bare.txt")

    def test_devdax_mounted_and_fsdax(self) -> None:
        arguments = self.machine("nvdimms-mixed-6.12")
        self.hold("dax0.0")
        self.hold("pmem2", b"XFSB")
        self.check_output(arguments, "setup-mixed.txt")

    def test_a_node_sector_mode_and_free_space(self) -> None:
        self.check_output(self.machine("nvdimms-rest-6.12"), "setup-rest.txt")

    def test_what_is_not_known_counts_as_data(self) -> None:
        commands = [line for line in self.lines(self.machine("nvdimms-bare-6.12"))
                    if "ndctl" in line or "daxctl" in line]
        self.assertEqual(len(commands), 6)
        self.assertTrue(all(line.startswith("        # ") for line in commands))

    def test_nodes_already(self) -> None:
        lines = self.lines(self.machine("four-node-kmem-6.12"))
        self.assertEqual(lines, ["-   dax0.0: memory of node 2 already",
                                 "-   dax1.0: memory of node 3 already",
                                 "There is nothing to do."])

    def test_offline_memory(self) -> None:
        self.assertEqual(self.lines(self.machine("kmem-offline-6.12")), [
            "1.  dax0.0: bound to kmem, but offline", "        daxctl online-memory dax0.0",
            "-   dax1.0: memory of node 3 already"])

    def test_nothing_there(self) -> None:
        self.assertEqual(self.lines(self.machine("1node-6.12")),
                         ["There is no persistent and no CXL memory that the kernel shows."])

    def test_kinds_of_content(self) -> None:
        for content, offset, name in (
                (b"EFI PART", 512, "a partition table"), (b"\x55\xaa", 510, "a partition table"),
                (b"_BHRfS_M", 65600, "a btrfs file system"),
                (b"\x10\x20\xf5\xf2", 1024, "an f2fs file system"),
                (b"LUKS\xba\xbe", 0, "an encrypted disk (LUKS)"),
                (b"LABELONE", 512, "a volume of LVM"), (b"SWAPSPACE2", 4086, "swap space"),
                (b"\xfc\x4e\x2b\xa9", 4096, "a member of a RAID"),
                (b"x", MIB - 1, "data"), (b"x", 4 * MIB - 1, "data at its end"),
                (b"x", 3 * MIB, "data at its end")):
            with self.subTest(name=name, offset=offset):
                arguments = self.machine("nvdimms-bare-6.12")
                self.hold("pmem0", content, offset)
                self.assertEqual(self.lines(arguments)[:2], [
                    f"1.  namespace0.0: 256.0 MiB, raw mode, holds {name}",
                    f"        # destroys {name}"])

    def test_an_empty_disk_in_fsdax_mode_is_not_taken_silently(self) -> None:
        arguments = self.machine("nvdimms-mixed-6.12")
        self.hold("pmem2")
        lines = self.lines(arguments)
        self.assertIn("1.  namespace2.0: 256.0 MiB, fsdax mode, blank", lines)
        self.assertIn("        # destroys an empty disk in fsdax mode", lines)

    def test_what_is_in_use_is_left_alone(self) -> None:
        block = "sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region0/namespace0.0/block"
        for entries, use in (({"proc/self/mounts": b"/dev/pmem0p1 /data ext4 rw 0 0\n"}, "mounted"),
                             ({"proc/self/mounts": b"/dev/pmem0 /" + b"d" * 5000 + b" xfs\n"},
                              "mounted"),
                             ({"proc/swaps": b"Filename\tType\n/dev/pmem0\tpartition\n"},
                              "in use as swap space"),
                             ({f"{block}/pmem0/holders/dm-0": "../dm-0"},
                              "in use by another device"),
                             ({"proc/17/fd/3": "/dev/pmem0"}, "open in a program"),
                             ({"proc/17/map_files/400000-500000": "/dev/pmem0"},
                              "open in a program")):
            with self.subTest(use=use):
                arguments = self.machine("nvdimms-bare-6.12")
                self.write(entries)
                self.hold("pmem0")
                lines = self.lines(arguments)
                self.assertEqual(lines[0], f"-   namespace0.0: 256.0 MiB, raw mode, {use}: "
                                           "left as it is")
                self.assertFalse([line for line in lines if "=namespace0.0" in line])
        arguments = self.machine("nvdimms-mixed-6.12")
        self.write({"proc/17/fd/3": "/dev/dax0.0"})
        self.assertIn("-   dax0.0: 254.0 MiB, devdax mode, open in a program: left as it is",
                      self.lines(arguments))
        # pmem1 is not pmem10.
        arguments = self.machine("nvdimms-bare-6.12")
        self.write({"proc/self/mounts": b"/dev/pmem10 /data ext4 rw 0 0\n"})
        self.assertNotIn("mounted", "\n".join(self.lines(arguments)))

    def test_too_small_for_a_block(self) -> None:
        arguments = self.machine("nvdimms-bare-6.12")
        self.write({"sys/devices/system/memory/block_size_bytes": b"80000000\n"})
        self.assertEqual(self.lines(arguments)[0], "-   namespace0.0: 256.0 MiB, too small: "
                                                   "memory comes in blocks of 2.0 GiB")

    def test_modules_without_a_region(self) -> None:
        arguments = self.machine("1node-6.12")
        self.write({"sys/bus/nd/devices/nmem0": None})
        self.assertIn("ipmctl create -goal", self.lines(arguments)[0])

    def test_a_device_of_unknown_origin_may_hold_something(self) -> None:
        arguments = self.machine("1node-6.12")
        self.write({"sys/bus/dax/devices/dax0.0/size": b"1073741824\n"})
        self.assertEqual(self.lines(arguments)[0],
                         "1.  dax0.0: 1.0 GiB, devdax mode, what it holds is not known")

    def test_soft_reserved_memory_has_nothing_to_lose(self) -> None:
        arguments = self.machine("1node-6.12")
        device = "sys/devices/platform/hmem.0/dax0.0"
        self.write({"sys/bus/dax/devices/dax0.0": f"../../../../{device}",
                    f"{device}/size": b"1073741824\n", f"{device}/target_node": b"2\n"})
        self.assertEqual(self.lines(arguments), [
            "1.  dax0.0: 1.0 GiB, in no node yet",
            "        daxctl reconfigure-device --mode=system-ram dax0.0"])


class CxlTest(SetupTest):
    """Memory devices, with and without regions."""

    def make(self, release: bytes) -> list[str]:
        arguments = self.machine("1node-6.12")
        self.write({f"{CXL}/decoder0.0": "../../../devices/root0/decoder0.0",
                    f"{CXL}/root0": "../../../devices/root0",
                    f"{CXL}/endpoint2": "../../../devices/root0/port1/endpoint2",
                    f"{CXL}/endpoint3": "../../../devices/root0/port1/endpoint3",
                    f"{CXL}/port1": "../../../devices/root0/port1",
                    "sys/devices/root0/port1/endpoint2/uport": "../../../pci/mem0",
                    "sys/devices/root0/port1/endpoint3/uport": "../../../pci/mem1",
                    "sys/devices/root0/port1/uport": "../../ACPI0016:00",
                    "sys/devices/root0/dport7": "../ACPI0016:00",
                    f"{WINDOW}/cap_pmem": b"1\n", f"{WINDOW}/cap_ram": b"1\n",
                    f"{WINDOW}/target_list": b"7\n",
                    f"{CXL}/mem0/ram/size": b"0x4000000000\n",
                    f"{CXL}/mem0/pmem/size": b"0x0\n",
                    f"{CXL}/mem1/ram/size": b"0x0\n",
                    f"{CXL}/mem1/pmem/size": b"0x2000000000\n", RELEASE: release})
        return arguments

    def test_devices_without_a_region(self) -> None:
        self.check_output(self.make(b"6.12.1\n"), "setup-cxl.txt")

    def test_a_device_in_a_region(self) -> None:
        arguments = self.make(b"6.12.1\n")
        self.write({f"{CXL}/region0/target0": b"decoder2.0\n",
                    f"{CXL}/decoder2.0": "../../../devices/root0/port1/endpoint2/decoder2.0",
                    })
        lines = self.lines(arguments)
        self.assertFalse([line for line in lines if "mem0" in line])
        self.assertTrue([line for line in lines if "mem1" in line])

    def test_windows_that_do_not_fit(self) -> None:
        for entries, reason in (
                ({f"{WINDOW}/cap_ram": b"0\n"}, "the firmware has no window for one"),
                ({f"{WINDOW}/target_list": b"8\n"}, "the firmware has no window for one"),
                ({f"{WINDOW}/target_list": b"8,7\n"},
                 "its window is for several devices at once, see cxl-create-region(1)")):
            with self.subTest(entries=entries):
                arguments = self.make(b"6.12.1\n")
                self.write(entries)
                self.assertIn("-   mem0: 256.0 GiB, volatile CXL memory without a region: "
                              f"{reason}", self.lines(arguments))

    def test_kernels_that_are_too_old(self) -> None:
        lines = self.lines(self.make(b"6.1.0-40-amd64\n"))
        self.assertIn("-   mem0: 256.0 GiB, volatile CXL memory without a region: "
                      "Linux 6.3 or newer makes one", lines)
        self.assertIn("        # cxl create-region --memdevs --type=pmem "
                      "--decoder=decoder0.0 --ways=1 mem1", lines)
        lines = self.lines(self.make(b"5.15.0\n"))
        self.assertIn("-   mem1: 128.0 GiB, persistent CXL memory without a region: "
                      "Linux 6.0 or newer makes one", lines)


class KernelTest(SetupTest):
    """What the kernel can, and does by itself."""

    def test_a_kernel_without_the_driver(self) -> None:
        arguments = self.machine("nvdimms-bare-6.12")
        self.write({RELEASE: b"4.19.0-27-amd64\n"})
        self.assertEqual(self.lines(arguments)[0], "*   Linux 4.19 can't make nodes of such memory: "
                                                   "5.1 or newer is needed")
        self.write({RELEASE: b"6.1.0\n", "boot/config-6.1.0": b"CONFIG_DEV_DAX=m\n"})
        self.assertIn("CONFIG_DEV_DAX_KMEM", self.lines(arguments)[0])
        self.write({"boot/config-6.1.0": b"CONFIG_DEV_DAX_KMEM=m\n"})
        self.assertNotIn("*", self.lines(arguments)[0])

    def test_a_kernel_that_brings_memory_online(self) -> None:
        policy = "sys/devices/system/memory/auto_online_blocks"
        for value, notes in ((b"offline\n", 0), (b"online\n", 1), (b"online_kernel\n", 1),
                             (b"online_movable\n", 0)):
            with self.subTest(value=value):
                arguments = self.machine("nvdimms-rest-6.12")
                self.write({policy: value})
                lines = self.lines(arguments)
                self.assertEqual(len([line for line in lines if line.startswith("*")]), notes)
                force = "" if value == b"offline\n" else "--force "
                self.assertIn(f"        daxctl reconfigure-device --mode=system-ram {force}dax2.0",
                              lines)

    def test_a_terminal_breaks_no_line_but_commands(self) -> None:
        if SKIP_TERMINAL:
            self.skipTest(SKIP_TERMINAL)
        arguments = self.machine("nvdimms-rest-6.12")
        self.write({"sys/devices/system/memory/auto_online_blocks": b"online\n"})
        pipe, _ = self.check(arguments, 0)
        lines = terminal_lines(arguments, 60)
        self.assertEqual(joined("\n".join(lines)), joined(pipe))
        self.assertLessEqual(max(len(line) for line in lines if "ctl " not in line), 64)
        self.assertEqual([line for line in lines if "ctl " in line],
                         [line for line in pipe.splitlines() if "ctl " in line])


class FaultTest(SetupTest):
    def test_names_that_are_no_devices_get_into_no_command(self) -> None:
        arguments = self.machine("nvdimms-rest-6.12")
        region = "sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region2"
        seed = b"namespace0;reboot\n"
        self.write({f"{region}/namespace2.0/size": b"4096\n", f"{region}/namespace_seed": seed,
                    "sys/bus/dax/devices/dax0;reboot/size": b"268435456\n",
                    "sys/bus/nd/devices/namespace2.`reboot`/size": b"268435456\n",
                    f"{CXL}/mem0;reboot/ram/size": b"0x1000000\n"})
        self.assertNotIn("reboot", "\n".join(self.lines(arguments)))

    def test_help(self) -> None:
        self.check_help("setup", "[--apply] [--sysroot DIR]")

    def test_bad_usage(self) -> None:
        self.check_bad_usage("setup", [
            (["--yes"], "--yes is no option"), (["x"], "x is no option"),
            (["--sysroot"], "--sysroot needs a directory"),
            (["--apply", "--sysroot", "/"], "--apply and --sysroot exclude each other")])

    def test_a_root_that_cannot_be_read(self) -> None:
        self.check_fault(["setup", "--sysroot", "/nowhere"], 1,
                         "setup: /nowhere can't be read: No such file or directory")

    @unittest.skipIf(os.geteuid() == 0, "this is root")
    def test_apply_without_root(self) -> None:
        self.check_fault(["setup", "--apply"], 1, "setup: --apply needs root")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
