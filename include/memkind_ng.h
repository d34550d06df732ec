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

/*
 * Gives each fork child from now on a copy of its own of all blocks of KIND, a kind on files, as it has
 * of other memory. It goes on with files of its own, in the same directory and with the same limit. A
 * fork takes as long as the copy does, and as much disk space as KIND has. Where there is none the child
 * can't use KIND, as after any other fork: see memkind_create_pmem(); memkind_check_available(KIND) in
 * the child tells. Returns 0, or MEMKIND_ERROR_INVALID: KIND is no kind on files. Since 1.15.0.
 */
int memkind_ng_copy_at_fork(memkind_t kind);

#ifdef __cplusplus
}
#endif

#endif
