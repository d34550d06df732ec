/* SPDX-License-Identifier: BSD-2-Clause */
/* The library about itself: its version and what its error codes mean. */
#include <errno.h>
#include <memkind_ng.h>
#include <stdio.h>

#include "api/export.h"
#include "base/bits.h"

static const struct {
	int code;
	const char *text;
} messages[] = {
	{MEMKIND_ERROR_UNAVAILABLE, "this kind of memory is not available"},
	{MEMKIND_ERROR_MBIND, "memory could not be bound to its nodes"},
	{MEMKIND_ERROR_MMAP, "memory could not be mapped"},
	{MEMKIND_ERROR_MALLOC, "no memory for the heap manager's own use"},
	{MEMKIND_ERROR_ENVIRON, "an environment variable has a value that is not allowed"},
	{MEMKIND_ERROR_INVALID, "an argument is not allowed"},
	{MEMKIND_ERROR_TOOMANY, "there are as many kinds as there can be"},
	{MEMKIND_ERROR_BADOPS, "the kind lacks an operation that it needs"},
	{MEMKIND_ERROR_HUGETLB, "no huge pages are available"},
	{MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE, "the machine has no memory of the type asked for"},
	{MEMKIND_ERROR_OPERATION_FAILED, "the operation failed or is not supported"},
	{MEMKIND_ERROR_ARENAS_CREATE, "a heap could not be made"},
	{MEMKIND_NG_ERROR_NOT_ITS_PAGES,
	 "the block has no pages of its own to move: memkind_realloc() copies it"},
	{MEMKIND_NG_ERROR_NO_ROOM, "the kind has no room for the block, which is as before"},
	{MEMKIND_NG_ERROR_UNMOVABLE,
	 "the kernel can't move the block's pages (a fork child? a lock?); it is as before"},
	{MEMKIND_NG_ERROR_PARTLY_MOVED,
	 "the block moved in part: memkind_ng_where() tells how much is where"},
	{MEMKIND_ERROR_RUNTIME, "an unspecified error at run time"},
	{EINVAL, "an argument is not allowed (EINVAL)"},
	{ENOMEM, "out of memory (ENOMEM)"},
};

MK_EXPORT int memkind_get_version(void)
{
	return MEMKIND_VERSION_MAJOR * 1000000 + MEMKIND_VERSION_MINOR * 1000 +
	       MEMKIND_VERSION_PATCH;
}

MK_EXPORT void memkind_error_message(int err, char *msg, size_t size)
{
	if (msg == NULL || size == 0)
		return;
	for (size_t i = 0; i < MK_ARRAY_SIZE(messages); i++) {
		if (messages[i].code == err) {
			snprintf(msg, size, "<memkind> %s", messages[i].text);
			return;
		}
	}
	snprintf(msg, size, "<memkind> Undefined error number: %d", err);
}
