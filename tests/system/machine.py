# SPDX-License-Identifier: BSD-2-Clause
"""Runs one job in a throw-away virtual machine.

A job is a set of files that appear at /job in the guest; /job/run, a shell script, is started on
the serial line, and what it prints comes back line by line, with its exit code.
"""

import dataclasses
import os
import selectors
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable

import topology as topologies
from guest import Guest
from initramfs import Archive

_COMMAND_LINE = (
    "console=ttyS0 quiet loglevel=1 panic=-1 nokaslr mitigations=off 8250.nr_uarts=1 "
    "lsm=capability init_on_alloc=0 ipv6.disable=1 cryptomgr.notests "
    "initcall_blacklist=cubictcp_register,crypto_kdf108_init,init_kprobe_trace "
    # No 64 MiB for bounce buffers, which no device here needs: they come off a node below 4 GiB.
    "swiotlb=noforce "
    # daxctl, not the kernel, puts memory online; small pages, so that fills are the same each time.
    "memhp_default_state=offline transparent_hugepage=never")

_NO_EXIT_CODE = -1


@dataclasses.dataclass
class Result:
    """exit_code: of the job; -1 if the guest died or ran out of time (reason says which)."""

    exit_code: int
    output: str
    seconds: float
    reason: str = ""


def qemu_command(guest: Guest, topology: topologies.Topology, initrd: Path) -> list[str]:
    words = f"{_COMMAND_LINE} {topologies.command_line(topology)}"
    # It must not outlive a test that is killed.
    return ["setpriv", "--pdeathsig", "KILL",
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-serial", "stdio", "-net", "none",
            "-accel", "tcg,thread=multi", "-cpu", "max",
            *topologies.qemu_arguments(topology),
            "-device", "isa-debug-exit,iobase=0x501,iosize=1",
            "-kernel", str(guest.kernel), "-initrd", str(initrd), "-append", words.strip()]


def job_code(qemu_code: int) -> int:
    """The value written to isa-debug-exit; -1 if QEMU ended in another way."""
    if qemu_code > 0 and qemu_code % 2 == 1:
        return qemu_code // 2
    return _NO_EXIT_CODE


class LineSplitter:
    """Cuts a stream into lines; what is not text is replaced."""

    def __init__(self, callback: Callable[[str], None]) -> None:
        self._callback = callback
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._callback(line.rstrip(b"\r").decode(errors="replace"))

    def finish(self) -> None:
        if self._rest:
            self._callback(self._rest.decode(errors="replace"))
            self._rest = b""


def _collect(process: subprocess.Popen[bytes], splitter: LineSplitter, deadline: float) -> bool:
    """Reads until QEMU closes its output; False when the time is over."""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            if not selector.select(remaining):
                continue
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                splitter.finish()
                return True
            splitter.feed(data)


def run(guest: Guest, topology: topologies.Topology, job: Archive, limit: float,
        on_line: Callable[[str], None] = lambda line: None) -> Result:
    """Boots, runs the job, and calls ON_LINE for each line as it comes. LIMIT: seconds in all."""
    lines: list[str] = []

    def take(line: str) -> None:
        lines.append(line)
        on_line(line)

    started = time.monotonic()
    with tempfile.NamedTemporaryFile(prefix="memkind-initrd-") as initrd:
        # The kernel unpacks archives that follow one another, each on a multiple of 4 bytes.
        initrd.write(guest.initrd.read_bytes())
        initrd.write(job.to_bytes())
        initrd.flush()
        process = subprocess.Popen(qemu_command(guest, topology, Path(initrd.name)),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        try:
            in_time = _collect(process, LineSplitter(take), started + limit)
            if in_time:
                process.wait(timeout=10)
        finally:
            process.kill()
            process.wait()
    code = job_code(process.returncode) if in_time else _NO_EXIT_CODE
    reason = ""
    if not in_time:
        reason = f"the guest ran for more than {limit:.0f} s"
    elif code == _NO_EXIT_CODE:
        reason = f"the guest died (QEMU's exit code {process.returncode})"
    return Result(code, "\n".join(lines), time.monotonic() - started, reason)
