/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands between the library and the kernel (ld --wrap), and refuses calls on demand. */
#ifndef TESTS_FAULT_REFUSE_H
#define TESTS_FAULT_REFUSE_H

#include <stdbool.h>
#include <stdint.h>

enum refused_call {
	REFUSED_MMAP,
	REFUSED_MPROTECT,
	REFUSED_MADVISE,
	REFUSED_MUNMAP,
	REFUSED_MBIND,
	REFUSED_GET_MEMPOLICY,
	REFUSED_MOVE_PAGES,
	REFUSED_FALLOCATE,
	REFUSED_CALL_COUNT
};

extern const char *const refused_call_names[REFUSED_CALL_COUNT];

/* What is refused, and with which errno: COUNT calls (-1: all) after the first FIRST ones. */
struct refusal {
	enum refused_call call;
	int error;
	long first;
	long count;
};

/* Once in a process. refuse_stop() answers if anything was refused. */
void refuse_start(const struct refusal *refusal);
bool refuse_stop(void);

/* Moves the library's clock. */
void refuse_pass_time(uint64_t ms);

#endif
