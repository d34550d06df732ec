# SPDX-License-Identifier: BSD-2-Clause
"""The tests in virtual machines that fill nodes: in which order, and what happens when they are full."""

import checks
from case import Case, slug, with_swap

# The order in which nodes are filled, with the MiB that each must have got at least: what a node
# gave on the machine that had least to give, less a tenth.
_FILLS = (
    # kind, CPU, order without swap, MiB to allocate with swap
    ("DAX_KMEM", 0, ((2, 220),), 340),
    ("DAX_KMEM", 1, ((3, 110),), 200),
    ("DAX_KMEM_ALL", 0, ((2, 220), (3, 110)), 460),
    ("DAX_KMEM_ALL", 1, ((3, 110), (2, 220)), 460),
    ("DAX_KMEM_PREFERRED", 0, ((2, 220), (0, 90), (3, 110), (1, 80)), 830),
    ("DAX_KMEM_PREFERRED", 1, ((3, 110), (1, 80), (2, 220), (0, 90)), 830),
)


def fills() -> list[Case]:
    cases = []
    for kind, cpu, order, swap_limit in _FILLS:
        name = f"fill-{slug(kind)}-cpu{cpu}"
        cases.append(Case(name, "four-node", f"fill -c {cpu} -l 1000 {kind}",
                          checks.fill_order(order, ("killed", "null")), output_name=name))
        cases.append(Case(
            f"{name}-swap", "four-node",
            with_swap(f"fill -c {cpu} -l {swap_limit} {kind}"),
            checks.fill_order((*order, ("swap", 16)), ("limit",)), output_name=f"{name}-swap",
            limit=120))
    cases += [
        Case("fill-regular-cpu0", "four-node", "fill -c 0 -l 1000 REGULAR",
             checks.fill_order(((0, 90), (1, 80)), ("killed", "null")),
             output_name="fill-regular-cpu0"),
        Case("fill-regular-cpu1", "four-node", "fill -c 1 -l 1000 REGULAR",
             checks.fill_order(((1, 80), (0, 90)), ("killed", "null")),
             output_name="fill-regular-cpu1"),
        Case("fill-dax-kmem-interleave", "four-node", "fill -c 0 -l 200 DAX_KMEM_INTERLEAVE",
             checks.fill_shares({2: 100, 3: 100}, tolerance=6),
             output_name="fill-dax-kmem-interleave"),
    ]
    return cases


# Kind, CPU, and the order in which a kind fills nodes that swaps only when all are full.
_FIRST_FILLS = (
    (0, ((2, 220), (3, 110), (0, 90), (1, 80))),
    (1, ((3, 110), (2, 220), (1, 80), (0, 90))),
)

# Four caches of one node beside a process that has nothing to do with it, watched for a minute.
_CACHES = """
look() {
	sed -n 's/.*Mem\\(Total\\|Free\\): *\\([0-9]*\\) kB/\\2/p' \\
		/sys/devices/system/node/node2/meminfo | tr '\\n' ' ' >/tmp/sizes
	read -r total free </tmp/sizes
}
# A process that is about to end has no executable any more.
are_alive() {
	for pid in $pids; do
		[ "$(readlink /proc/$pid/exe)" ] || return
	done
}
grep -E '^(oom_kill|pswpout) ' /proc/vmstat
pids=
for i in 1 2 3 4; do
	cache 60 'nodes=2;exhaustion=null' & pids="$pids $!"
done
while look; are_alive; do
	echo "free $free of $total"
	sleep 1
done
for pid in $pids; do
	wait $pid; echo "exit $?"
done
grep -E '^(oom_kill|pswpout) ' /proc/vmstat
"""


def exhaustion() -> list[Case]:
    """Full nodes as an error, and kinds that fill nodes in an order of their own."""
    more = {"old_is_wrong": "a full node swaps or kills, whatever the kind"}
    cases = []
    for kind, cpu, order in (("DAX_KMEM", 0, (2,)), ("DAX_KMEM", 1, (3,)),
                             ("DAX_KMEM_ALL", 0, (2, 3)), ("DAX_KMEM_ALL", 1, (3, 2))):
        least = {2: 220, 3: 110}
        job = f"MEMKIND_EXHAUSTION=null fill -c {cpu} -l 1000 {kind}"
        check = checks.fill_order(tuple((node, least[node]) for node in order), ("null",))
        name = f"null-{slug(kind)}-cpu{cpu}"
        cases += [Case(name, "four-node", job, check, **more),
                  Case(f"{name}-swap", "four-node", with_swap(job), check, **more)]
    cases.append(Case("null-dax-kmem-interleave", "four-node",
                      "MEMKIND_EXHAUSTION=null fill -c 0 -l 1000 DAX_KMEM_INTERLEAVE",
                      checks.fill_held({2: 220, 3: 110}, "null"), **more))
    for cpu, order in _FIRST_FILLS:
        name = f"fill-dax-kmem-first-cpu{cpu}"
        job = f"fill -c {cpu} -l {{}} NG_DAX_KMEM_FIRST"
        cases += [
            Case(name, "four-node", job.format(1000),
                 checks.fill_order(order, ("killed", "null")), output_name=name,
                 old_is_wrong="has no such kind"),
            Case(f"{name}-swap", "four-node", with_swap(job.format(830)),
                 checks.fill_order((*order, ("swap", 16)), ("limit",)),
                 output_name=f"{name}-swap", limit=120, old_is_wrong="has no such kind"),
        ]
    for name, huge, swap in (("", "never", False), ("-swap", "never", True),
                             ("-huge", "always", False), ("-huge-swap", "always", True)):
        job = (f"with_huge_pages {huge} env MEMKIND_EXHAUSTION=null "
               "exhaust -c 0 -o 2 -r 6 -p 4 -i 100 DAX_KMEM")
        cases.append(Case(f"exhaust{name}", "four-node", with_swap(job) if swap else job,
                          checks.contains("failures=0"), limit=180, shows_output=True, **more))
    cases.append(Case("caches", "four-node", with_swap(f"({_CACHES})"),
                      checks.stays_full(0.95, 20), limit=150, shows_output=True, **more))
    cases.append(Case("where", "four-node", with_swap("where -c 0 -o 2 DAX_KMEM"),
                      old_is_wrong="the function is new"))
    return cases
