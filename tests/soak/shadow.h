/* SPDX-License-Identifier: BSD-2-Clause */
/* What a heap should hold: a table of blocks with the pattern that each was filled with. */
#ifndef MK_TESTS_SOAK_SHADOW_H
#define MK_TESTS_SOAK_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

/* Prints the line and the seed to standard error and aborts, unless the condition holds. */
#define SHADOW_CHECK(condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			shadow_fail(__FILE__, __LINE__, #condition);                               \
	} while (0)

/* Never 0. One a thread, made from this one. */
extern uint32_t shadow_seed;

void shadow_fail(const char *file, int line, const char *condition) __attribute__((noreturn));

uint32_t shadow_random(uint32_t *seed);

/* One operation on a random block, by any thread. */
void shadow_operate(uint32_t *seed);

/* In a fork child, first: frees what may not be as it was in the moment of the fork. */
void shadow_begin_child(void);

/* Checks all blocks, but for those that another thread had its hands on when this process began. */
void shadow_check_all(void);

/* The same, and frees them. */
void shadow_empty(void);

#endif
