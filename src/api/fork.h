/* SPDX-License-Identifier: BSD-2-Clause */
/* Forking while other threads allocate. */
#ifndef MK_API_FORK_H
#define MK_API_FORK_H

/*
 * Registers the fork handlers; a constructor. Whoever allocates has to refer to it, or a static
 * link would leave it out.
 */
void mk_fork_register(void);

#endif
