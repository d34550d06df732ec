/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libautohbw.so, to be loaded before a program: LD_PRELOAD=libautohbw.so.0. What the program
 * allocates with malloc and its like is in memory of high bandwidth where its size is in the range
 * AUTO_HBW_SIZE. A program that is linked with -lautohbw may say when.
 */
#ifndef AUTOHBW_API_H
#define AUTOHBW_API_H

#ifdef __cplusplus
extern "C" {
#endif

/* From now on, in all threads; this is so at the start. */
void enableAutoHBW(void);

/* From now on every block is of MEMKIND_DEFAULT. Blocks stay where they are. */
void disableAutoHBW(void);

#ifdef __cplusplus
}
#endif

#endif
