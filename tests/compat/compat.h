/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the differential program shares: the functions of one library, found by name, and the lines
 * that it prints, "group/key = value", which compare.py holds against those of another library.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct memkind *memkind_t;
struct memkind_config;
struct memtier_builder;
struct memtier_memory;
typedef unsigned memtier_policy_t;
typedef unsigned memkind_memtype_t;
typedef unsigned memkind_policy_t;
typedef unsigned memkind_bits_t;
typedef unsigned memkind_mem_usage_policy;
typedef unsigned memkind_stat_type;
typedef unsigned memkind_stat_print_opt;
typedef unsigned hbw_policy_t;
typedef unsigned hbw_pagesize_t;

#define HANDLE(name)
#define FUNCTION(result, name, parameters)
#define LATER(result, name, parameters)
#define HIDDEN(result, name, parameters)
#define TYPE(name, bytes)
#define CONSTANT(name, value) name = (value),
enum {
#include "public.def"
};
#undef FUNCTION
#undef LATER
#undef HIDDEN
#undef CONSTANT

/* The functions; NULL: the library has none of this name. */
#define FUNCTION(result, name, parameters) result(*name) parameters;
#define LATER				   FUNCTION
#define HIDDEN				   FUNCTION
#define CONSTANT(name, value)
extern struct api {
#include "public.def"
} api;
#undef HANDLE
#undef FUNCTION
#undef LATER
#undef HIDDEN
#undef TYPE
#undef CONSTANT

/* The static kinds in the order of public.def; KIND is NULL where the library has no such handle. */
struct handle {
	const char *name;
	memkind_t kind;
};
extern struct handle handles[];
extern const size_t handle_count;

/* The kind of a handle: "REGULAR"; NULL where the library has none. */
memkind_t kind_of(const char *name);

/* "REGULAR", "none" for NULL, "another" for what is no static kind. */
const char *name_of(memkind_t kind);

/*
 * Prints "PREFIX/KEY = VALUE", where the prefix is that of the attempts that this runs in. ERRNO is
 * ERRNO_BEFORE at the start of an attempt and after every line, so that the next can tell.
 */
#define ERRNO_BEFORE 5
__attribute__((format(printf, 2, 3))) void say(const char *key, const char *format, ...);

/* Says whether there is a block, and errno. */
void say_block(const char *key, const void *block);

/*
 * Runs a function in a child of its own, with NAME added to the prefix of its lines. Where it ends
 * by a signal there is a line "NAME/end = signal N".
 */
void attempt(const char *name, void (*run)(const void *argument), const void *argument);

/* As attempt(), with one environment variable set: "NAME=VALUE". */
void attempt_with(const char *setting, void (*run)(const void *argument), const void *argument);

/* The same in a process that loads the library anew: GROUP is a name in the table of groups. */
void attempt_anew(const char *setting, const char *group);

/* Prints "NAME = absent" and returns true where the library lacks a function. */
#define is_absent(name) say_absent(#name, (void (*)(void))api.name)
bool say_absent(const char *name, void (*function)(void));

/* The groups of cases, each of them run by attempt(). */
void run_about(const void *unused);
void run_kinds(const void *unused);
void run_masks(const void *unused);
void run_places(const void *cpu);
void run_lists(const void *unused);
void run_heap(const void *unused);
void run_null_kind(const void *unused);
void run_threads(const void *unused);
void run_create_kind(const void *unused);
void run_pmem(const void *unused);
void run_fixed(const void *unused);
void run_many_kinds(const void *unused);
void run_stats(const void *unused);
void run_background(const void *unused);
void run_load(const void *unused);
void run_hbw(const void *unused);
void run_memtier(const void *unused);
void run_hbw_policies(const void *unused);

#endif
