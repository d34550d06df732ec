/* SPDX-License-Identifier: BSD-2-Clause */
/* The mark of what the library exports; src/libmemkind.map lists the same names. */
#ifndef MK_API_EXPORT_H
#define MK_API_EXPORT_H

#define MK_EXPORT __attribute__((visibility("default")))

#endif
