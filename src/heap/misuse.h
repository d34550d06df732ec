/* SPDX-License-Identifier: BSD-2-Clause */
/* Misuse of blocks: each function writes its line and aborts the process. */
#ifndef MK_HEAP_MISUSE_H
#define MK_HEAP_MISUSE_H

/* The object is free already. */
void mk_misuse_double_free(const void *block) __attribute__((noreturn, cold));

/* The address lies inside a block, but not at its start. */
void mk_misuse_interior(const void *block) __attribute__((noreturn, cold));

/* The address belongs to no live block: tells one that was freed from one that was never ours. */
void mk_misuse_no_block(const void *block) __attribute__((noreturn, cold));

#endif
