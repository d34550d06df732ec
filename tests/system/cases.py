# SPDX-License-Identifier: BSD-2-Clause
"""The tests in virtual machines, one row each.

The job is a shell script in the guest; its exit code must be 0, and the check, if there is one,
must have nothing to say about what it printed. Results that differ from those of libmemkind 1.14
are right by the placement rules of the architecture; its row says how the old library is wrong, and
`run.py --library debian` expects exactly these to fail.
"""

import checks
import described
import fills
import moves
import numa_maps
import storms
import tutorial
import weights
from case import Case, slug

# Groups of tests/compat/compat.c: what depends on the machine, and what need not be asked on each.
_MACHINE_GROUPS = "about kinds masks places lists create_kind null_kind hbw hbw_policies"
_OTHER_GROUPS = "heap threads pmem fixed stats memtier"
FAR_KINDS = ("DAX_KMEM", "DAX_KMEM_ALL", "DAX_KMEM_PREFERRED", "DAX_KMEM_INTERLEAVE")


def _place(topology: str, name: str, arguments: str, **more) -> Case:
    return Case(f"place-{name}", topology, f"place {arguments}", **more)


def _four_places(topology: str, quick: str = "") -> list[Case]:
    """Each far kind on both sockets of a machine like the four-node example."""
    cases = []
    for cpu, near in ((0, 2), (1, 3)):
        for kind, arguments in (("DAX_KMEM", f"-o {near} -p bind:{near}"),
                                ("DAX_KMEM_ALL", f"-o {near} -p bind:2-3"),
                                ("DAX_KMEM_PREFERRED", f"-o {near} -p preferred:{near}"),
                                ("DAX_KMEM_INTERLEAVE", "-s -o 2-3 -p interleave:2-3")):
            cases.append(_place(topology, f"{slug(kind)}-cpu{cpu}",
                                f"{quick}-c {cpu} {arguments} {kind}"))
    return cases


def _all_far(code: int) -> str:
    return " ".join(f"{kind}={code}" for kind in FAR_KINDS)


def _placement() -> list[Case]:
    cases = _four_places("four-node")
    for cpu in (0, 1):
        cases += [
            _place("four-node", f"default-cpu{cpu}", f"-c {cpu} -o {cpu} -p default DEFAULT"),
            _place("four-node", f"regular-cpu{cpu}", f"-c {cpu} -o {cpu} -p bind:0-1 REGULAR"),
            _place("four-node", f"interleave-cpu{cpu}",
                   f"-c {cpu} -s -o 0-3 -p interleave:0-3 INTERLEAVE"),
        ]
    return cases


def _residents() -> list[Case]:
    rows = ((0, "DEFAULT", "0"), (1, "REGULAR", "1"), (0, "DAX_KMEM", "2"), (1, "DAX_KMEM", "3"),
            (1, "DAX_KMEM_PREFERRED", "3"), (0, "DAX_KMEM_INTERLEAVE", "2-3"),
            (0, "INTERLEAVE", "0-3"))
    jobs = [f"resident -c {cpu} -o {nodes} {kind}" for cpu, kind, nodes in rows]
    return [Case("resident", "four-node", " &&\n".join(jobs),
                 old_is_wrong="the functions are new")]


_TIERS = "KIND:DRAM,RATIO:1;KIND:KMEM_DAX,RATIO:4;POLICY:STATIC_RATIO"


def _unchanged_programs() -> list[Case]:
    """Programs that know malloc alone."""
    # What a process touches before it could pin itself counts, too.
    run = "taskset {} memkind run --stats"
    more = {"needs_tool": True, "old_is_wrong": "has no such tool"}
    cases = [
        Case(f"run-{slug(kind)}-cpu{cpu}", "four-node",
             f"{run.format(1 << cpu)} --kind {kind.lower()} -- heap -o {node} -d 0-1 40",
             checks.run_table({(kind.lower(), node): 40}), **more)
        for kind in ("DAX_KMEM", "DAX_KMEM_PREFERRED") for cpu, node in ((0, 2), (1, 3))
    ]
    return [
        *cases,
        Case("run-sizes", "four-node",
             f"{run.format(1)} --kind dax_kmem --size 64K: -- heap -o 0,2 -d 0-1 40",
             checks.run_table({("dax_kmem", 2): 20, ("default", 0): 20}), **more),
        Case("run-tiers", "four-node",
             f"{run.format(1)} --tiers '{_TIERS}' -- heap -o 0,2 -d 0-1 80",
             checks.run_table({("default", 0): 16, ("dax_kmem", 2): 64}), **more),
        Case("run-unavailable", "no-kmem",
             f"{run.format(1)} --kind dax_kmem -- echo started; [ $? = 125 ]",
             checks.contains("dax_kmem is not available here: "), **more),
    ]


def _migration() -> list[Case]:
    wrong = "its memory belongs to threads, not to nodes: 27-100 % of the blocks are misplaced"
    return [
        Case(f"migrate-{slug(kind)}", "four-node",
             f"migrate -n 2,3 {kind}; code=$?\n"
             'echo "the same with libmemkind 1.14:"\n'
             f"LD_LIBRARY_PATH=/job/debian migrate -n 2,3 {kind}\n"
             "exit $code", limit=180, old_is_wrong=wrong, needs_old=True,
             shows_output=True)
        for kind in ("DAX_KMEM", "DAX_KMEM_PREFERRED", "DAX_KMEM_ALL")
    ]


_GOOD_LISTS = (
    # the list, and the MiB of its nodes where none of them has DRAM that the kernel takes from
    ("2,3", 384), ("2-3", 384), ("3,2,2", 384), ("0x2", 256), ("02", 256), (" 2", 256),
    ("!0,1", 384), ("!0-1", 384), ("3-2", 128), ("+2-3", 384), ("3", 128),
    ("all", None), ("+0", None), ("1,3", None), ("0-3", None),
)
_BAD_LISTS = ("-1", "4", "2-4", "1023", "999999", "x", "2,x", "2,", ",2", "0,,0", "2 ", ";", " ",
              "99999999999999999999", "2-", "0x", "netdev:eth0")
_EMPTY_LISTS = ("", "!all")


def _lists(lists: tuple[tuple[str, str], ...]) -> str:
    """Tries each list; the exit code says whether all answers were right."""
    lines = ["failed=0"]
    for value, answers in lists:
        lines.append(f'echo "list {value!r}"')
        lines.append(f"MEMKIND_DAX_KMEM_NODES='{value}' avail {answers} || failed=1")
    return "\n".join([*lines, "exit $failed"])


def _node_lists() -> list[Case]:
    good = tuple((value, "DAX_KMEM_ALL=0" + (f":{size}" if size else "") + " DAX_KMEM=0")
                 for value, size in _GOOD_LISTS)
    bad = tuple((value, f"{_all_far(-12)} DEFAULT=0 REGULAR=0") for value in _BAD_LISTS)
    empty = tuple((value, _all_far(-12)) for value in _EMPTY_LISTS)
    return [
        Case("list-good", "four-node", _lists(good)),
        Case("list-bad", "four-node", _lists(bad)),
        Case("list-empty", "four-node", _lists(empty), old_is_wrong="takes it for an empty set"),
        Case("list-empty-is-logged", "four-node",
             "MEMKIND_DEBUG=1 MEMKIND_DAX_KMEM_NODES= avail DAX_KMEM=-12 2>&1",
             checks.contains("MEMKIND_DAX_KMEM_NODES"), old_is_wrong="takes it for an empty set"),
        Case("list-is-obeyed", "four-node",
             "MEMKIND_DAX_KMEM_NODES=3 place -c 0 -o 3 -p bind:3 DAX_KMEM &&\n"
             "MEMKIND_DAX_KMEM_NODES=3 place -c 0 -o 3 -p preferred:3 DAX_KMEM_PREFERRED &&\n"
             "MEMKIND_DAX_KMEM_NODES=1-2 place -c 1 -o 1 -p bind:1 DAX_KMEM"),
        Case("list-node-absent", "one-devdax", _lists((("2", _all_far(-12)),))),
        Case("list-node-without-memory", "memory-offline",
             _lists((("2", _all_far(-12)), ("2-3", _all_far(-12)), ("3", "DAX_KMEM=0:128")))),
        Case("list-logged-node", "memory-offline",
             "MEMKIND_DEBUG=1 MEMKIND_DAX_KMEM_NODES=2 avail DAX_KMEM=-12 2>&1",
             checks.contains("MEMKIND_DAX_KMEM_NODES"), old_is_wrong="says nothing of its own"),
        Case("list-without-kmem", "no-kmem",
             _lists((("2", _all_far(-12)), ("1", "DAX_KMEM=0 DAX_KMEM_ALL=0")))),
        Case("list-node-not-allowed", "four-node",
             "MEMKIND_DAX_KMEM_NODES=2 in_cpuset 0-1,3 0-1 avail DAX_KMEM=-12 DAX_KMEM_ALL=-12"),
    ]


_NO_DAX = ("unshare -m sh -c '. /job/setup.sh; mkdir /tmp/dev; mount -t tmpfs none /tmp/dev;"
           " cp -a /dev/null /dev/zero /tmp/dev; mount --move /tmp/dev /dev; ls /dev; {}'")
_DENIED = "mbind,set_mempolicy,get_mempolicy,home_node,migrate_pages,move_pages"


def _surroundings() -> list[Case]:
    """The four-node example, seen by processes that may do less than root."""
    cpuset = "binds to nodes that are not allowed, or to masks that the kernel remaps"
    cases = [
        Case("available", "four-node",
             "avail -m -c 0 DEFAULT=0 REGULAR=0 INTERLEAVE=0 DAX_KMEM=0:256 DAX_KMEM_ALL=0:384 "
             "DAX_KMEM_PREFERRED=0:-1 DAX_KMEM_INTERLEAVE=0:384 && avail -c 1 DAX_KMEM=0:128"),
        Case("ordinary-user", "four-node",
             "su nobody -s /bin/sh -c 'export PATH=$PATH:/job/bin LD_LIBRARY_PATH="
             "$LD_LIBRARY_PATH; id; place -c 0 -o 2 -p bind:2 DAX_KMEM && "
             "place -c 1 -o 3 -p preferred:3 DAX_KMEM_PREFERRED'"),
        Case("without-dev-dax", "four-node",
             _NO_DAX.format("place -c 0 -o 2 -p bind:2 DAX_KMEM && avail DAX_KMEM_ALL=0:384"),
             old_is_wrong="libdaxctl finds no device without its file in /dev"),
        Case("cpuset-dax-kmem", "four-node",
             "in_cpuset 0-1,3 0-1 place -c 0 -o 3 -p bind+static:3 DAX_KMEM", old_is_wrong=cpuset),
        Case("cpuset-dax-kmem-all", "four-node",
             "in_cpuset 0-1,3 0-1 place -c 0 -o 3 -p bind+static:3 DAX_KMEM_ALL",
             old_is_wrong=cpuset),
        # The kernel does not remap PREFERRED, so that it needs no flag.
        Case("cpuset-dax-kmem-preferred", "four-node",
             "in_cpuset 0-1,3 0-1 place -c 0 -o 3 -p preferred:3 DAX_KMEM_PREFERRED",
             old_is_wrong=cpuset),
        Case("cpuset-without-far-nodes", "four-node",
             f"in_cpuset 0-1 0-1 avail {_all_far(-1)} DEFAULT=0 REGULAR=0 INTERLEAVE=0",
             old_is_wrong="available, but nothing can be allocated"),
        Case("cpuset-of-one-socket", "four-node",
             "in_cpuset 1,3 1 place -o 3 -p bind+static:3 DAX_KMEM &&\n"
             "in_cpuset 1,3 1 avail REGULAR=0 DAX_KMEM_ALL=0:128",
             old_is_wrong="masks that the kernel remaps"),
        Case("cpuset-and-mbind-denied", "four-node",
             f"in_cpuset 0-1 0-1 deny EPERM {_DENIED} avail DEFAULT=0 REGULAR=0 DAX_KMEM=-1",
             old_is_wrong="every kind fails when mbind does"),
        Case("address-space-limit", "four-node",
             "ulimit -v 250000; place -c 0 -o 2 -p bind:2 DAX_KMEM &&\n"
             "place -c 1 -o 3 -p bind:2-3 DAX_KMEM_ALL"),
        Case("small-address-space-limit", "four-node",
             "ulimit -v 60000; avail DEFAULT=0 REGULAR=0 DAX_KMEM=0",
             old_is_wrong="aborts for lack of an arena map"),
    ]
    for error in ("EPERM", "ENOSYS"):
        # INTERLEAVE kinds become plain, DEFAULT has no policy, the rest may not pretend.
        cases.append(Case(
            f"mbind-denied-{error.lower()}", "four-node",
            f"deny {error} {_DENIED} avail -m DEFAULT=0 INTERLEAVE=0 REGULAR=-2 DAX_KMEM=-2 "
            "DAX_KMEM_ALL=-2 DAX_KMEM_PREFERRED=-2", old_is_wrong="available, or an abort"))
        cases.append(Case(
            f"mbind-denied-{error.lower()}-dram-only", "no-kmem",
            f"deny {error} {_DENIED} avail -m DEFAULT=0 INTERLEAVE=0 REGULAR=0 {_all_far(-1)}",
            old_is_wrong="no REGULAR, or an abort"))
    return cases


def _ties() -> list[Case]:
    everywhere, one = "tie-everywhere", "tie-on-one-socket"
    return [
        Case("tie-preferred-refused", everywhere,
             "avail -m DAX_KMEM_PREFERRED=-255 DAX_KMEM=0:384 DAX_KMEM_ALL=0:384 &&\n"
             "avail -c 0 DAX_KMEM_PREFERRED=-255 && avail -c 1 DAX_KMEM_PREFERRED=-255"),
        _place(everywhere, "tie-dax-kmem", "-c 0 -o 2-3 -p bind:2-3 DAX_KMEM"),
        _place(everywhere, "tie-dax-kmem-cpu1", "-c 1 -o 2-3 -p bind:2-3 DAX_KMEM"),
        _place(everywhere, "tie-dax-kmem-all", "-c 1 -o 2-3 -p bind:2-3 DAX_KMEM_ALL"),
        Case("tie-broken-by-list", everywhere,
             "MEMKIND_DAX_KMEM_NODES=2 place -c 1 -o 2 -p preferred:2 DAX_KMEM_PREFERRED"),
        Case("tie-preferred-refused-unless-pinned", one,
             "avail -m DAX_KMEM_PREFERRED=-255 DAX_KMEM=0 DAX_KMEM_ALL=0 &&\n"
             "avail -c 0 DAX_KMEM_PREFERRED=-255 && taskset 1 avail DAX_KMEM_PREFERRED=-255"),
        Case("tie-preferred-pinned", one,
             "taskset 2 place -o 3 -p preferred:3 DAX_KMEM_PREFERRED && "
             "taskset 2 avail DAX_KMEM_PREFERRED=0",
             old_is_wrong="a tie on any socket makes the kind unavailable on all"),
        Case("tie-thread-outside-the-mask", one, "taskset 2 tied",
             old_is_wrong="a tie on any socket makes the kind unavailable on all"),
        Case("tie-gone-in-cpuset", one,
             "in_cpuset 0-1,3 0-1 place -c 0 -o 3 -p preferred:3 DAX_KMEM_PREFERRED",
             old_is_wrong="a tie on any socket makes the kind unavailable on all"),
        _place(one, "tied-socket-dax-kmem", "-c 0 -o 2-3 -p bind:2-3 DAX_KMEM"),
        _place(one, "free-socket-dax-kmem", "-c 1 -o 3 -p bind:3 DAX_KMEM"),
        _place(one, "tied-socket-all", "-c 0 -o 2-3 -p bind:2-3 DAX_KMEM_ALL"),
        _place(one, "free-socket-all", "-c 1 -o 3 -p bind:2-3 DAX_KMEM_ALL"),
        Case("ties-all-cpu0", one,
             "MEMKIND_DAX_KMEM_TIES=all fill -c 0 -l 1000 DAX_KMEM_PREFERRED",
             checks.fill_order(((2, 220), (3, 110), (0, 90), (1, 80)), ("killed", "null")),
             old_is_wrong="refuses it on both sockets"),
        Case("ties-all-cpu1", one,
             "MEMKIND_DAX_KMEM_TIES=all place -c 1 -o 3 -p preferred:3 DAX_KMEM_PREFERRED",
             old_is_wrong="refuses it on both sockets"),
        Case("ties-bad-word", one,
             "MEMKIND_DAX_KMEM_TIES=some avail DAX_KMEM_PREFERRED=-12 DAX_KMEM=0",
             old_is_wrong="knows no such variable"),
    ]


def _only_node_3(topology: str, wrong: str = "") -> list[Case]:
    return [
        Case("only-node-3", topology,
             "place -c 0 -o 3 -p bind:3 DAX_KMEM && place -c 1 -o 3 -p bind:3 DAX_KMEM_ALL &&\n"
             "place -c 0 -o 3 -p preferred:3 DAX_KMEM_PREFERRED &&\n"
             "avail -c 0 DAX_KMEM=0:128 DAX_KMEM_ALL=0:128", old_is_wrong=wrong),
    ]


def _machines() -> list[Case]:
    """Machines other than the four-node example."""
    no_kmem = (f"avail -m {_all_far(-1)} DEFAULT=0 REGULAR=0 INTERLEAVE=0 && "
               "place -c 0 -o 0 -p bind:0-1 REGULAR && place -c 1 -o 1 -p default DEFAULT")
    return [
        *_only_node_3("one-devdax"),
        *_only_node_3("memory-offline", "counts the node whose memory is offline"),
        Case("unavailable", "no-kmem", no_kmem),
        Case("hotplug-late", "hotplug",
             "hotplug late '. /job/setup.sh; online_node 2 && online_node 3'",
             is_alone=True, old_is_wrong="looks at the machine once"),
        Case("hotplug-repair", "hotplug",
             "online_node 3 && hotplug repair '. /job/setup.sh; online_node 2'",
             is_alone=True, old_is_wrong="keeps the mask that the kernel remapped"),
        *_four_places("soft-reserved"),
        _place("cxl", "cxl-cpu0", "-q -c 0 -o 2 -p bind:2 DAX_KMEM", kernels=("6.1",), limit=120),
        _place("cxl", "cxl-cpu1", "-q -c 1 -o 2 -p preferred:2 DAX_KMEM_PREFERRED",
               kernels=("6.1",), limit=120),
        # Equal distances: the sockets that the devices are plugged into decide.
        _place("cxl-two", "cxl-two-cpu0", "-q -c 0 -o 2 -p bind:2 DAX_KMEM", kernels=("6.1",),
               limit=120, old_is_wrong="knows nothing but distances"),
        _place("cxl-two", "cxl-two-cpu1", "-q -c 1 -o 3 -p preferred:3 DAX_KMEM_PREFERRED",
               kernels=("6.1",), limit=120, old_is_wrong="knows nothing but distances"),
        Case("kind-on-dax-file", "fsdax", "daxfile /mnt 96 /tmp", old_is_wrong="no MAP_SYNC"),
        Case("hbm-is-not-far", "hbm", f"avail -m {_all_far(-1)} DEFAULT=0 REGULAR=0"),
        _place("hbm", "hbm-regular", "-c 0 -o 0 -p bind:0-1 REGULAR"),
    ]


def _compat(topology: str, name: str = "", before: str = "true", after: str = "true",
            groups: str = _MACHINE_GROUPS) -> Case:
    """What libmemkind 1.14 and this library answer on a machine."""
    name = name or topology
    return Case(
        f"compat-{name}", topology,
        f"{before} || exit\n"
        f"LD_LIBRARY_PATH=/job/debian compat /job/debian/libmemkind.so.0 {groups} 2>/dev/null "
        f"|| exit\necho '{checks.NEXT_LIBRARY}'\n"
        f"compat /job/library/libmemkind.so.0 {groups} 2>/dev/null || exit\n{after}",
        checks.same_answers(f"guest-{name}"), kernels=("6.12",), limit=120, needs_old=True,
        old_is_wrong="it is what this library is compared with")


def _compats() -> list[Case]:
    return [
        _compat("four-node", groups=f"{_MACHINE_GROUPS} {_OTHER_GROUPS}"),
        _compat("tie-everywhere"),
        _compat("tie-on-one-socket"),
        _compat("hbm"),
        _compat("hbm", "huge-pages", before="huge_pages 10", after="huge_pages 0"),
    ]


# LLVM's runtime is the machine's own; GCC's comes with the C library of Debian 13.
_OPENMP = ("openmp-llvm", "/job/trixie/ld-linux-x86-64.so.2 --library-path "
           "/job/trixie:/job/library /job/bin/openmp-gcc")


def _openmp(topology: str, name: str, rows: tuple[tuple[int, str, str, str], ...],
            **more) -> Case:
    """What the OpenMP runtimes hand out. Rows: CPU, allocator, kind, nodes."""
    lines = [f"taskset {1 << cpu} {runtime} {allocator} {kind} {nodes} || failed=1"
             for cpu, allocator, kind, nodes in rows
             for runtime in _OPENMP]
    # LLVM's runtime wants a place for shared memory.
    return Case(f"openmp-{name}", topology,
                "\n".join(["mkdir -p /dev/shm", "failed=0", *lines, "exit $failed"]),
                needs_openmp=True, **more)


def _openmps() -> list[Case]:
    return [
        _openmp("four-node", "large-capacity", (
            (0, "large_cap", "DAX_KMEM_ALL", "2"), (1, "large_cap", "DAX_KMEM_ALL", "3"),
            (1, "large_cap:interleaved", "DAX_KMEM_ALL", "3"))),
        _openmp("hbm", "high-bandwidth", (
            (0, "high_bw", "HBW_PREFERRED", "2"), (1, "high_bw", "HBW_PREFERRED", "3"),
            (0, "high_bw:interleaved", "HBW_INTERLEAVE", "2,3")),
                old_is_wrong="interleaves over the nodes of one socket"),
    ]


def _high_bandwidth() -> list[Case]:
    per_socket = "takes the nodes of the CPU's own socket for all"
    cases = []
    for cpu, near in ((0, 2), (1, 3)):
        for kind, arguments, wrong in (
                ("HBW", f"-o {near} -p bind:{near}", ""),
                ("HBW_ALL", f"-o {near} -p bind:2-3", per_socket),  # P16
                ("HBW_PREFERRED", f"-o {near} -p preferred:{near}", ""),
                ("HBW_INTERLEAVE", "-s -o 2-3 -p interleave:2-3", per_socket),
                ("HIGHEST_BANDWIDTH_LOCAL", f"-o {near} -p bind:{near}", ""),
                ("HIGHEST_BANDWIDTH_LOCAL_PREFERRED", f"-o {near} -p preferred:{near}", ""),
                ("LOWEST_LATENCY_LOCAL", f"-o {cpu} -p bind:{cpu}", ""),
                ("LOWEST_LATENCY_LOCAL_PREFERRED", f"-o {cpu} -p preferred:{cpu}", ""),
                ("HIGHEST_CAPACITY_LOCAL", f"-o {cpu} -p bind:{cpu}", "")):
            cases.append(_place("hbm", f"{slug(kind)}-cpu{cpu}", f"-c {cpu} {arguments} {kind}",
                                old_is_wrong=wrong))
    return [
        *cases,
        Case("hbw-list-and-threshold", "hbm",
             "MEMKIND_HBW_NODES=2 place -c 1 -o 2 -p bind:2 HBW &&\n"
             "MEMKIND_HBW_THRESHOLD=205001 avail HBW=-20 HBW_ALL=-20 HBW_HUGETLB=-20 &&\n"
             "MEMKIND_HBW_THRESHOLD=bad avail HBW=-12 HBW_PREFERRED=-12 REGULAR=0 &&\n"
             "MEMKIND_HBW_NODES=4 avail HBW=-12 HBW_INTERLEAVE=-12 REGULAR=0"),
        # P16: the nodes of all sockets count.
        *(Case(f"hbw-verify-cpu{cpu}", "hbm", f"verify -c {cpu} 0=-1 1=-1 2=0 3=0",
               old_is_wrong=per_socket) for cpu in (0, 1)),
        # B2: there is no memory of high bandwidth, and none is made up.
        Case("hbw-verify-absent", "four-node", "verify -c 0 0=-1 1=-1 2=-1 3=-1 &&\n"
             "MEMKIND_HBW_NODES=1,2 verify -c 0 0=-1 1=0 2=0 3=-1",
             old_is_wrong="compares with what lies on the stack"),
        # P15: one socket has fast memory; both use it.
        Case("hbw-one-socket", "hbm", "in_cpuset 0-2 0-1 place -c 1 -o 2 -p bind+static:2 HBW",
             old_is_wrong="a socket without fast memory makes the kind unavailable on all"),
        Case("highest-capacity", "two-large",
             "place -c 0 -o 2 -p bind:2-3 HIGHEST_CAPACITY &&\n"
             "place -c 1 -o 3 -p bind:2-3 HIGHEST_CAPACITY &&\n"
             "place -c 1 -o 3 -p preferred:3 HIGHEST_CAPACITY_PREFERRED &&\n"
             "place -c 1 -o 3 -p bind:3 HIGHEST_CAPACITY_LOCAL",
             old_is_wrong="one node wins by a few MiB on all sockets"),  # P14
    ]


def _huge_pages() -> list[Case]:
    def pool(node: int, count: int) -> str:
        return (f"echo {count} > /sys/devices/system/node/node{node}"
                "/hugepages/hugepages-2048kB/nr_hugepages")
    return [
        Case("hugetlb-none", "hbm", "avail -m HUGETLB=-18 HBW_HUGETLB=-18 HBW_ALL_HUGETLB=-18",
             old_is_wrong="has a capacity of 0"),
        # The pool of the machine has pages when that of the node has none: no SIGBUS.
        Case("hugetlb-node-used-up", "hbm",
             f"{pool(0, 10)}; {pool(2, 8)}\nfill -c 0 -l 100 HBW_HUGETLB || exit 1",
             checks.fill_order(((2, 14),), ("null",)), is_alone=True,
             old_is_wrong="a page that the node does not have is SIGBUS"),
        Case("hugetlb-places", "hbm",
             f"{pool(0, 12)}; {pool(2, 12)}\n"
             "place -q -c 0 -o 0 -p default HUGETLB && "
             "place -q -c 0 -o 2 -p bind:2 HBW_HUGETLB &&\n"
             "place -q -c 1 -o 2 -p bind:2 HBW_HUGETLB && "
             "place -q -c 1 -o 2 -p preferred:2 HBW_PREFERRED_HUGETLB &&\n"
             "place -q -c 0 -o 2 -p bind:2 HBW_ALL_HUGETLB && avail HUGETLB=0:48",
             is_alone=True, old_is_wrong="looks for pages on the CPU's own node only"),
    ]


_SHOW_ALL = "memkind nodes --json | grep -v '\"free\"'"


def _tools() -> list[Case]:
    """Commands that look at the machine, and one that changes it."""
    more = {"needs_tool": True, "old_is_wrong": "has no such tool"}
    apply = "memkind setup --apply"
    has_nodes = 'numactl -H | grep -q "^available: {} nodes"'
    return [
        Case("capture", "four-node",
             "memkind capture /tmp/captured && "
             f"{_SHOW_ALL} >/tmp/live && {_SHOW_ALL.replace('json', 'json --sysroot /tmp/captured')} "
             ">/tmp/saved && cmp /tmp/live /tmp/saved &&\n"
             "memkind kinds | cut -c-60 >/tmp/live && "
             "memkind kinds --sysroot /tmp/captured | cut -c-60 >/tmp/saved && "
             "cmp /tmp/live /tmp/saved", **more),
        # Three modules: one has a file system, which is mounted at first; two are bare.
        Case("setup-apply", "bare-nvdimms",
             "say_error mkfs.ext4 -q -b 4096 /dev/pmem1 && mkdir /mnt && mount /dev/pmem1 /mnt &&\n"
             "echo kept >/mnt/file || exit 2\n"
             "memkind setup | grep -q 'namespace1.0: 256.0 MiB, raw mode, mounted: left' || exit 3\n"
             f"echo no | {apply} && exit 4\n{apply} </dev/null && exit 5\n"
             f"{has_nodes.format(2)} || exit 6\n"
             f"echo yes | {apply} && {has_nodes.format(4)} || exit 7\n"
             "umount /mnt\n"
             f"printf 'yes\\nnamespace0.0\\n' | {apply} && {has_nodes.format(4)} || exit 8\n"
             "mount /dev/pmem1 /mnt && [ $(cat /mnt/file) = kept ] && umount /mnt || exit 9\n"
             "memkind setup\n"
             f"printf 'yes\\nnamespace1.0\\n' | {apply} && {has_nodes.format(5)} || exit 10\n"
             "memkind setup | grep -q '^There is nothing to do' && "
             "place -c 0 -o 2 -p bind:2 DAX_KMEM",
             checks.contains("namespace1.0: this DESTROYS an ext4 (or ext2, ext3) file system."),
             is_alone=True, limit=120, **more),
        Case("setup-programs", "bare-nvdimms",
             "PATH=/job/bin memkind setup &&\nmkdir /tmp/old && cd /tmp/old &&\n"
             "printf '#!/bin/sh\\necho 64\\n' >daxctl && chmod +x daxctl && "
             "PATH=/tmp/old:$PATH memkind setup && echo yes | PATH=/tmp/old:$PATH "
             f"{apply}; [ $? = 1 ] && {has_nodes.format(2)}",
             checks.contains_all("ndctl is not installed: install the package ndctl",
                                 "daxctl is not installed: install the package daxctl",
                                 "this daxctl is too old to have reconfigure-device: "
                                 "66 or newer is needed",
                                 "this machine can't run the commands"), **more),
        Case("setup-cxl", "bare-cxl",
             f"printf 'yes\\nmem0\\n' | {apply} && echo yes | {apply} && "
             f"{has_nodes.format(3)} && memkind setup",
             checks.contains("dax0.0: 254.0 MiB, memory of node 2 already"), kernels=("6.1",),
             is_alone=True, limit=120, **more),
        Case("setup-in-use", "no-kmem",
             "sleep 60 </dev/dax0.0 &\nmemkind setup; kill $!",
             checks.contains_all("dax0.0: 382.0 MiB, devdax mode, open in a program: left",
                                 "dax1.0: 254.0 MiB, devdax mode, blank"), **more),
        Case("setup-offline", "memory-offline", "memkind setup",
             checks.contains("bound to kmem, but offline\n        daxctl online-memory dax0.0"),
             **more),
    ]


_REDIS_KEYS = 40000  # of 1000 bytes each
_REDIS_PAGES = _REDIS_KEYS * 1000 // 4096


def _redis(name: str, options: str, check: checks.Check) -> Case:
    """A server that nobody changed, before and after it is filled."""
    ask = "redis-cli -s /tmp/redis"
    return Case(
        f"redis-{name}", "four-node",
        f"taskset 1 memkind run {options} -- redis-server --port 0 --unixsocket /tmp/redis "
        "--save '' --enable-debug-command yes >/tmp/redis.log &\npid=$!\n"
        f"wait_until {ask} ping >/dev/null || {{ cat /tmp/redis.log; exit 1; }}\n"
        f"echo '{numa_maps.EMPTY}'; cat /proc/$pid/numa_maps\n"
        f"{ask} debug populate {_REDIS_KEYS} key 1000\n"
        f"echo '{numa_maps.FILLED}'; cat /proc/$pid/numa_maps\n"
        f"{ask} shutdown nosave\nwait $pid", check, limit=120, needs_tool=True,
        needs_redis=True)


def _looked_at() -> list[Case]:
    """What the tool sees of a process that holds memory, and of memory itself."""
    return [
        Case("top", "four-node", "hold -c 0 DAX_KMEM 60 'memkind top --once --json'",
             checks.top_shows("hold", ("dax_kmem", "bind:2"), 2, 60), needs_tool=True,
             old_is_wrong="has no such tool"),
        Case("top-in-a-terminal", "four-node",
             "mkdir -p /dev/pts && mount -t devpts none /dev/pts || exit 1\n"
             "export TERM=vt100\n"
             "hold -c 0 DAX_KMEM 60 \"terminal '2    60.0 MiB' q 'memkind top'\"",
             needs_tool=True, old_is_wrong="has no such tool"),
        Case("bench", "four-node",
             "memkind bench --seconds 4 --json 2>/tmp/errors || { cat /tmp/errors; exit 1; }",
             checks.bench_measured({(cpu, node) for cpu in (0, 1) for node in range(4)},
                                   {(0, "dax_kmem"): [2], (1, "dax_kmem"): [3],
                                    (0, "dax_kmem_interleave"): [2, 3]}),
             limit=240, needs_tool=True, old_is_wrong="has no such tool"),
    ]


def _servers() -> list[Case]:
    return [
        _redis("far", "--kind dax_kmem_preferred",
               numa_maps.heap_on(2, "prefer:2", _REDIS_PAGES)),
        _redis("tiers", "--tiers 'KIND:DRAM,RATIO:1;KIND:KMEM_DAX,RATIO:4;POLICY:STATIC_RATIO'",
               numa_maps.shares(0, 2, 4, _REDIS_PAGES)),
    ]


def _tutorial() -> list[Case]:
    """The documentation's way from new modules to programs that use them."""
    more = {"is_alone": True, "limit": 180, "needs_tool": True, "needs_redis": True,
            "old_is_wrong": "has no such tool"}
    modules = ("Persistent memory", "What the library sees", "A program",
               "A program that nobody changes", "Back to bare memory")
    return [
        Case("tutorial", "bare", tutorial.job(*modules), tutorial.check(*modules), **more),
        Case("tutorial-cxl", "bare-cxl", tutorial.job("CXL memory", "A program"),
             tutorial.check("CXL memory"), kernels=("6.1",), **more),
    ]


def _pythons() -> list[Case]:
    # Python's files take room on the nodes of DRAM, which cases that fill them count on.
    return [Case("numpy", "four-node",
                 "export PYTHONPATH=/job/python\n"
                 "taskset 1 python3 -B /job/arrays.py DAX_KMEM 2 &&\n"
                 "taskset 2 python3 -B /job/arrays.py DAX_KMEM_PREFERRED 3",
                 limit=120, is_alone=True, needs_python=True)]


def table() -> list[Case]:
    return [*_placement(), *_surroundings(), *_node_lists(), *_residents(),
            *_unchanged_programs(), *_migration(), *fills.fills(), *fills.exhaustion(),
            *described.described(), *weights.ratios(), *moves.moves(), *_ties(),
            *_machines(), *storms.storms(), *_high_bandwidth(), *_huge_pages(), *_compats(),
            *_openmps(), *_tools(), *_servers(), *_looked_at(), *_pythons(), *_tutorial()]
