/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects of the process, programs and shared libraries, that somebody has named. */
#ifndef MK_PRELOAD_OBJECTS_H
#define MK_PRELOAD_OBJECTS_H

#include <link.h>
#include <stdbool.h>

/*
 * The object that ADDRESS lies in; NULL: none. Never allocates, and takes no lock where libc has
 * _dl_find_object (2.35).
 */
const struct link_map *mk_object_of(const void *address);

/*
 * NAMES is a list separated by colons, which stays in use. Each is a soname, or the path by which an
 * object was loaded, or the last part of that path. False: one of them is empty. To be called once,
 * before another thread asks.
 */
bool mk_objects_name(const char *names);

/* Does ADDRESS lie in one of them? */
bool mk_objects_have(const void *address);

#endif
