# SPDX-License-Identifier: BSD-2-Clause
"""The tests in virtual machines that move blocks in place, see programs/move.c."""

import checks
from case import Case, with_swap

_FROM_0 = "move -c 0 -s 0 -t 2"
_FROM_1 = "move -c 1 -s 1 -t 3"


def moves() -> list[Case]:
    null = "env MEMKIND_EXHAUSTION=null"
    jobs = {
        "place": f"{_FROM_0} place REGULAR DAX_KMEM &&\n"
                 f"{_FROM_1} place DEFAULT DAX_KMEM_PREFERRED",
        "place-null": f"{null} {_FROM_0} place REGULAR DAX_KMEM_ALL",
        "place-huge": f"with_huge_pages always {_FROM_0} -h place REGULAR DAX_KMEM",
        "place-huge-null": f"with_huge_pages always {null} {_FROM_0} place REGULAR DAX_KMEM",
        "full": with_swap(f"{_FROM_1} full REGULAR DAX_KMEM &&\n"
                          f"{null} {_FROM_1} full REGULAR DAX_KMEM"),
        "full-huge": f"with_huge_pages always {_FROM_1} full REGULAR DAX_KMEM",
        "fork": f"{_FROM_0} fork REGULAR DAX_KMEM &&\n"
                f"with_huge_pages always {_FROM_0} fork REGULAR DAX_KMEM",
        "partly": f"{_FROM_1} partly REGULAR DAX_KMEM",
        "ratio": f"{_FROM_0} ratio REGULAR 'nodes=0,2;policy=weighted;weights=3:1' &&\n"
                 f"{_FROM_0} ratio DEFAULT "
                 "'nodes=0,2;policy=weighted;weights=3:1;exhaustion=null'",
        "threads": f"{_FROM_0} threads REGULAR DAX_KMEM &&\n"
                   f"with_huge_pages always {null} {_FROM_0} threads DEFAULT DAX_KMEM",
    }
    more = {"shows_output": True, "old_is_wrong": "has no such function"}
    return [
        *(Case(f"move-{name}", "four-node", job, checks.contains("moved"), limit=120, **more)
          for name, job in jobs.items()),
        # The kernel waits for all CPUs at each move: a move takes 5 ms or more here.
        Case("move-many", "four-node", f"{_FROM_0} -n 10000 many REGULAR DAX_KMEM",
             checks.contains("moved"), kernels=("6.12",), limit=240, **more),
        Case("move-many-6.1", "four-node", f"{_FROM_0} -n 2000 many REGULAR DAX_KMEM",
             checks.contains("moved"), kernels=("6.1",), limit=120, **more),
    ]
