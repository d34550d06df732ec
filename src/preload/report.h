/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report that a process leaves at its end: where the memory of each kind lies.
 *
 * With MEMKIND_PRELOAD_STATS=PATH each process that was started with the variable, or is a fork child
 * of such a one, appends a line to PATH for each kind and node on which it has pages then:
 *
 *	PID COMM KIND NODE BYTES
 *
 * COMM is the process's name, with '_' for what is no printable character; KIND a static kind's name
 * without memkind_, or as mk_kind_add() was told; NODE '?' where the kernel does not tell nodes
 * (move_pages(2) is denied). All lines of a process are one write(2). A
 * fork child has the pages that it shares with its parent, too. It is written when the process
 * returns from main(), or calls exit(), _exit() or _Exit(); not where a signal ends it, or exec, or
 * where _exit() is called by a signal handler that has interrupted an allocation.
 */
#ifndef MK_PRELOAD_REPORT_H
#define MK_PRELOAD_REPORT_H

#endif
