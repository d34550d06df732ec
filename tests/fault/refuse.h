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
	REFUSED_FALLOCATE,
	REFUSED_PUNCH, /* from here on the rest */
	REFUSED_OPEN,
	REFUSED_OPENAT,
	REFUSED_READ,
	REFUSED_PREAD,
	REFUSED_GETDENTS,
	REFUSED_HOME_NODE,
	REFUSED_MOVE_PAGES,
	REFUSED_AFFINITY,
	REFUSED_PRCTL,
	REFUSED_FCNTL,
	REFUSED_FSTAT,
	REFUSED_MINCORE,
	REFUSED_CALL_COUNT
};

/* The name of a call, and an errno that it may well fail with. */
struct refused_call_row {
	const char *name;
	int error;
};

extern const struct refused_call_row refused_calls[REFUSED_CALL_COUNT];

/* What is refused, and with which errno: COUNT calls (-1: all) after the first FIRST ones. */
struct refusal {
	enum refused_call call;
	int error;
	long first;
	long count;
};

/* Once in a process. refuse_stop() answers how many calls were refused. */
void refuse_start(const struct refusal *refusal);
long refuse_stop(void);

/* Instead: any call, each with a likely errno; one of ONE_OF by chance. */
void refuse_start_at_random(uint32_t seed, unsigned one_of);

/* Moves the library's clock. */
void refuse_pass_time(uint64_t ms);

#endif
