/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that may only run on socket 1, where one far node is closest, and a thread of it that
 * goes to socket 0 later, where two are: PREFERRED works, gives that thread NULL and ENOMEM there,
 * and works again when it comes back. Start it with "taskset 2". Exits with 0 if so, with 1 if not.
 */
#include "probe.h"

#include <errno.h>
#include <stdio.h>

static bool is_given(void)
{
	void *block = memkind_malloc(MEMKIND_DAX_KMEM_PREFERRED, 1000);

	memkind_free(MEMKIND_DAX_KMEM_PREFERRED, block);
	return block != NULL;
}

int main(void)
{
	int failures = 0;

	if (!is_given() || memkind_check_available(MEMKIND_DAX_KMEM_PREFERRED) != 0) {
		puts("# not available on the socket without a tie");
		failures++;
	}
	probe_pin(0);
	errno = 0;
	if (is_given() || errno != ENOMEM) {
		puts("# on the tied socket it is not NULL with ENOMEM");
		failures++;
	}
	probe_pin(1);
	if (!is_given()) {
		puts("# back on the other socket there is nothing");
		failures++;
	}
	return failures == 0 ? 0 : 1;
}
