/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of a machine, in the form that tests/topology/tree.py reads. */
#ifndef TOOLS_CAPTURE_H
#define TOOLS_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Leaves of a file what is to be saved of it: all, or parts of some lines. BYTES ends with a zero behind
 * *SIZE, before and after. False: nothing is.
 */
bool mk_capture_filter(const char *name, char *bytes, size_t *size);

void mk_capture_describe_file(FILE *text, const char *name, const char *bytes, size_t size);

/* The memory blocks of a node, one line for thousands of links. The numbers get sorted. */
void mk_capture_describe_blocks(FILE *text, const char *node, unsigned long *numbers, size_t count);

#endif
