# SPDX-License-Identifier: BSD-2-Clause
"""The tests in virtual machines that change the machine under threads that allocate."""

import checks
from case import Case

_OTHERS = "REGULAR=0-1/0-1"
# Where blocks are after the change, by the far nodes there are then: on CPU 0 / on CPU 1.
_BOTH = ("DAX_KMEM=2/3 DAX_KMEM_ALL=2-3/2-3 DAX_KMEM_PREFERRED=2/3 NG_DAX_KMEM_FIRST=2-3/2-3 "
         f"DAX_KMEM_INTERLEAVE=2-3/2-3 {_OTHERS}")
_NODE_3 = ("DAX_KMEM=3/3 DAX_KMEM_ALL=3/3 DAX_KMEM_PREFERRED={}/3 NG_DAX_KMEM_FIRST=3/3 "
           f"DAX_KMEM_INTERLEAVE=3/3 {_OTHERS}")
# A kind that only prefers a node that is gone takes any other, until somebody says so.
_ONLY_3, _ONLY_3_UNTOLD = _NODE_3.format("3"), _NODE_3.format("0-3")
_NONE = ("DAX_KMEM=none/none DAX_KMEM_ALL=none/none DAX_KMEM_PREFERRED=none/none "
         f"NG_DAX_KMEM_FIRST=none/none DAX_KMEM_INTERLEAVE=none/none {_OTHERS}")
_DESCRIBED = "'nodes=2-3={0}/{0}' 'nodes=2,3;policy=weighted;weights=3:1={0}/{0}'"
_BOTH_DESCRIBED, _ONLY_3_DESCRIBED, _NONE_DESCRIBED = map(_DESCRIBED.format, ("2-3", "3", "none"))
_NULL = "MEMKIND_EXHAUSTION=null"


def _storm(allowed: str, command: str, nodes: str, options: str = "") -> str:
    return f"storm {options} -a {allowed} -c '. /job/setup.sh; {command}' {nodes}"


def _steps(*steps: str) -> str:
    return " &&\n".join(steps)


def _in_cpuset(before: str, after: str, nodes: str, options: str = "") -> str:
    return (f"in_cpuset {before} 0-1 "
            f"{_storm(after, f'echo {after} >/cgroup/cell/cpuset.mems', nodes, options)}")


def storms() -> list[Case]:
    """Nodes that come, go offline, and leave the cpuset of the process."""
    more = {"limit": 400, "shows_output": True, "check": checks.contains("misplaced=0"),
            "old_is_wrong": "looks at the machine once"}
    come, go = "online_node 2", "offline_node 2"
    again = "online_again 2"
    near_0 = {nodes: nodes.replace(_OTHERS, "REGULAR=0/0") for nodes in (_ONLY_3, _ONLY_3_UNTOLD)}
    # Kinds that are bound to nothing but a node that goes: see programs/storm.c.
    only_3 = _ONLY_3.replace("DAX_KMEM=", "@DAX_KMEM=", 1)
    only_3_untold = _ONLY_3_UNTOLD.replace("DAX_KMEM=", "@DAX_KMEM=", 1)
    none = _NONE.replace("DAX_KMEM=", "@DAX_KMEM=", 1).replace("DAX_KMEM_ALL", "@DAX_KMEM_ALL")
    none_described = _NONE_DESCRIBED.replace("'nodes=2-3=", "'@nodes=2-3=")
    # The kernel takes node 2 out of a set by itself, and can't of a kind that has no other node.
    described = f"{_ONLY_3_DESCRIBED} 'nodes=2-3;use=closest=3/3'"
    return [
        Case("storm-nodes", "hotplug", _steps(
            "online_node 3",
            _storm("0-3", come, f"{_BOTH} {_BOTH_DESCRIBED}"),
            _storm("0-1,3", go, f"{only_3} {_ONLY_3_DESCRIBED}"),
            f"{_NULL} {_storm('0-1', 'offline_node 3', f'{none} {none_described}')}",
            "online_again 3",
            f"{_NULL} {_storm('0-3', again, f'{_BOTH} {_BOTH_DESCRIBED}')}",
            f"{_NULL} {_storm('0-1,3', go, f'{only_3} {_ONLY_3_DESCRIBED}')}"),
             is_alone=True, **more),
        Case("storm-nodes-untold", "hotplug", _steps(
            "online_node 3",
            _storm("0-3", come, _ONLY_3, "-n"),
            _storm("0-1,3", go, only_3_untold, "-n"),
            f"{_NULL} {_storm('0-3', again, _ONLY_3, '-n')}",
            f"{_NULL} {_storm('0-1,3', go, only_3_untold, '-n')}"), is_alone=True, **more),
        Case("storm-cpuset", "four-node", _steps(
            _in_cpuset("0-3", "0-1,3", _ONLY_3),
            f"{_NULL} {_in_cpuset('0-3', '0-1,3', _ONLY_3_UNTOLD, '-n')}",
            _in_cpuset("0,2-3", "0,3", near_0[_ONLY_3_UNTOLD], "-n"),
            f"{_NULL} {_in_cpuset('0,2-3', '0,3', near_0[_ONLY_3])}"), **more),
        # By themselves: node 3 has not much room.
        Case("storm-cpuset-described", "four-node", _steps(
            _in_cpuset("0-3", "0-1,3", described),
            f"{_NULL} {_in_cpuset('0-3', '0-1,3', described, '-n')}"), **more),
    ]
