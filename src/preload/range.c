/* SPDX-License-Identifier: BSD-2-Clause */
/* A range of sizes, as users write it. */
#include "preload/range.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"

static unsigned shift_of(char unit)
{
	static const char units[] = "kmg";
	const char *found = unit == '\0' ? NULL : strchr(units, tolower((unsigned char)unit));

	return found == NULL ? 0 : 10 * ((unsigned)(found - units) + 1);
}

bool mk_take_bytes(const char **text, size_t *ret_bytes)
{
	size_t bytes = 0;
	unsigned shift;

	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); (*text)++)
		if (!mk_multiply(bytes, 10, &bytes) ||
		    __builtin_add_overflow(bytes, (size_t)(**text - '0'), &bytes))
			bytes = SIZE_MAX;
	shift = shift_of(**text);
	*text += shift != 0;
	if (!mk_multiply(bytes, (size_t)1 << shift, &bytes))
		bytes = SIZE_MAX;
	*ret_bytes = bytes;
	return true;
}

bool mk_range_parse(const char *text, struct mk_range *ret_range)
{
	struct mk_range range = {.least = 0, .most = SIZE_MAX};

	if (strcmp(text, ":") == 0)
		return false;
	if (*text != ':' && !mk_take_bytes(&text, &range.least))
		return false;
	if (*text++ != ':')
		return false;
	if (*text != '\0' && !mk_take_bytes(&text, &range.most))
		return false;
	if (*text != '\0' || range.least > range.most)
		return false;
	*ret_range = range;
	return true;
}
