# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tool `memkind` for a test."""

import os
import shlex
import subprocess
from typing import IO, Optional

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
# QEMU's user mode shows its own sysroot as /.
SKIP_LIVE = "an emulator shows another machine than this one" if WRAPPER else ""


def run(tool: str, arguments: list[str],
        environment: Optional[dict[str, str]] = None,
        output: Optional[IO[str]] = None) -> "subprocess.CompletedProcess[str]":
    """Runs it without the MEMKIND_ variables of the caller; by an emulator where it needs one.

    What it writes comes back, or goes to OUTPUT.
    """
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith("MEMKIND_")}
    return subprocess.run([*WRAPPER, tool, *arguments], text=True, check=False,
                          stdout=output or subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**clean, **(environment or {})})
