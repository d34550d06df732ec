/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects of the process, programs and shared libraries, that somebody has named. */
#include "preload/objects.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>

#include "os/process.h"

/* Absent before glibc 2.35. */
#pragma weak _dl_find_object

/* Constant once the objects are named. */
static const char *listed;
static bool has_program; /* of which the loader has no name */

const struct link_map *mk_object_of(const void *address)
{
	struct dl_find_object found;
	struct link_map *map = NULL;
	Dl_info info;

	if (_dl_find_object != NULL)
		return _dl_find_object((void *)address, &found) == 0 ? found.dlfo_link_map : NULL;
	return dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 ? map : NULL;
}

/* NULL: the object has none. */
static const char *soname_of(const struct link_map *map)
{
	const char *strings = NULL;
	const ElfW(Dyn) *soname = NULL;

	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_STRTAB)
			strings = (const char *)entry->d_un.d_ptr;
		if (entry->d_tag == DT_SONAME)
			soname = entry;
	}
	return soname == NULL || strings == NULL ? NULL : strings + soname->d_un.d_val;
}

static bool is_listed(const char *name)
{
	size_t length = strlen(name);

	for (const char *item = listed; item != NULL; item = strchr(item, ':')) {
		item += *item == ':';
		if (strncmp(item, name, length) == 0 &&
		    (item[length] == ':' || item[length] == '\0'))
			return true;
	}
	return false;
}

/* By its path, or the last part of it. */
static bool is_path_listed(const char *path)
{
	const char *slash = strrchr(path, '/');

	return is_listed(path) || (slash != NULL && is_listed(slash + 1));
}

bool mk_objects_name(const char *names)
{
	size_t length = strlen(names);
	char path[PATH_MAX];

	if (length == 0 || names[0] == ':' || names[length - 1] == ':' ||
	    strstr(names, "::") != NULL)
		return false;
	listed = names;
	has_program = mk_process_path(path, sizeof(path)) == 0 && is_path_listed(path);
	return true;
}

bool mk_objects_have(const void *address)
{
	const struct link_map *map = mk_object_of(address);
	const char *soname;

	if (map == NULL)
		return false;
	if (map->l_name[0] == '\0')
		return has_program;
	soname = soname_of(map);
	return (soname != NULL && is_listed(soname)) || is_path_listed(map->l_name);
}
