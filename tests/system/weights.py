# SPDX-License-Identifier: BSD-2-Clause
"""The tests in virtual machines of kinds that keep a ratio between their nodes."""

import checks
from case import Case

_MORE = {"old_is_wrong": "has no such kinds"}
# The kernel's own weights, which an administrator can set; 1 is what they are from the start.
_KERNEL = "/sys/kernel/mm/mempolicy/weighted_interleave/node"


def _weights(options: str, nodes: str, weights: str, more: str = "", shares: str = "") -> str:
    """The program's command. SHARES, such as "2=4,3=1", where they are not just the weights."""
    shares = shares or ",".join(map("=".join, zip(nodes.split(","), weights.split(":"))))
    return (f"weights {options} -s {shares} "
            f"\"nodes={nodes};policy=weighted;weights={weights}{more}\"")


def _all(*jobs: str) -> str:
    return " &&\n".join(jobs)


def _two_nodes() -> list[Case]:
    ratios, stripes = ("4:1", "3:1", "2:5"), "-p interleave:2-3"
    return [
        Case("weights-small", "four-node",
             _all(*(_weights(stripes, "2,3", ratio) for ratio in ratios)), **_MORE),
        Case("weights-large", "four-node",
             _all(*(_weights(f"-l {stripes}", "2,3", ratio) for ratio in ratios)), **_MORE),
        Case("weights-ordinary-user", "four-node",
             "su nobody -s /bin/sh -c 'export PATH=$PATH:/job/bin LD_LIBRARY_PATH="
             f"$LD_LIBRARY_PATH; {_weights('-l', '2,3', '4:1')}'", **_MORE),
        Case("weights-of-the-kernel", "four-node",
             f"echo 8 >{_KERNEL}2; echo 2 >{_KERNEL}3\n" +
             _all(_weights("-p weighted:2-3", "2,3", "4:1"),
                  _weights("-l -p weighted:2-3", "2,3", "4:1"),
                  _weights(stripes, "2,3", "4:1", ";step=256K"),
                  _weights(stripes, "2,3", "2:1")) +
             f"\ncode=$?\necho 1 >{_KERNEL}2; echo 1 >{_KERNEL}3\nexit $code",
             kernels=("6.12",), **_MORE),
    ]


def _over_time() -> list[Case]:
    """Memory that is given back and comes again, nodes that fill, pages that others would like."""
    null = '"nodes=2,3;policy=weighted;weights=2:1;exhaustion=null"'
    return [
        Case("weights-refilled", "four-node",
             _all(_weights("-f", "0,2,3", "1:3:2"),
                  _weights("-f -m 100", "3,2,3,0", "1:2:1:1", ";step=1M", "3=2,2=2,0=1")),
             **_MORE),
        # Node 3 is full at 126 MiB; the others go on in equal parts.
        Case("weights-node-full", "four-node",
             _weights("-m 300", "2,3,0", "1:2:1", "", "2=88,3=124,0=88"), **_MORE),
        Case("weights-null", "four-node", f"exhaust -c 0 -o 2-3 -r 2 -p 4 -i 100 {null}",
             checks.contains("failures=0"), limit=180, shows_output=True, **_MORE),
        # The kernel would move pages to the socket that reads them.
        Case("weights-numa-balancing", "four-node",
             "[ $(cat /proc/sys/kernel/numa_balancing) = 1 ] || exit 3\n" +
             _weights("-l -c 0 -u 1 -t 30", "0,1", "3:1"), kernels=("6.12",), limit=90, **_MORE),
    ]


def _huge_pages() -> list[Case]:
    count = "$(sed -n 's/^thp_fault_alloc //p' /proc/vmstat)"
    return [
        Case("weights-huge-pages", "roomy",
             f"before={count}\n"
             f"with_huge_pages madvise "
             f"{_weights('-l -m 1024', '0,1', '3:1', ';pages=huge')} || exit 1\n"
             f"[ {count} -ge $((before + 500)) ] || exit 3\n"
             # Stripes that are smaller keep out of huge pages that the kernel gives to all.
             f"with_huge_pages always {_weights('-m 64', '0,1', '3:1')}", limit=120, **_MORE),
    ]


def _bandwidth() -> list[Case]:
    """What weights are for, and where they come from by themselves."""
    kind = "nodes=2,3;policy=weighted;weights=3:1"
    nodes = {(cpu, node) for cpu in (0, 1) for node in range(4)}
    return [
        # The HMAT says 111 and 205 GB/s; then something else was measured.
        Case("weights-by-bandwidth", "hbm",
             _weights("-l", "0,2", "auto", shares="0=35,2=65") +
             " &&\nexport MEMKIND_NODE_BANDWIDTHS=0:9000,2:3000 &&\n" +
             _weights("-l", "0,2", "auto", shares="0=3,2=1"), **_MORE),
        Case("weights-bench", "four-node",
             f"memkind bench --seconds 1 --json --kind '{kind}' 2>/tmp/errors || "
             "{ cat /tmp/errors; exit 1; }",
             checks.bench_measured(nodes, {(cpu, kind): [2, 3] for cpu in (0, 1)}),
             kernels=("6.12",), limit=120, needs_tool=True, **_MORE),
    ]


def ratios() -> list[Case]:
    return [*_two_nodes(), *_over_time(), *_huge_pages(), *_bandwidth()]
