/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: kinds by description. */
#include <memkind_ng.h>
#include <stdio.h>
#include <string.h>

#include "api/export.h"
#include "base/log.h"
#include "kind/dynamic.h"
#include "kind/spec.h"

enum { WORD_LIMIT = 64 };

#define REFUSED "\"%.*s\" refused: allowed is %s"

/* What is said where a description is refused. */
struct answer {
	char *text;
	size_t size;
};

static int refuse(const struct answer *answer, const struct mk_spec_refusal *refusal)
{
	int length = (int)mk_min_size(refusal->word.length, WORD_LIMIT);

	snprintf(answer->text, answer->size, REFUSED, length, refusal->word.start,
		 refusal->allowed);
	mk_log_error(REFUSED, length, refusal->word.start, refusal->allowed);
	return MEMKIND_ERROR_INVALID;
}

static int refuse_text(const struct answer *answer, const char *text, const char *allowed)
{
	struct mk_spec_refusal refusal = {{text, strlen(text)}, allowed};

	return refuse(answer, &refusal);
}

MK_EXPORT int memkind_ng_create(const struct memkind_ng_spec *spec, memkind_t *kind)
{
	const struct answer nobody = {NULL, 0};
	struct mk_spec_refusal refusal;
	struct mk_spec parsed;
	memkind_t then = NULL;

	if (spec == NULL || kind == NULL)
		return MEMKIND_ERROR_INVALID;
	if (mk_spec_read(spec, &parsed, &refusal) != 0)
		return refuse(&nobody, &refusal);
	if (spec->size >= offsetof(struct memkind_ng_spec, then) + sizeof(spec->then))
		then = spec->then;
	return mk_dynamic_create_described(&parsed, 1, then, kind);
}

/* Each kind of a text, and the static one it may end with. */
struct chain {
	struct mk_spec specs[MK_CHAIN_LIMIT];
	size_t count;
	struct memkind *last;
};

static int parse_chain(const char *text, struct chain *chain, const struct answer *answer)
{
	chain->count = 0;
	chain->last = NULL;
	while (text != NULL && mk_spec_is_text(text)) {
		struct mk_spec *spec = &chain->specs[chain->count];
		struct mk_spec_refusal refusal;

		if (chain->count == MK_CHAIN_LIMIT)
			return refuse_text(answer, text, "at most 8 descriptions, and a name");
		if (mk_spec_parse(text, spec, &text, &refusal) != 0)
			return refuse(answer, &refusal);
		chain->count++;
	}
	if (text != NULL)
		chain->last = mk_kind_by_name(text);
	if (text != NULL && chain->last == NULL)
		return refuse_text(answer, text, mk_kind_allowed_names);
	return 0;
}

MK_EXPORT int memkind_ng_create_from(const char *text, memkind_t *kind, char *error, size_t size)
{
	const struct answer answer = {error, size};
	struct chain chain;
	int code;

	if (text == NULL || kind == NULL || (error == NULL && size != 0))
		return MEMKIND_ERROR_INVALID;
	code = parse_chain(text, &chain, &answer);
	if (code != 0)
		return code;
	if (chain.count == 0) {
		*kind = chain.last;
		return MEMKIND_SUCCESS;
	}
	code = mk_dynamic_create_described(chain.specs, chain.count, chain.last, kind);
	if (code != 0)
		memkind_error_message(code, error, size);
	return code;
}
