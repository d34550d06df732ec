/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines on standard error: only where MEMKIND_DEBUG is set, or when the process has to die. */
#ifndef MK_BASE_LOG_H
#define MK_BASE_LOG_H

/*
 * Each writes one line of at most 255 bytes with a single write(2), allocates nothing and keeps
 * errno; control characters in it become '?'. The prefixes are the old library's: tests and users
 * look for them.
 */
void mk_log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mk_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Control characters become '?': no value of a variable starts a line of its own. */
void mk_log_make_plain(char *text);

/* A text as it is, to standard error, whatever MEMKIND_DEBUG says; CONTEXT is not used. */
void mk_log_write(void *context, const char *text);

/* Whatever MEMKIND_DEBUG says: for a bad value of this very variable. */
void mk_log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Heap corruption: writes the line whatever MEMKIND_DEBUG says, then abort(). */
void mk_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn, cold));

#endif
