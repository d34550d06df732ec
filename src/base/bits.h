/* SPDX-License-Identifier: BSD-2-Clause */
/* Integer helpers: rounding, logarithms, overflow-checked arithmetic. */
#ifndef MK_BASE_BITS_H
#define MK_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MK_KIB ((size_t)1 << 10)
#define MK_MIB ((size_t)1 << 20)
#define MK_GIB ((size_t)1 << 30)

#define MK_ARRAY_SIZE(array)   (sizeof(array) / sizeof((array)[0]))
#define MK_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define MK_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define MK_INLINE	       static inline __attribute__((always_inline))
#define MK_COLD		       __attribute__((cold, noinline))
/* No code: a value that is returned as it is, is computed in the register it is returned in. */
#define MK_KEEP_IN_REGISTER(value) __asm__("" : "+r"(value))
/* On the declaration of a variable: other files reach it without the GOT. */
#define MK_HIDDEN __attribute__((visibility("hidden")))

static inline bool mk_is_power_of_two(size_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

/* ALIGNMENT is a power of two; the caller knows that the sum does not wrap. */
static inline size_t mk_align_up(size_t value, size_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static inline size_t mk_align_down(size_t value, size_t alignment)
{
	return value & ~(alignment - 1);
}

/* Rounds down: mk_log2(5) is 2. VALUE is not 0. */
static inline unsigned mk_log2(size_t value)
{
	return 63u - (unsigned)__builtin_clzl(value);
}

static inline size_t mk_max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

static inline size_t mk_min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The largest number that divides both; 0 is divided by all. */
static inline size_t mk_common_divisor(size_t a, size_t b)
{
	while (b != 0) {
		size_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* False where a * b does not fit; *ret_product is untouched then. */
static inline bool mk_multiply(size_t a, size_t b, size_t *ret_product)
{
	size_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*ret_product = product;
	return true;
}

#endif
