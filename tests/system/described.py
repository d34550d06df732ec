# SPDX-License-Identifier: BSD-2-Clause
"""The tests in virtual machines of kinds by description."""

import checks
from case import Case


def described() -> list[Case]:
    """Where their memory lies, what a limit and a full node mean, and what comes then."""
    more = {"old_is_wrong": "has static kinds only"}
    places = (
        "-c 0 -o 3 -p bind:3 'nodes=3'",
        "-c 0 -o 2 -p bind:2 'nodes=2-3;use=closest'",
        "-c 1 -o 3 -p bind:3 'nodes=2-3;use=closest'",
        "-c 0 -o 2 -p bind:2-3 'nodes=3,2'",
        "-c 1 -o 3 -p bind:2-3 'nodes=kmem'",
        "-c 1 -o 3 -p preferred:3 'nodes=far;policy=preferred'",
        "-c 0 -o 0 -p bind:0-1 'nodes=dram'",
    )
    last = "nodes=3;exhaustion=null"
    return [
        Case("described-places", "four-node", " &&\n".join(f"place {place}" for place in places),
             **more),
        Case("described-in-cpuset", "four-node",
             "in_cpuset 0-1,3 0-1 place -c 0 -o 3 -p bind+static:3 'nodes=2,3'", **more),
        Case("described-absent-then", "four-node",
             f"in_cpuset 0-1,3 0-1 fill -c 0 -l 80 'nodes=2;then={last}'",
             checks.fill_order(((3, 80),), ("limit",)), **more),
        Case("described-limit-then", "four-node",
             "fill -c 0 -l 100 -k 1 'nodes=2;limit=40M;then=nodes=1'",
             checks.fill_order(((2, 40), (1, 50)), ("limit",)), **more),
        Case("described-null-then", "four-node",
             f"fill -c 0 -l 1000 'nodes=2;exhaustion=null;then={last}'",
             checks.fill_order(((2, 220), (3, 110)), ("null",)), **more),
        Case("described-exhaust", "four-node",
             "exhaust -c 0 -o 2 -r 2 -p 4 -i 100 'nodes=2;exhaustion=null;limit=1G'",
             checks.contains("failures=0"), limit=180, shows_output=True, **more),
    ]
