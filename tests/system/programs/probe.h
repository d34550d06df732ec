/* SPDX-License-Identifier: BSD-2-Clause */
/* What the test programs share: kinds by name, where pages are, what policy they have, and what is free. */
#ifndef PROBE_H
#define PROBE_H

#include <memkind.h>
#include <stdbool.h>
#include <stddef.h>

#define PROBE_NODES	64 /* node ids of the machines under test are below */
#define PROBE_PAGE_SIZE 4096UL

/* Pages by node; those that are nowhere (swapped out, never touched) are counted apart. */
struct probe_count {
	size_t on_node[PROBE_NODES];
	size_t elsewhere;
};

/* Writes one line to stderr, perror-like if errno is set, and exits with 2: the test is broken. */
__attribute__((noreturn, format(printf, 1, 2))) void probe_die(const char *format, ...);

/* "DAX_KMEM" -> MEMKIND_DAX_KMEM; dies of an unknown name. */
memkind_t probe_kind(const char *name);

/* Runs the calling thread on this CPU only. */
void probe_pin(int cpu);

/* "0-1,3" -> mask. */
unsigned long probe_parse_nodes(const char *text);

/* Adds the pages that hold SIZE bytes from START on. */
void probe_locate(const void *start, size_t size, struct probe_count *count);

/* The node of each of up to PROBE_PAGES_AT_ONCE pages; below 0: it is on none. */
#define PROBE_PAGES_AT_ONCE 512
void probe_nodes_of(void **pages, size_t page_count, int *ret_nodes);

/* Adds so many pages by themselves. */
void probe_locate_pages(void **pages, size_t page_count, struct probe_count *count);

/* Pages that are not on one of the nodes of MASK. */
size_t probe_outside(const struct probe_count *count, unsigned long mask);

/* The policy at an address as text, such as "bind:2-3", "bind+static:3", "default". */
#define PROBE_POLICY_SIZE 128
void probe_policy(const void *address, char text[PROBE_POLICY_SIZE]);

/* The sum of the numbers behind KEY, where lines of a file begin with it; 0: none. */
long probe_number_of(const char *path, const char *key);

/* Bytes that a node has free. */
size_t probe_free_size(unsigned node);

/* Milliseconds of a clock that only goes forward. */
long probe_ms(void);

#endif
