/* SPDX-License-Identifier: BSD-2-Clause */
/* The process: which one it is, and its end. */
#ifndef MK_OS_PROCESS_H
#define MK_OS_PROCESS_H

#include <stddef.h>

int mk_process_id(void);

/* What /proc/self/comm says, of the process and not of the thread: at most SIZE bytes; else "?". */
void mk_process_name(char *ret_name, size_t size);

/* The path of the program's file, at most SIZE bytes with the terminating zero: 0 or -errno. */
int mk_process_path(char *ret_path, size_t size);

/* As libc's _exit(), whoever has that name in this process. */
void mk_process_end(int status) __attribute__((noreturn));

/* Has the process end with STATUS where it is still there after some seconds. The last call counts. */
void mk_process_end_within(unsigned seconds, int status);

#endif
