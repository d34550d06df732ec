/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: kinds that the program makes and destroys, and the object that describes one. */
#include "kind/dynamic.h"

#include <errno.h>
#include <memkind_ng.h>

#include "api/export.h"
#include "os/file.h"

struct memkind_config {
	const char *path;
	size_t size;
	memkind_mem_usage_policy policy;
};

static int create_pmem(const char *dir, size_t max_size, bool is_conservative, memkind_t *kind)
{
	if (kind == NULL || dir == NULL || (max_size != 0 && max_size < MEMKIND_PMEM_MIN_SIZE))
		return MEMKIND_ERROR_INVALID;
	return mk_dynamic_create_pmem(dir, max_size == 0 ? SIZE_MAX : max_size, is_conservative,
				      kind);
}

MK_EXPORT int memkind_create_pmem(const char *dir, size_t max_size, memkind_t *kind)
{
	return create_pmem(dir, max_size, false, kind);
}

MK_EXPORT int memkind_create_pmem_with_config(struct memkind_config *cfg, memkind_t *kind)
{
	/* The caller may have stored any number. */
	if (cfg == NULL || (unsigned)cfg->policy >= MEMKIND_MEM_USAGE_POLICY_MAX_VALUE)
		return MEMKIND_ERROR_INVALID;
	return create_pmem(cfg->path, cfg->size,
			   cfg->policy == MEMKIND_MEM_USAGE_POLICY_CONSERVATIVE, kind);
}

MK_EXPORT int memkind_create_fixed(void *addr, size_t size, memkind_t *kind)
{
	if (kind == NULL)
		return MEMKIND_ERROR_INVALID;
	return mk_dynamic_create_fixed(addr, size, kind);
}

MK_EXPORT int memkind_destroy_kind(memkind_t kind)
{
	return mk_dynamic_destroy(kind);
}

MK_EXPORT int memkind_ng_copy_at_fork(memkind_t kind)
{
	return mk_dynamic_copy_at_fork(kind);
}

MK_EXPORT int memkind_check_dax_path(const char *dir)
{
	struct mk_file file;
	int error;

	if (dir == NULL)
		return MEMKIND_ERROR_INVALID;
	error = mk_file_create(dir[0] == '\0' ? "/" : dir, &file);
	if (error != 0) {
		errno = -error;
		return MEMKIND_ERROR_RUNTIME;
	}
	error = mk_file_is_dax(&file);
	mk_file_close(&file);
	if (error == 0)
		return MEMKIND_SUCCESS;
	errno = -error;
	return MEMKIND_ERROR_MMAP;
}

/* The library has no other malloc than its own. */
MK_EXPORT struct memkind_config *memkind_config_new(void)
{
	return memkind_calloc(&mk_kinds[MK_KIND_DEFAULT], 1, sizeof(struct memkind_config));
}

MK_EXPORT void memkind_config_delete(struct memkind_config *cfg)
{
	memkind_free(NULL, cfg);
}

MK_EXPORT void memkind_config_set_path(struct memkind_config *cfg, const char *pmem_dir)
{
	if (cfg != NULL)
		cfg->path = pmem_dir;
}

MK_EXPORT void memkind_config_set_size(struct memkind_config *cfg, size_t pmem_size)
{
	if (cfg != NULL)
		cfg->size = pmem_size;
}

MK_EXPORT void memkind_config_set_memory_usage_policy(struct memkind_config *cfg,
						      memkind_mem_usage_policy policy)
{
	if (cfg != NULL)
		cfg->policy = policy;
}
