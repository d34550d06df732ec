/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places where perf, bpftrace and gdb can look on: static probes of the provider "memkind", a no-op
 * instruction and a note each. None is on a hot path. KIND is the name of the kind as a string, NODES a
 * mask of the nodes 0 to 63 that the heap is bound to (0: none).
 */
#ifndef MK_HEAP_PROBE_H
#define MK_HEAP_PROBE_H

#ifdef MK_USDT
#include <sys/sdt.h>
#else
#define DTRACE_PROBE3(provider, name, a, b, c)	     ((void)0)
#define DTRACE_PROBE5(provider, name, a, b, c, d, e) ((void)0)
#endif

/* heap number, kind, nodes, address, bytes */
#define MK_PROBE_OF_HEAP(name, heap, base, size)                                                   \
	DTRACE_PROBE5(memkind, name, (heap)->number, (heap)->backing->kind_name,                   \
		      (heap)->backing->node_mask, (base), (size))

#define MK_PROBE_RESERVE(heap, base, size) MK_PROBE_OF_HEAP(reserve, heap, base, size)
#define MK_PROBE_COMMIT(heap, base, size)  MK_PROBE_OF_HEAP(commit, heap, base, size)
#define MK_PROBE_PURGE(heap, base, size)   MK_PROBE_OF_HEAP(purge, heap, base, size)
#define MK_PROBE_RELEASE(heap, base, size) MK_PROBE_OF_HEAP(release, heap, base, size)

/* kind, bytes, alignment (0: any): a request got NULL. */
#define MK_PROBE_EXHAUSTED(kind_name, size, alignment)                                             \
	DTRACE_PROBE3(memkind, exhausted, (kind_name), (size), (alignment))

#endif
