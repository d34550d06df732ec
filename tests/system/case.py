# SPDX-License-Identifier: BSD-2-Clause
"""What a test in virtual machines is."""

import dataclasses
from typing import Callable

import checks

BOTH = ("6.1", "6.12")


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    topology: str
    job: str
    # Called with what the job printed; returns what is wrong with it, or nothing.
    check: Callable[[str], str] = checks.nothing
    kernels: tuple[str, ...] = BOTH
    limit: int = 60  # seconds
    is_alone: bool = False  # it changes the machine: no other case shares its boot
    old_is_wrong: str = ""  # how libmemkind 1.14 fails it
    output_name: str = ""  # the output is kept in build/system/NAME-KERNEL.txt
    needs_old: bool = False  # libmemkind 1.14 is run beside, at /job/debian
    needs_openmp: bool = False  # the OpenMP runtimes of LLVM and GCC
    needs_tool: bool = False  # the memkind tool, and the libraries that it preloads
    needs_redis: bool = False  # redis-server and redis-cli
    needs_python: bool = False  # Debian's Python with NumPy, and the package of ours
    shows_output: bool = False  # what it printed is shown, also where it passes


def with_swap(job: str) -> str:
    """The job beside swap, of the same exit code."""
    return f"swap_on 1G || exit\n{job}; code=$?\nswap_off; exit $code"


def slug(kind: str) -> str:
    return kind.lower().replace("_", "-")
