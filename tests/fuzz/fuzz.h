/* SPDX-License-Identifier: BSD-2-Clause */
/* What a fuzzer is: one function that libFuzzer, or the replay of a corpus, calls with each input. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 0. What is wrong ends the process by SIGABRT. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MK_FUZZ_CHECK(condition)                                                                   \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
