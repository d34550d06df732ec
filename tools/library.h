/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the libraries for LD_PRELOAD are. */
#ifndef TOOLS_LIBRARY_H
#define TOOLS_LIBRARY_H

#include <limits.h>
#include <stdbool.h>

/*
 * The path of the file NAME beside the libmemkind that this tool has loaded, installed or in the build
 * tree. False: there is none, or LD_PRELOAD would take the path for several; then the loader may find
 * it.
 */
bool mk_library_find(const char *name, char ret_path[static PATH_MAX]);

#endif
