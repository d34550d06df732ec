/* SPDX-License-Identifier: BSD-2-Clause */
/* What memkind-ng offers beyond the old library. */
#ifndef MEMKIND_NG_H
#define MEMKIND_NG_H

#include <memkind.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Looks at the machine again, for nodes that came, went, or changed: all kinds adapt. Blocks stay
 * where they are; a node list in the environment is not read again. Returns 0. Since 1.15.0.
 */
int memkind_ng_rescan(void);

/*
 * Why memkind_check_available(KIND) is not 0: a phrase in English, for people, valid until the
 * process ends. NULL: it is 0. Since 1.15.0.
 */
const char *memkind_ng_unavailable_reason(memkind_t kind);

#ifdef __cplusplus
}
#endif

#endif
