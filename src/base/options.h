/* SPDX-License-Identifier: BSD-2-Clause */
/* THE table of environment variables: one row each, read once, ignored in set-uid programs. */
#ifndef MK_BASE_OPTIONS_H
#define MK_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * X(id, variable, values)
 * `values` says what is allowed, for the man page and for the line that refuses a bad value. NULL:
 * anything, and it has no effect; the variable is one of the old library's, for parts that this one
 * does not have.
 */
#define MK_OPTIONS(X)                                                                              \
	X(AUTO_HBW_DEBUG, "AUTO_HBW_DEBUG", NULL)                                                  \
	X(AUTO_HBW_LOG, "AUTO_HBW_LOG",                                                            \
	  "a number: -1 is silence, 0 and 1 are warnings, 2 is a line for each call")              \
	X(AUTO_HBW_MEM_TYPE, "AUTO_HBW_MEM_TYPE",                                                  \
	  "a kind, such as memkind_hbw_preferred, or a description, such as nodes=2;limit=1G")     \
	X(AUTO_HBW_SIZE, "AUTO_HBW_SIZE", "bytes from and to, such as 64K:1M or 64K")              \
	X(ARENA_NUM_PER_KIND, "MEMKIND_ARENA_NUM_PER_KIND", NULL)                                  \
	X(BACKGROUND_THREAD_LIMIT, "MEMKIND_BACKGROUND_THREAD_LIMIT",                              \
	  "a number of threads up to 4294967295; 0: no limit")                                     \
	X(CHECK, "MEMKIND_CHECK", "1: every misuse is found at the call; else: off")               \
	X(DAX_KMEM_NODES, "MEMKIND_DAX_KMEM_NODES", "a list of nodes, such as 2,3 or 2-3")         \
	X(DAX_KMEM_TIES, "MEMKIND_DAX_KMEM_TIES", "refuse or all")                                 \
	X(DEBUG, "MEMKIND_DEBUG",                                                                  \
	  "1: log to standard error; else: silent, but for a line that says so")                   \
	X(EXHAUSTION, "MEMKIND_EXHAUSTION", "swap or null")                                        \
	X(HBW_NODES, "MEMKIND_HBW_NODES", "a list of nodes, such as 2,3 or 2-3")                   \
	X(HBW_THRESHOLD, "MEMKIND_HBW_THRESHOLD", "a bandwidth in MB/s up to 4294967295")          \
	X(HEAP_MANAGER, "MEMKIND_HEAP_MANAGER", NULL)                                              \
	X(HOG_MEMORY, "MEMKIND_HOG_MEMORY",                                                        \
	  "a text that begins with 1: freed memory is kept; else: given back")                     \
	X(JEMK_MALLOC_CONF, "JEMK_MALLOC_CONF", NULL)                                              \
	X(MEM_THRESHOLDS, "MEMKIND_MEM_THRESHOLDS",                                                \
	  "bounds of sizes, such as INIT_VAL:64,MIN_VAL:1,MAX_VAL:10K")                            \
	X(MEM_TIERING_LOG_LEVEL, "MEMKIND_MEM_TIERING_LOG_LEVEL",                                  \
	  "0: errors, 1: also information, 2: also details")                                       \
	X(MEM_TIERS, "MEMKIND_MEM_TIERS",                                                          \
	  "tiers and a policy, such as "                                                           \
	  "KIND:DRAM,RATIO:1;KIND:KMEM_DAX,RATIO:4;POLICY:STATIC_RATIO")                           \
	X(NODE_BANDWIDTHS, "MEMKIND_NODE_BANDWIDTHS",                                              \
	  "bandwidths of nodes in MB/s up to 4294967295, such as 0:100000,2:25000")                \
	X(PRELOAD_KIND, "MEMKIND_PRELOAD_KIND",                                                    \
	  "a kind, such as dax_kmem, or a description, such as nodes=2;limit=1G")                  \
	X(PRELOAD_OBJECTS, "MEMKIND_PRELOAD_OBJECTS",                                              \
	  "a list of files, such as libfoo.so.1:program")                                          \
	X(PRELOAD_SIZE, "MEMKIND_PRELOAD_SIZE", "a range of bytes, such as 64K:1M, 64K: or :1M")   \
	X(PRELOAD_STATS, "MEMKIND_PRELOAD_STATS", "the path of a file, which is appended to")

enum mk_option {
	MK_OPTION_NONE, /* of rows of other tables that have none */
#define MK_OPTION_ID(id, variable, values) MK_OPTION_##id,
	MK_OPTIONS(MK_OPTION_ID)
#undef MK_OPTION_ID
		MK_OPTION_COUNT
};

/* False: libc has no environment, or none yet, and all options are as if they were not set. */
bool mk_options_are_there(void);

/* The text of the variable as it was at the first question about it; NULL: not set. */
const char *mk_option_text(enum mk_option option);

/* Name of the environment variable, and what it may hold. */
const char *mk_option_name(enum mk_option option);
const char *mk_option_values(enum mk_option option);

/* Logs that its text is refused, and what is allowed. */
void mk_option_log_refusal(enum mk_option option);

/* True where the variable is exactly "1". */
bool mk_option_is_on(enum mk_option option);

/* True where the variable begins with this character. */
bool mk_option_begins(enum mk_option option, char character);

/*
 * A number up to UINT32_MAX; white space may stand before it, and no text is 0: 0, or -EINVAL.
 * *ret_number is untouched on failure and where the variable is not set.
 */
int mk_option_number(enum mk_option option, uint64_t *ret_number);

/*
 * To be called at the library's first use, and harmless later: says what is wrong with MEMKIND_DEBUG
 * and which variables have no effect, and dies with one line where MEMKIND_BACKGROUND_THREAD_LIMIT
 * has a bad value, which is the one that ends a process.
 */
void mk_options_check(void);

static inline bool mk_option_debug(void)
{
	return mk_option_is_on(MK_OPTION_DEBUG);
}

#endif
