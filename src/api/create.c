/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: kinds by description. */
#include <memkind_ng.h>

#include "api/export.h"
#include "base/log.h"
#include "kind/chain.h"
#include "kind/dynamic.h"

enum { LINE_SIZE = 2048 };

static int refuse(const struct mk_spec_refusal *refusal, char *error, size_t size)
{
	char line[LINE_SIZE];

	mk_chain_write_refusal(refusal, error, size);
	mk_chain_write_refusal(refusal, line, sizeof(line));
	mk_log_error("no such kind: %s", line);
	return MEMKIND_ERROR_INVALID;
}

MK_EXPORT int memkind_ng_create(const struct memkind_ng_spec *spec, memkind_t *kind)
{
	struct mk_spec_refusal refusal;
	struct mk_spec parsed;
	memkind_t then;

	if (spec == NULL || kind == NULL)
		return MEMKIND_ERROR_INVALID;
	if (mk_spec_read(spec, &parsed, &then, &refusal) != 0)
		return refuse(&refusal, NULL, 0);
	return mk_dynamic_create_described(&parsed, 1, then, kind);
}

MK_EXPORT int memkind_ng_create_from(const char *text, memkind_t *kind, char *error, size_t size)
{
	struct mk_spec_refusal refusal;
	struct mk_chain chain;
	int code;

	if (text == NULL || kind == NULL || (error == NULL && size != 0))
		return MEMKIND_ERROR_INVALID;
	if (mk_chain_parse(text, &chain, &refusal) != 0)
		return refuse(&refusal, error, size);
	if (chain.count == 0) {
		*kind = chain.last;
		return MEMKIND_SUCCESS;
	}
	code = mk_dynamic_create_described(chain.specs, chain.count, chain.last, kind);
	if (code != 0)
		memkind_error_message(code, error, size);
	return code;
}

MK_EXPORT memkind_t memkind_ng_get_then(memkind_t kind)
{
	return mk_dynamic_is_kind(kind) ? kind->then : NULL;
}
