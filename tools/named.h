/* SPDX-License-Identifier: BSD-2-Clause */
/* A kind that the user names, for tools that use it. */
#ifndef TOOLS_NAMED_H
#define TOOLS_NAMED_H

#include <memkind.h>

/* The kind of a name, or a new one of a description; NULL: after a line that says what is wrong with OPTION. */
memkind_t mk_named_find(const char *option, const char *text);

#endif
