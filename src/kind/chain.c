/* SPDX-License-Identifier: BSD-2-Clause */
/* From the text of a kind to its descriptions. */
#include "kind/chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "kind/kind.h"

enum { WORD_LIMIT = 64 };

static int refuse(struct mk_spec_refusal *refusal, const char *word, const char *allowed)
{
	*refusal = (struct mk_spec_refusal){{word, strlen(word)}, allowed};
	return -EINVAL;
}

int mk_chain_parse(const char *text, struct mk_chain *ret_chain,
		   struct mk_spec_refusal *ret_refusal)
{
	ret_chain->count = 0;
	ret_chain->last = NULL;
	while (text != NULL && mk_spec_is_text(text)) {
		struct mk_spec *spec = &ret_chain->specs[ret_chain->count];

		if (ret_chain->count == MK_CHAIN_LIMIT)
			return refuse(ret_refusal, text, "at most 8 descriptions, and a name");
		if (mk_spec_parse(text, spec, &text, ret_refusal) != 0)
			return -EINVAL;
		ret_chain->count++;
	}
	if (text == NULL)
		return 0;
	ret_chain->last = mk_kind_by_name(text);
	return ret_chain->last != NULL ? 0 : refuse(ret_refusal, text, mk_kind_allowed_names);
}

int mk_chain_write_refusal(const struct mk_spec_refusal *refusal, char *buffer, size_t size)
{
	return snprintf(buffer, size, "\"%.*s\": allowed is %s",
			(int)mk_min_size(refusal->word.length, WORD_LIMIT), refusal->word.start,
			refusal->allowed);
}
